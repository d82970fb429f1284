/**
 * What perf's tracepoints see of an exit, era by era: each row plays a script and looks at the
 * events that `perf kvm stat` would count. Figures are cycles without perf's
 * own recording and without noise.
 */
import { describe, expect, it, test } from "vitest";
import { EXTRAS } from "../../src/cost/paths.ts";
import { OP } from "../../src/guest/program.ts";
import type { Line } from "../../src/guest/script.ts";
import type { Vendor } from "../../src/hw/cpu-model.ts";
import { cellOf, EXIT_KINDS, type ExitKind } from "../../src/kvm/exit-kinds.ts";
import { kernelOf } from "../../src/kvm/kernel-choice.ts";
import type { KernelTraits } from "../../src/kvm/kernel.ts";
import type { KernelName } from "../../src/kvm/kernels.ts";
import { PerfWindow, UNSEEN } from "../../src/kvm/perf-window.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import type { Vcpu } from "../../src/kvm/vcpu.ts";
import { hostSpec, type HostOverrides } from "../support/host-spec.ts";
import { play, type Scripted } from "../support/scripted-host.ts";

interface Event {
  readonly name: string;
  readonly cycles: number;
  /** The whole exit, from the guest's last instruction to its next. */
  readonly wall: number;
  readonly vcpu: number;
}

/** Every exit of the scripts, with what perf makes of it. */
function events(scripted: Scripted): Event[] {
  const seen: Event[] = [];
  const { traits, cpu } = resolveHost(hostSpec({ cpus: 8, ...scripted.host }));
  const window = new PerfWindow({ ...traits, ...scripted.traits }, cpu.vendor, cpu.cycles.softwareScale.value);
  play({
    ...scripted,
    onExit: (vcpu, kind, _total, end) => {
      const { reason, msr } = cellOf(kind, cpu.vendor);
      const cycles = window.duration(vcpu, kind, end);
      const own = cycles === UNSEEN ? UNSEEN : cycles - EXTRAS.perfRecord.value - vcpu.noise;
      seen.push({ name: msr === "" ? reason : `${reason}(${msr})`, cycles: own, wall: end - vcpu.exitedAt, vcpu: vcpu.index });
    },
  });
  return seen;
}

const counted = (all: readonly Event[]): string[] => all.filter(({ cycles }) => cycles !== UNSEEN).map(({ name }) => name);
/** The one event of a name, in cycles. */
function cyclesSeen(scripted: Scripted, name: string): number {
  const found = events(scripted).filter((event) => event.name === name);
  expect(found.map((event) => event.cycles === UNSEEN)).toEqual([false]);
  return found[0]!.cycles;
}

const cpuid: Line = { compute: 1000, op: OP.cpuid };
const arm = (after: number): Line => ({ compute: 1000, op: OP.tscDeadline, after });
const ipi: Line = { compute: 50_000, op: OP.ipi, operand: 1 };
const spin: Line = { compute: 20_000_000, op: OP.cpuid };
const halt: Line = { compute: 500, op: OP.halt };
const [ARM, EXPIRE, CPUID, ICR] = ["MSR_WRITE(tsc_deadline)", "PREEMPTION_TIMER", "CPUID", "MSR_WRITE(icr)"];

/** Arms a timer, computes until it expires, then an exit that is never a fastpath. */
const timerCycle = [arm(200_000), { compute: 400_000, op: OP.cpuid }];
const onKernel = (kernel: KernelName, scripts: readonly (readonly Line[])[], more: Omit<Scripted, "scripts"> = {}): Scripted => ({
  ...more,
  host: { kernel, kvm: { lapic_timer_advance: "off" }, ...more.host },
  scripts,
});

describe("a timer cycle and a CPUID are counted as", () => {
  it.each<[KernelName, readonly (string | undefined)[]]>([
    ["rhel-8.1", [ARM, EXPIRE, CPUID]],
    ["linux-5.4", [ARM, EXPIRE, CPUID]],
    ["linux-5.7", [ARM, EXPIRE, CPUID]],
    // Re-entered by the loop inside vmx_vcpu_run, which traces no kvm_entry.
    ["rhel-8.3", [CPUID]],
    ["linux-5.8", [CPUID]],
    ["linux-5.10", [CPUID]],
    ["linux-5.15", [ARM, EXPIRE, CPUID]],
    ["linux-6.18", [ARM, EXPIRE, CPUID]],
  ])("%s: %j", (kernel, expected) => {
    expect(counted(events(onKernel(kernel, [timerCycle])))).toEqual(expected);
  });

  it("on 5.8 with the fastpaths turned off: all three", () => {
    const host = { fastpath: { tsc_deadline: "off", preemption_timer: "off" } } as const;
    expect(counted(events(onKernel("linux-5.8", [timerCycle], { host })))).toEqual([ARM, EXPIRE, CPUID]);
  });

  it("on 5.8 without APICv: the expiry, which leaves the inner loop, too", () => {
    const host = { kvm: { enable_apicv: "off", lapic_timer_advance: "off" } } as const;
    expect(counted(events(onKernel("linux-5.8", [timerCycle], { host })))).toEqual([EXPIRE, "MSR_WRITE(eoi)", CPUID]);
  });
});

