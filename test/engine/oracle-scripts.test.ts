/** Guests that execute any operation in any order, which no workload does: engine and oracle agree on them. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { OP, type Op } from "../../src/guest/program.ts";
import { ScriptProgram, type Line } from "../../src/guest/script.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { oracleSpec } from "../support/arbitrary-spec.ts";
import { compare } from "../support/oracle/compare.ts";

const MS = 2.5e6;
/** Operations that say when: in the past, within an exit, within a poll, far away, never. */
const TIMERS: readonly Op[] = [OP.tscDeadline, OP.oneShot, OP.hvStimer];
const after = fc.constantFrom(-1000, 500, 3000, 50_000, 400_000, 2_000_000);
const timer = fc.record({ op: fc.constantFrom(...TIMERS), after });
const stop = fc.record({ op: fc.constantFrom(...TIMERS), operand: fc.constant(0) });
const period = fc.record({ op: fc.constant(OP.periodic), operand: fc.constantFrom(2000, 60_000, 500_000) });
/** Left to tests of shared CPUs, which the oracle does not know. */
const SHARED: readonly Op[] = [OP.spin, OP.schedYield];
const OTHERS = Object.values(OP).filter((op) => ![...TIMERS, ...SHARED, OP.periodic, OP.done].includes(op));
const other = fc.record({ op: fc.constantFrom(...OTHERS), operand: fc.integer({ min: 0, max: 3 }) });
const line: fc.Arbitrary<Line> = fc
  .tuple(fc.constantFrom(0, 100, 5000, 80_000), fc.oneof({ weight: 3, arbitrary: timer }, period, stop, { weight: 8, arbitrary: other }))
  .map(([compute, operation]) => ({ compute, ...operation }));
const script = fc.array(line, { maxLength: 60 });

it("whatever the operations of a guest, engine and oracle tell the same exits and counters", () => {
  fc.assert(
    fc.property(oracleSpec, fc.integer(), fc.array(script, { minLength: 12, maxLength: 12 }), (spec, seed, scripts) => {
      // Four vCPUs, so that one IPI may have several targets.
      const guests = Object.fromEntries(Object.entries(spec.guests).map(([kind, guest]) => [kind, { ...guest, count: 1, vcpus: 4 }]));
      const resolved = resolveHost({ ...spec, guests });
      const boot = ({ cpus }: { cpus: readonly number[] }) => cpus.map((cpu) => new ScriptProgram(scripts[cpu % scripts.length]!));
      expect(compare({ resolved, seed, cycles: 4 * MS, boot }).difference).toBeNull();
    }),
    { numRuns: 60 },
  );
});
