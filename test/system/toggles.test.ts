/** The five toggles of the README, on the demo fleet, as its user makes them: by editing a file. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEMO_FLEET, DaemonProcess } from "../support/daemon-process.ts";
import { parseExposition, samplesNamed, type ParsedSample } from "../support/exposition.ts";

const WINDOW_MS = 4000;

let daemon: DaemonProcess;
beforeAll(async () => {
  daemon = new DaemonProcess(DEMO_FLEET);
  await daemon.url();
  await pause(1500);
});
afterAll(() => daemon.remove());

const file = (): string => join(daemon.configDir, "toggle.yaml");
const override = (match: string, set: string): void =>
  writeFileSync(file(), `overrides:\n  - { match: ${match}, set: ${set}, reason: "a toggle" }\n`);

/** Takes the toggle back and lets the fleet settle. */
async function restore(): Promise<void> {
  rmSync(file(), { force: true });
  await pause(1000);
}

const scrape = async (host: string): Promise<ParsedSample[]> => parseExposition(await daemon.text(`/hosts/${host}/metrics`));

/** What a host's counters grew by in a window. */
class Growth {
  readonly #before: ReadonlyMap<string, number>;
  readonly #after: readonly ParsedSample[];

  constructor(before: readonly ParsedSample[], after: readonly ParsedSample[]) {
    this.#before = new Map(before.map((sample) => [key(sample), Number(sample.value)]));
    this.#after = after;
  }

