/** A VM that moves among hosts of every kind loses no interrupt and gets none twice. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { namedCounters } from "../support/counter-names.ts";
import { OP } from "../../src/guest/program.ts";
import { ScriptProgram, type Line } from "../../src/guest/script.ts";
import { Journey, travels, type Travel } from "../support/journey.ts";
import { bootLedger } from "../support/ledger-program.ts";

/** A thread that comes to a CPU asks the one it was on for its VMCS; there a vCPU stood in a fastpath that it was to leave. */
const ASKS_A_FASTPATH_FOR_ITS_VMCS: Travel = {
  hosts: ["the vendor's cohort without the ICR fastpath", "all fastpaths", "all fastpaths"],
  dedicated: false,
  disable_exits: [],
  vcpus: 3,
  xapic: false,
  seed: 1498461607,
  older: [0, 0],
  moves: [
    { to: 1, stays: 1_165_513, downtime: 408_795 },
    { to: 0, stays: 215_206, downtime: 0 },
    { to: 0, stays: 1, downtime: 0 },
  ],
  timer: "tscDeadline",
};

/** Every travel of a run; each looks at its end. */
function everyJourney(look: (journey: Journey, moves: number) => void): void {
  fc.assert(
    fc.property(travels, ({ moves: all, ...start }) => {
      const journey = new Journey(start, bootLedger(start.vcpus, start.seed, start.timer));
      journey.travel(all);
      // All that is under way comes to its end.
      for (const program of journey.programs) program.quiet = true;
      // Who shares CPUs may wait for one, for a few of its slices of ten milliseconds and more.
      journey.run(start.dedicated ? 5_000_000 : 200_000_000);
      look(journey, all.length);
    }),
    { numRuns: 100, examples: [[ASKS_A_FASTPATH_FOR_ITS_VMCS]] },
  );
}

describe("a VM that moves from host to host", () => {
  it("gets one timer interrupt for each deadline and one IPI for each announcement, fetches every request, and is in one place at a time", () => {
    everyJourney((journey, moves) => {
      for (const { wrong, late, armings, armed, mailbox, ring } of journey.programs) {
        expect(wrong).toEqual([]);
        expect({ armed, mailbox, ring }).toEqual({ armed: null, mailbox: 0, ring: 0 });
        expect(late).toHaveLength(armings);
      }
      const all = journey.hosts.map(({ host }) => namedCounters(viewCounters(host)));
      const sum = (counters: ReadonlyMap<string, bigint>, prefix: string): bigint =>
        [...counters].reduce((total, [name, value]) => (name.startsWith(prefix) ? total + value : total), 0n);
      const vcpuTime = all.reduce((total, counters, i) => total + Number(sum(counters, "vcpu ")) / journey.hosts[i]!.pace, 0);
      // Neither host counts a vCPU's time from its last exit on one to its first entry on the other.
      const missing = journey.programs.length * journey.now - journey.pausedCycles - vcpuTime;
      expect(Math.abs(missing)).toBeLessThanOrEqual(journey.isScaled ? 4 * journey.programs.length * (moves + 1) : 0);
      all.forEach((counters, i) => {
        const { host } = journey.hosts[i]!;
        expect(sum(counters, "cpu ")).toBe(BigInt(host.physicalCpus.count) * counters.get("emulated cycles")!);
        expect(sum(counters, "component ")).toBe(sum(counters, "cycles "));
        expect([...counters].filter(([, value]) => value < 0n)).toEqual([]);
      });
    });
  });

  it("executes the same instructions and takes the same interrupts as one that stays, whatever fastpaths it meets", () => {
    const step = fc.constantFrom(OP.cpuid, OP.portIo, OP.otherMsr, OP.doorbell, OP.hypercall, OP.tscDeadline);
    const script = fc.array(step, { minLength: 5, maxLength: 40 }).map((ops) =>
      // Each interrupt comes before the next deadline is armed, even from a housekeeping CPU that has to leave C6.
      ops.map((op): Line => ({ compute: 600_000, op, ...(op === OP.tscDeadline ? { after: 100_000 } : {}) })),
    );
    fc.assert(
      fc.property(travels, script, ({ moves: all, ...start }, lines) => {
        const [moves, stays] = [all, []].map((way) => {
          const program = new ScriptProgram(lines);
          const journey = new Journey(start, [program]);
          journey.travel(way);
          journey.run(30_000_000);
          return program;
        });
        expect(moves!.op).toBe(OP.done);
        expect([moves!.op, moves!.taken]).toEqual([stays!.op, stays!.taken]);
        expect(moves!.taken).toHaveLength(lines.filter(({ op }) => op === OP.tscDeadline).length);
      }),
      { numRuns: 60 },
    );
  });

  it("keeps the pace of a periodic timer, which stands still on the way", () => {
    const period = 700_000;
    fc.assert(
      fc.property(travels, ({ moves: all, ...start }) => {
        const program = new ScriptProgram([{ compute: 1000, op: OP.periodic, operand: period }]);
        const journey = new Journey(start, [program]);
        journey.travel(all);
        journey.run(20_000_000);
        // The first host's cycles.
        const periods = ((journey.now - journey.pausedCycles) * journey.hosts[0]!.pace) / period;
        expect(program.taken.length).toBeLessThanOrEqual(periods);
        // A period that ends while the last interrupt waits for a housekeeping CPU in C6, or for the exit of a stop, comes late.
        expect(program.taken.length).toBeGreaterThan(periods - 2 - all.length);
      }),
      { numRuns: 60 },
    );
  });
});
