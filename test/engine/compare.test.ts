import { describe, expect, it } from "vitest";
import { compare, compareNow, type ComparedFigure, type ComparePlan } from "../../src/fleet/compare/compare.ts";
import { comparisonView } from "../../src/fleet/compare/view.ts";
import { verdict } from "../../src/fleet/compare/wording.ts";
import { CPU_USES, VCPU_STATES } from "../../src/kvm/counters.ts";
import { StatRun } from "../../src/kvm/stat.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { type HostOverrides, hostSpec } from "../support/host-spec.ts";

const host = (before: HostOverrides, after: HostOverrides, name = "host") => ({
  name,
  before: resolveHost(hostSpec({ cpus: 8, ...before })),
  after: resolveHost(hostSpec({ cpus: 8, ...after })),
  weight: 1,
});
const plan = (before: HostOverrides, after: HostOverrides, change: Partial<ComparePlan> = {}): ComparePlan => ({
  hosts: [host(before, after)],
  seeds: [1, 2, 3],
  secondsPerSeed: 0.4,
  ...change,
});

const OFF = { fastpath: { tsc_deadline: "off", preemption_timer: "off" } } as const;
const BUSY = { guests: { web: { workload: "hackbench", vcpus: 2 } } } as const;

function find(figures: readonly ComparedFigure[], name: string, labels: Readonly<Record<string, string>> = {}): ComparedFigure {
  const found = figures.find((one) => one.name === name && JSON.stringify(one.labels) === JSON.stringify(labels));
  if (found === undefined) throw new Error(`no figure ${name} ${JSON.stringify(labels)}`);
  return found;
}

describe("a comparison", () => {
  it("of a specification with itself finds no difference in anything", () => {
    const { figures } = compareNow(plan({}, {}));
    expect(figures.length).toBeGreaterThan(50);
    for (const figure of figures) {
      expect(figure.difference, figure.name).toMatchObject({ value: 0, p: 1 });
      expect(figure.isBeyondChance).toBe(false);
    }
    expect(verdict(figures)).toBe(
      "No difference beyond noise in cores on exits, guest work, exits, cycles per exit, fastpath hit rate, timer latency (mean, p50, p99), IPI latency (mean, p50, p99).",
    );
  });

  it("of hosts without and with the timer fastpaths shows cheaper exits, as many as before", () => {
    const { figures } = compareNow(plan(OFF, {}));
    const deadline = { reason: "MSR_WRITE", msr: "tsc_deadline" };
    const cycles = find(figures, "cycles_per_exit", deadline);
    expect(cycles.isBeyondChance).toBe(true);
    expect(cycles.difference?.value).toBeLessThan(-200);
    expect(Math.abs(find(figures, "exits_per_second_per_vcpu", deadline).relative?.value ?? 1)).toBeLessThan(0.01);
    expect(find(figures, "cycles_per_exit", { ...deadline, path: "fastpath" }).difference).toBeNull();
    expect(verdict(figures)).toMatch(/^AFTER spends \d[.\d]* ± [.\d]+ % fewer cores on exits; .*fastpath hit rate \+/);
  });

  it("has the same share of C0 as stat", () => {
    const { figures } = compareNow(plan({}, { kvm: { halt_poll: "always" } }, { secondsPerSeed: 2 }));
    const c0 = find(figures, "c0_share");
    const run = new StatRun(hostSpec({ cpus: 8 }), 1, 2);
    expect(c0.before).toBeCloseTo(run.report().c0_share, 1);
    expect(c0.after).toBeGreaterThan(c0.before ?? 1);
  });

  it("of a busy guest shows that it gets more work done", () => {
    const { figures } = compareNow(plan({ ...OFF, ...BUSY, fastpath: { icr: "off" } }, BUSY, { secondsPerSeed: 0.1 }));
    const work = find(figures, "guest_work_per_second_per_vcpu");
    expect(work.relative?.value).toBeGreaterThan(0);
    expect(work.isBeyondChance).toBe(true);
  });

  it("has pairs much closer than seeds are to each other", () => {
    const { figures } = compareNow(plan({ kernel: "c82" }, { kernel: "c82", patches: ["rcuwait"] }));
    const icr = find(figures, "cycles_per_exit", { reason: "MSR_WRITE", msr: "icr" });
    expect(icr.difference?.halfWidth).toBeLessThan(Math.abs(icr.difference?.value ?? 0) / 10);
  });

  it("adds up: uses to CPUs, states to vCPUs, paths to exits", () => {
    const { figures } = compareNow(plan(OFF, {}));
    for (const arm of ["before", "after"] as const) {
      const sum = (name: string, labels: readonly Readonly<Record<string, string>>[]): number =>
        labels.reduce(
          (total, one) => total + (figures.find((f) => f.name === name && JSON.stringify(f.labels) === JSON.stringify(one))?.[arm] ?? 0),
          0,
        );
      expect(
        sum(
          "cpu_cores_per_1000_vcpus",
          CPU_USES.map((use) => ({ use })),
        ),
      ).toBeCloseTo((1000 * 8) / 4, 6);
      expect(
        sum(
          "vcpu_time_share",
          VCPU_STATES.map((state) => ({ state })),
        ),
      ).toBeCloseTo(1, 9);
      const exits = figures.filter(({ name, labels }) => name === "exits_per_second_per_vcpu" && labels["path"] !== undefined);
      expect(exits.reduce((total, one) => total + (one[arm] ?? 0), 0)).toBeCloseTo(find(figures, "exits_per_second_per_vcpu")[arm] ?? 0, 6);
    }
  });

  it("is the same again, byte for byte", () => {
    const once = JSON.stringify(comparisonView(compareNow(plan(OFF, {})), [1, 2, 3]));
    expect(JSON.stringify(comparisonView(compareNow(plan(OFF, {})), [1, 2, 3]))).toBe(once);
  });

  it("goes in small steps, each a share of the whole", () => {
    const running = compare(plan({}, {}));
    const shares: number[] = [];
    for (let step = running.next(); step.done !== true; step = running.next()) shares.push(step.value);
    expect(shares.length).toBeGreaterThan(500);
    expect(shares.every((share, i) => share > (shares[i - 1] ?? 0))).toBe(true);
    expect(shares.at(-1)).toBeCloseTo(1, 9);
  });

  it("weighs hosts by those that they stand for", () => {
    const idle = { guests: { web: { workload: "idle" } } } as const;
    const busy = host({}, OFF, "a");
    const quiet = host(idle, idle, "b");
    const exits = (hosts: ComparePlan["hosts"]) =>
      find(compareNow(plan({}, {}, { hosts })).figures, "exits_per_second_per_vcpu").before ?? 0;
    const mixed = exits([busy, { ...quiet, weight: 9 }]);
    expect(mixed).toBeCloseTo((exits([busy]) + 9 * exits([quiet])) / 10, 6);
  });

  it("of hosts of different frequency speaks of time, not of cycles", () => {
    const { figures } = compareNow(plan({ ghz: 2.5 }, { ghz: 3, cpu: "icelake-sp" }));
    const share = find(figures, "vcpu_time_share", { state: "guest" });
    expect(share.after).toBeCloseTo(share.before ?? 0, 1);
  });
});
