import { describe, expect, test } from "vitest";
import type { HostSpec } from "../../src/kvm/host-spec.ts";
import type { KernelChoice } from "../../src/kvm/kernel-choice.ts";
import { SpecError } from "../../src/kvm/resolved.ts";
import { UNIT_TEST_NAMES, type UnitTestName } from "../../src/kvm/unit-tests.ts";
import { runUnitTest, type TestResult } from "../../src/kvm/vmexit.ts";
import { hostSpec, type HostOverrides } from "../support/host-spec.ts";

/** Upstream 5.8 on an isolated Skylake CPU, timer advance off: as the fastpaths' cover letters measured. */
const spec = (overrides: HostOverrides = {}): HostSpec =>
  hostSpec({ kernel: "linux-5.8", kvm: { lapic_timer_advance: "off" }, guests: { test: {} }, ...overrides });
const run = (name: UnitTestName, overrides: HostOverrides = {}): TestResult => runUnitTest(spec(overrides), name, 1);
const SLOW = { fastpath: { tsc_deadline: "off", preemption_timer: "off", icr: "off" } } as const;

/** Exits of at least one in a hundred iterations, rounded. */
const exits = (result: TestResult): string[] =>
  result.exits
    .filter(({ per_iteration }) => per_iteration >= 0.01)
    .map(({ reason, msr, path, per_iteration }) => `${Math.round(per_iteration)} ${reason}${msr && `(${msr})`} ${path}`);

describe("one iteration", () => {
  test.each([
    ["cpuid", ["1 CPUID kernel"]],
    ["vmcall", ["1 VMCALL kernel"]],
    ["pio", ["1 IO_INSTRUCTION userspace"]],
    ["mmio", ["1 EPT_MISCONFIG userspace"]],
    ["wrmsr_tscdeadline_far", ["1 MSR_WRITE(tsc_deadline) fastpath"]],
    ["tscdeadline_immed", ["1 MSR_WRITE(tsc_deadline) fastpath"]],
    ["tscdeadline", ["1 MSR_WRITE(tsc_deadline) fastpath", "1 PREEMPTION_TIMER fastpath"]],
    ["ipi", ["1 MSR_WRITE(icr) fastpath", "1 HLT kernel"]],
    ["ipi_spin", ["1 MSR_WRITE(icr) fastpath"]],
    ["self_ipi", []],
  ] as const)("of %s exits %j", (name, expected) => {
    expect(exits(run(name))).toEqual(expected);
  });
});

test("a bare kernel halts in C1, also where MWAIT and its deeper states do not exit", () => {
  const halting = (cstates: "c1" | "c6"): number => run("tscdeadline_latency", { cpu: "icelake-sp", cpu_pm: true, cstates }).p50;
  expect(halting("c6")).toBe(halting("c1"));
});

describe("one iteration on an EPYC", () => {
  const WITHOUT_AVIC = { cpu: "epyc-rome", kernel: "linux-5.8" } as const;
  const X2AVIC = { cpu: "epyc-genoa", kernel: "linux-6.18" } as const;
  test.each([
    ["cpuid", ["1 cpuid kernel"], ["1 cpuid kernel"]],
    ["vmcall", ["1 hypercall kernel"], ["1 hypercall kernel"]],
    ["pio", ["1 io userspace"], ["1 io userspace"]],
    ["mmio", ["1 npf userspace"], ["1 npf userspace"]],
    ["wrmsr_tscdeadline_far", ["1 msr(tsc_deadline) kernel"], ["1 msr(tsc_deadline) fastpath"]],
    ["tscdeadline_immed", ["1 msr(tsc_deadline) kernel", "1 msr(eoi) kernel"], ["1 msr(tsc_deadline) fastpath"]],
    ["ipi_spin", ["1 msr(icr) fastpath", "1 msr(eoi) kernel", "1 vintr kernel"], []],
    ["self_ipi", ["1 msr(eoi) kernel", "1 msr(other) kernel"], ["1 msr(other) kernel"]],
  ] as const)("of %s exits %j, and with x2AVIC %j", (name, without, x2avic) => {
    expect(exits(run(name, WITHOUT_AVIC))).toEqual(without);
    expect(exits(run(name, X2AVIC))).toEqual(x2avic);
  });

  test("faults twice a unicast IPI of an xAPIC, once a broadcast by shorthand, and never with AVIC", () => {
    const guests = { test: { apic: "xapic" } } as const;
    expect(exits(run("ipi_spin", { ...WITHOUT_AVIC, guests }))).toContain("3 npf kernel");
    expect(
      exits(run("ipi_spin", { cpu: "epyc-milan", kernel: "linux-6.6", guests, kvm: { avic: "on", lapic_timer_advance: "off" } })),
    ).toEqual([]);
  });
});

test("a core that sleeps by its guest's own HLT leaves its C-state before the exit, which the timer's advance hides", () => {
  const p50 = (name: UnitTestName, lapic_timer_advance: "off" | "auto"): number =>
    run(name, { cpu: "epyc-rome", kernel: "linux-5.8", kvm: { lapic_timer_advance }, guests: { test: { disable_exits: ["hlt"] } } }).p50;
  const c1Cycles = 1000 * 2.5;
  expect(p50("tscdeadline_latency", "off") - p50("tscdeadline_latency_busy", "off")).toBe(c1Cycles);
  expect(Math.abs(p50("tscdeadline_latency", "auto") - p50("tscdeadline_latency_busy", "auto"))).toBeLessThan(c1Cycles / 10);
});

