/** What a fastpath changes: the cycles of an exit, never which exits there are, nor when the guest is interrupted by whom. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OP } from "../../src/guest/program.ts";
import type { Line } from "../../src/guest/script.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import type { HostSpec } from "../../src/kvm/host-spec.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { namedCounters } from "../support/counter-names.ts";
import { hostSpec } from "../support/host-spec.ts";
import { play, type Scripted } from "../support/scripted-host.ts";

const OFF = { preemption_timer: "off", tsc_deadline: "off", icr: "off", hlt: "off", invd: "off" } as const;
const fastpaths = fc.record({
  preemption_timer: fc.constantFrom("auto" as const, "off" as const),
  tsc_deadline: fc.constantFrom("auto" as const, "off" as const),
  icr: fc.constantFrom("auto" as const, "off" as const),
  hlt: fc.constantFrom("auto" as const, "off" as const),
  invd: fc.constantFrom("auto" as const, "off" as const),
});

/** Things that a guest does, far enough apart that a slower exit does not run into the next one. */
const busy = fc
  .constantFrom(OP.cpuid, OP.portIo, OP.mmio, OP.doorbell, OP.otherMsr, OP.hypercall, OP.ipi, OP.selfIpi, OP.levelEoi, OP.invd)
  .map((op): Line[] => [{ compute: 150_000, op, operand: 1 }]);
const timed = fc.integer({ min: 20_000, max: 300_000 }).map((after): Line[] => [
  { compute: 100_000, op: OP.tscDeadline, after },
  { compute: 500_000, op: OP.none },
]);
const sleeping = fc.integer({ min: 100_000, max: 900_000 }).map((after): Line[] => [
  { compute: 100_000, op: OP.tscDeadline, after },
  { compute: 10_000, op: OP.halt },
]);
const cancelled = fc.constant<Line[]>([
  { compute: 100_000, op: OP.tscDeadline, after: 900_000 },
  { compute: 100_000, op: OP.tscDeadline, operand: 0 },
]);
const script = fc.array(fc.oneof(busy, timed, sleeping, cancelled), { minLength: 1, maxLength: 7 }).map((parts) => parts.flat());

const HOSTS: readonly Omit<Scripted, "scripts">[] = [
  {},
  { host: { kvm: { enable_apicv: "off" } } },
  { host: { kvm: { preemption_timer: "off" } } },
  { host: { kernel: "linux-5.8", kvm: { pi_inject_timer: "on" } } },
  { host: { cpu_pm: true, cmdline: { nohz_full: "2-7" } }, guest: { placement: "isolated" } },
  { guest: { apic: "xapic" } },
  { host: { kernel: "linux-6.12" } },
  { host: { kernel: "linux-6.18" } },
  { host: { kernel: "linux-6.18", kvm: { enable_apicv: "off" } } },
];
const reasons = (exits: readonly string[]): string[] => exits.map((exit) => exit.replace(/ \w+$/, "")).toSorted();

describe("fastpaths on or off", () => {
  it("leave the multiset of exits and the guest's interrupts as they are, for any configuration", () => {
    fc.assert(
      fc.property(fc.constantFrom(...HOSTS), script, fastpaths, (host, lines, fastpath) => {
        const scripts = [lines, []];
        const with_ = play({ ...host, scripts });
        const without = play({ ...host, host: { ...host.host, fastpath }, scripts });
        for (const vcpu of [0, 1]) {
          expect(reasons(without.exits[vcpu]!)).toEqual(reasons(with_.exits[vcpu]!));
          expect(without.programs[vcpu]!.taken).toEqual(with_.programs[vcpu]!.taken);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("leave the exits of each timer cycle of a polling guest as they are, and raise their mean cycles", () => {
    const [fast, slow] = [pollingGuest({}), pollingGuest(OFF)];
    expect(fast.ticks).toBeGreaterThan(200);
    for (const { ticks, armings, expiries } of [fast, slow]) {
      // One write and one expiry a tick; the last cycle may be under way.
      expect(Math.abs(armings - ticks)).toBeLessThanOrEqual(2);
      expect(Math.abs(expiries - ticks)).toBeLessThanOrEqual(2);
    }
    expect(slow.ticks).toBe(fast.ticks);
    expect(slow.armingCycles - fast.armingCycles).toBeGreaterThan(300);
    expect(slow.expiryCycles - fast.expiryCycles).toBeGreaterThan(300);
  });

  it("raise the mean cycles of an ICR write, and the guests get less work done", () => {
    const hackbench = (fastpath: Partial<HostSpec["fastpath"]>): { mean: number; work: number } => {
      const host = new KvmHost(resolveHost(hostSpec({ cpus: 8, fastpath, guests: { g: { vcpus: 4, workload: "hackbench" } } })), 1);
      host.advance(200 * 2.5e6);
      const counters = namedCounters(viewCounters(host));
      const of = (what: string): number =>
        ["fastpath", "kernel"].reduce((sum, path) => sum + Number(counters.get(`${what} MSR_WRITE(icr) ${path}`)), 0);
      return { mean: of("cycles") / of("exits"), work: Number(counters.get("work hackbench")) };
    };
    const [fast, slow] = [hackbench({}), hackbench(OFF)];
    expect(slow.mean - fast.mean).toBeGreaterThan(100);
    expect(slow.work).toBeLessThan(fast.work);
  });
});

/** A guest that never halts: all that happens to it is its tick. */
function pollingGuest(fastpath: Partial<HostSpec["fastpath"]>) {
  const host = new KvmHost(resolveHost(hostSpec({ cpus: 8, fastpath, guests: { dpdk: { vcpus: 1, workload: "packets" } } })), 1);
  host.advance(1000 * 2.5e6);
  const counters = namedCounters(viewCounters(host));
  const both = (what: string): number => Number(counters.get(`${what} fastpath`)) + Number(counters.get(`${what} kernel`));
  const [armings, expiries] = [both("exits MSR_WRITE(tsc_deadline)"), both("exits PREEMPTION_TIMER")];
  return {
    ticks: Number(counters.get("expirations preemption_timer")),
    armings,
    expiries,
    armingCycles: both("cycles MSR_WRITE(tsc_deadline)") / armings,
    expiryCycles: both("cycles PREEMPTION_TIMER") / expiries,
  };
}
