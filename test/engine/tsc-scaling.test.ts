/** A guest on hosts of other frequencies than the one where it booted: its TSC keeps ticking as it did. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OP } from "../../src/guest/program.ts";
import { ScriptProgram } from "../../src/guest/script.ts";
import { AT, REGION_SIZE, type Region } from "../../src/kvm/counters.ts";
import { counterAt, type HostSnapshot } from "../../src/fleet/snapshot.ts";
import { NEVER } from "../../src/lib/units.ts";
import { Journey, travels, USUAL_GHZ } from "../support/journey.ts";
import { move, plan, SMALL, World } from "../support/moving-fleet.ts";

describe("a deadline", () => {
  it("stays the same value of the guest's TSC wherever the guest goes, to a tick a move, and comes once, never before it", () => {
    const after = 60_000_000;
    fc.assert(
      fc.property(travels, ({ moves: all, ...start }) => {
        const program = new ScriptProgram([{ compute: 0, op: OP.tscDeadline, after }]);
        const journey = new Journey({ ...start, disable_exits: [] }, [program]);
        const perTick = (): number => journey.here.pace / journey.hosts[0]!.pace;
        /** Of the guest's TSC, which was 0 at the journey's start. */
        const ticks = (): number => journey.now * journey.hosts[0]!.pace;
        journey.run(1);
        all.forEach(({ to, stays, downtime }, i) => {
          journey.run(stays);
          journey.move(to, downtime);
          const { host } = journey.here;
          const [vcpu] = host.vcpus;
          if (vcpu!.deadline === NEVER) return;
          // A tick for the move, and one for each of the clocks that the journey is read from.
          expect(Math.abs(ticks() + (vcpu!.deadline - host.now) / perTick() - after)).toBeLessThanOrEqual(3 + i);
        });
        journey.run((after - ticks()) / journey.hosts[0]!.pace - 3 - all.length);
        expect(program.taken).toEqual([]);
        // A housekeeping CPU that posts it may have to leave C6 first.
        journey.run(1_000_000);
        expect(program.taken).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a guest on a host of another frequency", () => {
  it("arms its timer in ticks of its own TSC", () => {
    const after = 2_000_000;
    const program = new ScriptProgram([
      { compute: 100_000, op: OP.cpuid },
      { compute: 1000, op: OP.tscDeadline, after },
    ]);
    const hosts = ["all fastpaths", "a slower clock", "a slower clock"] as [string, string, string];
    const plain = { dedicated: true, disable_exits: [], vcpus: 1, xapic: false, seed: 1, timer: "tscDeadline" } as const;
    const journey = new Journey({ ...plain, hosts, older: [0, 0] }, [program]);
    journey.run(1000);
    journey.move(1, 0);
    const { host, pace } = journey.here;
    const [vcpu] = host.vcpus;
    while (vcpu!.deadline === NEVER) journey.run(100);
    expect(Math.abs(vcpu!.deadline - host.now - after * pace)).toBeLessThan(5000);
  });
});

describe("a Linux guest on a host of another frequency", () => {
  const guests = { web: { ...SMALL, count: 1, workload: "sysbench", vcpus: 1, load: 1, hz: 250 } } as const;
  /** Expiries of its timer, and useful cycles, in a second on a host of `ghz`, after it booted on one of 2.5 GHz. */
  const secondAt = (ghz: number): { ticks: number; work: number } => {
    const world = new World(plan("home", { guests }), plan("there", { ghz, guests: {} }))
      .do(move("web-1", "home", "there"))
      .ends()
      .run(5);
    expect(world.last.state).toBe("completed");
    const total = (region: Region): number =>
      Array.from({ length: REGION_SIZE[region] }, (_, i) => counterAt(there, AT[region] + i)).reduce((a, b) => a + b, 0);
    let there: HostSnapshot = world.host("there");
    const [ticks, work] = [total("timerExpirations"), total("workCycles")];
    there = world.run(1000).host("there");
    return { ticks: total("timerExpirations") - ticks, work: total("workCycles") - work };
  };

  it("ticks HZ times a second", () => {
    for (const ghz of [1.8, USUAL_GHZ, 3.2]) expect(Math.abs(secondAt(ghz).ticks - 250)).toBeLessThanOrEqual(3);
  });

  it("works as fast as the host's CPU does", () => {
    const usual = secondAt(USUAL_GHZ).work;
    expect(secondAt(2).work / usual).toBeCloseTo(2 / USUAL_GHZ, 2);
  });
});