describe("a fastpath", () => {
  test.each(["tscdeadline_immed", "tscdeadline", "ipi", "ipi_spin"] as const)("saves hundreds of cycles of %s, and no exit", (name) => {
    const [fast, slow] = [run(name), run(name, SLOW)];
    expect(slow.mean - fast.mean).toBeGreaterThan(200);
    expect(slow.mean - fast.mean).toBeLessThan(1200);
    const count = (result: TestResult): number => Math.round(result.exits.reduce((sum, { per_iteration }) => sum + per_iteration, 0));
    expect(count(fast)).toBe(count(slow));
  });

  test("saves nothing of a VMCALL", () => {
    expect(run("vmcall", SLOW).mean).toBe(run("vmcall").mean);
  });
});

describe("the body of an exit's cycles", () => {
  test("is near-constant on an isolated CPU, with a few slow ones", () => {
    const { p50, p90, p999 } = run("vmcall", { cmdline: { nohz_full: "2-63", isolcpus: false, idle: "default" } });
    expect(p90 / p50).toBeLessThan(1.01);
    expect(p999 / p50).toBeGreaterThan(1.02);
    expect(p999 / p50).toBeLessThan(1.2);
  });

  test("is the same for the same seed, and another for another", () => {
    expect(runUnitTest(spec(), "cpuid", 3)).toEqual(runUnitTest(spec(), "cpuid", 3));
    expect(runUnitTest(spec(), "cpuid", 3).mean).not.toBe(runUnitTest(spec(), "cpuid", 4).mean);
  });
});

test("the automatic timer advance hides most of what the handler is late by", () => {
  const auto = { kvm: { lapic_timer_advance: "auto" } } as const;
  expect(run("tscdeadline_latency_busy", auto).p50).toBeLessThan(run("tscdeadline_latency_busy").p50);
});

describe("an advance that adapts, on kernels whose re-entry waits in the run loop", () => {
  const saved = (name: UnitTestName, kernel: KernelChoice, lapic_timer_advance: "off" | "auto"): number => {
    const on = { kernel, kvm: { lapic_timer_advance } } as const;
    return run(name, { ...on, ...SLOW }).mean - run(name, on).mean;
  };
  test.each(["c82", "c84", "linux-5.8"] as const)(
    "hides most of what the fastpaths of %s save in tscdeadline, and nothing in tscdeadline_immed",
    (kernel) => {
      expect(saved("tscdeadline", kernel, "auto")).toBeLessThan(saved("tscdeadline", kernel, "off") / 2);
      expect(saved("tscdeadline_immed", kernel, "auto")).toBeCloseTo(saved("tscdeadline_immed", kernel, "off"), 0);
    },
  );
});

describe("a Linux guest's thread that sleeps until a time (cyclictest)", () => {
  const awake = { kvm: { lapic_timer_advance: "adaptive" }, cstates: "c0" } as const;
  const fast = run("cyclictest", awake);
  const slow = run("cyclictest", { ...awake, fastpath: { tsc_deadline: "off", preemption_timer: "off" } });

  test("reads the clock some microseconds late, in ns", () => {
    expect(fast.unit).toBe("ns");
    expect(fast.p50).toBeGreaterThan(2000);
    expect(fast.p50).toBeLessThan(8000);
  });

  test("wakes by an exit of HLT, and its CPU writes the deadline three or four times a wake-up: more than one of them on its way", () => {
    expect(exits(fast)).toEqual(["4 MSR_WRITE(tsc_deadline) fastpath", "1 HLT kernel"]);
    expect(exits(slow)).toEqual(["4 MSR_WRITE(tsc_deadline) kernel", "1 HLT kernel"]);
    const oneWrite = (run("tscdeadline_immed", SLOW).mean - run("tscdeadline_immed").mean) / 2.5;
    expect((slow.mean - fast.mean) / oneWrite).toBeGreaterThan(2);
  });

  test("is later by what the host's C-state takes to leave, where one is deep", () => {
    expect(run("cyclictest", { ...awake, cstates: "c6" }).p50).toBeGreaterThan(40_000);
  });
});

describe("a request and its answer between two VMs (tcp_rr)", () => {
  const rr = (halt_poll: "off" | "always" | "adaptive"): TestResult =>
    run("tcp_rr", { kvm: { lapic_timer_advance: "off", halt_poll }, cstates: "c1" });

  test("take a doorbell and a HLT on each side", () => {
    expect(exits(rr("adaptive"))).toEqual(expect.arrayContaining(["2 HLT kernel", "2 EPT_MISCONFIG kernel"]));
  });

  test("are faster when halted vCPUs poll, and adaptive polling finds out to", () => {
    const [off, always, adaptive] = [rr("off"), rr("always"), rr("adaptive")].map(({ mean }) => mean);
    expect(off! - always!).toBeGreaterThan(2 * 2000);
    expect(Math.abs(adaptive! / always! - 1)).toBeLessThan(0.01);
  });

  test("take fewer writes of the deadline with a guest kernel that restarts a timer with one write", () => {
    const writes = (kernel: "linux-5.10" | "linux-5.15"): number =>
      run("tcp_rr", { guests: { test: { kernel } } }).exits.find(({ msr }) => msr === "tsc_deadline")!.per_iteration;
    expect(writes("linux-5.10") - writes("linux-5.15")).toBeGreaterThan(1.5);
  });

  test("wait for the C-states of the CPUs that the vhost workers sleep on", () => {
    const poll = run("tcp_rr", { kvm: { halt_poll: "always" }, cmdline: { idle: "poll" } });
    expect(rr("always").mean - poll.mean).toBeGreaterThan(4 * 1500);
  });
});

test("a host without a core per vCPU is refused with the key", () => {
  expect(() => runUnitTest(spec({ cpus: 4 }), "ipi_broadcast", 1)).toThrow(SpecError);
});

test("every test ends", () => {
  for (const name of UNIT_TEST_NAMES) expect(run(name).iterations).toBeGreaterThan(0);
});