  /** Sum over the series of a name that have these labels. */
  of(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return samplesNamed(this.#after, name)
      .filter((one) => Object.entries(labels).every(([label, value]) => one.labels[label] === value))
      .reduce((sum, one) => sum + Number(one.value) - (this.#before.get(key(one)) ?? 0), 0);
  }

  exits(reason: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.of("kvm_exits_total", { reason, ...labels });
  }

  /** Mean cycles of the exits of a reason. */
  meanCycles(reason: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.of("kvm_exit_cycles_sum", { reason, ...labels }) / this.of("kvm_exit_cycles_count", { reason, ...labels });
  }

  /** Per emulated second, so that a slow machine does not matter. */
  perSecond(count: number): number {
    return count / this.of("kvm_host_emulated_seconds_total");
  }

  get timerCycles(): number {
    return this.of("kvm_timer_expirations_total");
  }
}

const key = ({ name, labels }: ParsedSample): string => `${name}${JSON.stringify(labels)}`;

async function growthOf(host: string): Promise<Growth> {
  const before = await scrape(host);
  await pause(WINDOW_MS);
  return new Growth(before, await scrape(host));
}

const explain = async (host: string): Promise<string> => daemon.text(`/api/v1/hosts/${host}/explain`);
const DEADLINE = { msr: "tsc_deadline" };

describe("turning two fastpaths off on the public Skylake hosts", () => {
  it("moves their exits to the kernel path, keeps their number, and makes each dearer by hundreds of cycles", async () => {
    const host = "public-skx-c84-001";
    // The automatic advance waits for the deadline inside the exit, and so hides what an expiry costs.
    const noAdvance = "kvm: { lapic_timer_advance: off }";
    override('{ group: "public-skx-*" }', `{ ${noAdvance} }`);
    await pause(1000);
    const before = await growthOf(host);
    override('{ group: "public-skx-*" }', `{ ${noAdvance}, fastpath: { tsc_deadline: off, preemption_timer: off } }`);
    await pause(1000);
    const enabled = samplesNamed(await scrape(host), "kvm_fastpath_enabled").filter(({ value }) => value === "1");
    expect(enabled.map(({ labels }) => labels["fastpath"])).toEqual(["icr"]);
    const after = await growthOf(host);
    await restore();
    for (const [reason, labels] of [
      ["MSR_WRITE", DEADLINE],
      ["PREEMPTION_TIMER", {}],
    ] as const) {
      expect(before.exits(reason, { ...labels, path: "kernel" })).toBe(0);
      expect(after.exits(reason, { ...labels, path: "fastpath" })).toBe(0);
      const rise = after.meanCycles(reason, { ...labels, path: "kernel" }) - before.meanCycles(reason, { ...labels, path: "fastpath" });
      expect(rise).toBeGreaterThan(300);
      expect(rise).toBeLessThan(1500);
    }
    const ratio = (growth: Growth, count: number): number => count / growth.timerCycles;
    expect(ratio(after, after.exits("MSR_WRITE", DEADLINE)) / ratio(before, before.exits("MSR_WRITE", DEADLINE))).toBeCloseTo(1, 1);
    for (const growth of [before, after]) {
      expect(growth.exits("PREEMPTION_TIMER")).toBe(growth.of("kvm_timer_expirations_total", { delivery: "preemption_timer" }));
    }
  });
});

describe("cpu-pm with nohz_full on the enterprise host", () => {
  it("removes the expiry exits: one exit less per timer cycle", async () => {
    // A timer cycle of a busy vCPU is a write and an expiry; one that sleeps writes several times, and halts.
    const perCycle = (growth: Growth): number =>
      (growth.exits("MSR_WRITE", DEADLINE) + growth.exits("PREEMPTION_TIMER") + growth.exits("HLT")) / growth.timerCycles;
    const before = await growthOf("enterprise-c84-001");
    override("{ group: enterprise-c84 }", "{ cpu_pm: true, cmdline: { nohz_full: true } }");
    await pause(1000);
    const after = await growthOf("enterprise-c84-001");
    await restore();
    expect(perCycle(before)).toBeGreaterThan(1.9);
    expect(perCycle(before) - perCycle(after)).toBeGreaterThan(0.8);
    expect(perCycle(before) - perCycle(after)).toBeLessThan(1.2);
    expect(after.exits("PREEMPTION_TIMER")).toBe(0);
    expect(after.of("kvm_timer_expirations_total", { delivery: "posted" })).toBeGreaterThan(0.95 * after.timerCycles);
  });
});

describe("the unfixed DPDK host beside the fixed one", () => {
  it("misses for want of an hv timer, takes interrupts instead of preemption timers, and pays more per timer cycle", async () => {
    const [unfixed, fixed] = await Promise.all([growthOf("dpdk-unfixed-001"), growthOf("dpdk-fixed-001")]);
    const noHvTimer = { fastpath: "tsc_deadline", cause: "no_hv_timer" };
    const deadlines = unfixed.exits("MSR_WRITE", DEADLINE);
    expect(unfixed.of("kvm_fastpath_misses_total", noHvTimer)).toBe(deadlines);
    expect(unfixed.exits("PREEMPTION_TIMER")).toBe(0);
    expect(fixed.exits("PREEMPTION_TIMER")).toBeGreaterThan(0);
    expect(unfixed.perSecond(unfixed.exits("EXTERNAL_INTERRUPT"))).toBeGreaterThan(
      1.3 * fixed.perSecond(fixed.exits("EXTERNAL_INTERRUPT")),
    );
    const cost = (growth: Growth): number =>
      (growth.of("kvm_exit_cycles_sum", { reason: "MSR_WRITE", ...DEADLINE }) +
        growth.of("kvm_exit_cycles_sum", { reason: "PREEMPTION_TIMER" }) +
        growth.of("kvm_exit_cycles_sum", { reason: "EXTERNAL_INTERRUPT" })) /
      growth.timerCycles;
    expect(cost(unfixed)).toBeGreaterThan(cost(fixed) + 300);
    expect(await explain("dpdk-unfixed-001")).toMatch(/kvm_can_use_hv_timer\(\) is false; the kernel lacks 1714a4eb6fb0/);
    expect(await explain("dpdk-fixed-001")).toMatch(/neither mwait_in_guest nor hlt_in_guest, which 1714a4eb6fb0 asks for/);
  });
});

describe("TAA", () => {
  it("costs a Cascade Lake host with TSX and old microcode a VERW per entry, which `taa: off` takes away", async () => {
    const verw = (growth: Growth): number => growth.of("kvm_exit_cycles_by_component_total", { component: "verw" });
    const before = await growthOf("public-clx-c84-001");
    override("{ group: public-clx-c84 }", "{ mitigations: { taa: off } }");
    await pause(1000);
    const after = await growthOf("public-clx-c84-001");
    await restore();
    expect(verw(before)).toBeGreaterThan(0);
    // A sleeper's exit ends with the costs that it began with.
    expect(verw(after)).toBeLessThan(verw(before) / 100);
    expect(await explain("public-clx-c84-001")).toContain("Vulnerable: Clear CPU buffers attempted, no microcode");
  });

  it("costs a Skylake on c84 nothing, with and without: the L1D flush key keeps VERW from running before entries", async () => {
    // What is left is MDS' VERW before QEMU, once in thousands of exits.
    const perExit = (growth: Growth): number =>
      growth.of("kvm_exit_cycles_by_component_total", { component: "verw" }) / growth.of("kvm_exits_total");
    expect(perExit(await growthOf("public-skx-c84-001"))).toBeLessThan(2);
    override("{ group: public-skx-c84 }", "{ mitigations: { taa: off } }");
    await pause(1000);
    expect(perExit(await growthOf("public-skx-c84-001"))).toBeLessThan(2);
    expect(await explain("public-skx-c84-001")).toMatch(/vmx_l1d_should_flush is on/);
    await restore();
  });
});

describe("a broken file", () => {
  it("changes nothing and says where and why", async () => {
    const generation = async (): Promise<string[]> =>
      samplesNamed(parseExposition(await daemon.text("/metrics?collect[]=fleet")), "kvm_config_generation").map(({ value }) => value);
    const before = await generation();
    writeFileSync(file(), "overrides:\n  - { match: { group: public-skx-c84 }, set: { kernal: c82 } }\n");
    const line = await daemon.logged(/toggle\.yaml:2:\d+: overrides\[0\]\.set\.kernal/);
    expect(line).toMatchObject({ level: "error" });
    expect(line.msg).toContain('did you mean "kernel"');
    await pause(500);
    expect(await generation()).toEqual(before);
    await restore();
  });
});