describe("an IPI's window", () => {
  const [send, target] = [[ipi], [spin]];
  const icr = (kernel: KernelName, host: HostOverrides = {}): number => cyclesSeen(onKernel(kernel, [send, target], { host }), ICR);

  it("holds the delivery, but not on 5.5 to 5.7, whose fastpath runs before kvm_exit", () => {
    expect(icr("linux-5.4")).toBeGreaterThan(1000);
    expect(icr("linux-5.5")).toBeLessThan(300);
    expect(icr("linux-5.7")).toBe(icr("linux-5.5"));
    expect(icr("linux-5.8")).toBeGreaterThan(icr("linux-5.5") + 360);
  });

  it("does not hold the waking of a sleeper on 5.5 to 5.7 either", () => {
    const host = { kvm: { halt_poll: "off" }, mitigations: { all: "off" } } as const;
    const sleeping = [halt];
    const woken = (kernel: KernelName): number => cyclesSeen(onKernel(kernel, [[{ ...ipi, compute: 1_000_000 }], sleeping], { host }), ICR);
    expect(woken("linux-5.5")).toBe(icr("linux-5.5", host));
    expect(woken("linux-5.4") - icr("linux-5.4", host)).toBe(EXTRAS.wakeSwait.value + EXTRAS.wakeRemote.value);
  });
});

describe("the window of a CPUID", () => {
  const of = (host: Scripted["host"], guest: Scripted["guest"] = {}): number =>
    cyclesSeen({ host: { kernel: "linux-5.15", ...host }, guest, scripts: [[cpuid]] }, CPUID);

  it("ends at kvm_entry: what vmx_vcpu_run does before the guest is outside", () => {
    const plain = of({}, { vpmu: false, pku: false });
    expect(of({}, { vpmu: true, pku: true })).toBe(plain);
    expect(of({ kvm: { preemption_timer: "off" } }, { vpmu: false, pku: false })).toBe(plain);
    expect(of({ mitigations: { l1tf: "always" } }, { vpmu: false, pku: false })).toBe(plain);
    expect(of({ mitigations: { l1tf: "off", mds: "off", taa: "off" } }, { vpmu: false, pku: false })).toBe(plain);
  });

  it("begins after SPEC_CTRL was read and restored", () => {
    expect(of({ mitigations: { spec_ctrl_toggle: "on" } })).toBe(of({ mitigations: { spec_ctrl_toggle: "off" } }));
  });

  it("holds the sync of posted interrupts", () => {
    expect(of({})).toBeGreaterThan(of({ kvm: { enable_apicv: "off" } }));
  });

  it("is the same for every kernel that traces right after the exit, and shorter before", () => {
    const kernel = (name: KernelName): number => of({ kernel: name, mitigations: { all: "off" } });
    expect(kernel("linux-5.8")).toBe(kernel("linux-5.15"));
    expect(kernel("linux-5.7")).toBeLessThan(kernel("linux-5.8"));
    expect(kernel("linux-4.18")).toBe(kernel("linux-5.7"));
  });
});

test("the wait for the deadline of a timer fired early comes after kvm_entry", () => {
  const early = (ns: number): Event[] => events(onKernel("linux-5.15", [timerCycle], { host: { kvm: { lapic_timer_advance: ns } } }));
  const expiry = (ns: number): Event => early(ns).find(({ name }) => name === EXPIRE) as Event;
  expect(expiry(4000).wall).toBeGreaterThan(expiry(0).wall + 5000);
  expect(expiry(4000).cycles).toBe(expiry(0).cycles);
});

describe("an EXTERNAL_INTERRUPT", () => {
  // The host's own tick, after 4 ms.
  const tick = (kernel: KernelName): Event =>
    events(onKernel(kernel, [[spin]], { ms: 5 })).find(({ name }) => name === "EXTERNAL_INTERRUPT") as Event;

  it("holds the host's handler from 5.8 on", () => {
    expect(tick("linux-5.8").cycles).toBeGreaterThan(EXTRAS.hostTick.value);
  });

  it("does not before: handle_exit_irqoff has run it", () => {
    expect(tick("linux-5.7").wall).toBeGreaterThan(EXTRAS.hostTick.value);
    expect(tick("linux-5.7").cycles).toBeLessThan(500);
  });
});

test("a HLT lasts until the vCPU has been woken", () => {
  const halting = [arm(2_000_000), halt, cpuid];
  const [all] = [events(onKernel("linux-5.8", [halting]))];
  const hlt = all.find(({ name }) => name === "HLT") as Event;
  expect(hlt.cycles).toBeGreaterThan(1_900_000);
  expect(hlt.cycles).toBeLessThan(hlt.wall);
});

describe("on SVM", () => {
  const traits = (kernel: KernelName): KernelTraits => kernelOf(kernel).traits;
  const vcpu = (() => {
    let last: Vcpu | undefined;
    play({ scripts: [[cpuid]], onExit: (one) => (last = one) });
    return last as Vcpu;
  })();
  const seen = (own: KernelTraits, vendor: Vendor, kind: ExitKind): boolean => {
    const { cost } = vcpu;
    vcpu.cost = vcpu.costs[0] ?? null;
    const cycles = new PerfWindow(own, vendor, 1).duration(vcpu, kind, vcpu.exitedAt + 100_000);
    vcpu.cost = cost;
    return cycles !== UNSEEN;
  };

  it("a fastpath that re-enters has no kvm_exit before 791a089861fc", () => {
    const reenter = EXIT_KINDS.icrReenter;
    expect(seen({ ...traits("linux-6.12"), svmTracesFastpaths: false }, "amd", reenter)).toBe(false);
    expect(seen(traits("linux-6.12"), "amd", reenter)).toBe(true);
    expect(seen({ ...traits("linux-6.12"), svmTracesFastpaths: false }, "intel", reenter)).toBe(true);
  });

  it("one that only skips the handler has", () => {
    expect(seen(traits("linux-5.10"), "amd", EXIT_KINDS.icrHandled)).toBe(true);
  });
});
