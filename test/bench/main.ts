/**
 * `npm run bench`: how fast the engine is beside code that does the same with less, and a
 * failure when it falls below a floor. Floors stand at about 60 % of what was measured, since
 * ratios move a little between machines, unless the project demands more; absolute figures are
 * printed, never judged.
 */
import { bareLoop } from "./bare-loop.ts";
import { interleave, median, METHOD, ratio, slicesOf, type Timings, type Variant } from "./interleave.ts";
import { footprint } from "./memory.ts";
import { engine, oracle } from "./mixed-host.ts";

interface Gate {
  readonly subject: string;
  readonly reference: string;
  /** Least ratio of the fastest slices: how many times as fast as the reference the subject must be. */
  readonly floor: number;
}

const VARIANTS: readonly Variant[] = [bareLoop(), engine(), oracle()];
const GATES: readonly Gate[] = [
  { subject: "engine", reference: "oracle", floor: 5 },
  // Not met yet: about 0.055. It stands as demanded, so the bench fails until it is.
  { subject: "engine", reference: "bare loop", floor: 0.1 },
];

function printTimings(timings: Timings): void {
  console.log(`${METHOD.slices} interleaved slices of ${METHOD.sliceMs} ms each, Node ${process.versions.node}\n`);
  console.log(`${"variant".padEnd(24)}${"ns/exit min".padStart(14)}${"median".padStart(10)}${"M exits/s".padStart(12)}`);
  for (const { name } of VARIANTS) {
    const slices = slicesOf(timings, name);
    const min = Math.min(...slices);
    console.log(
      `${name.padEnd(24)}${min.toFixed(1).padStart(14)}${median(slices).toFixed(1).padStart(10)}${(1000 / min).toFixed(1).padStart(12)}`,
    );
  }
}

/** Prints each gate and returns how many are below their floor. */
function judge(timings: Timings): number {
  const verdicts = GATES.map((gate) => ({ ...gate, ...ratio(timings, gate.subject, gate.reference) }));
  for (const { subject, reference, floor, min, median: middle } of verdicts) {
    const verdict = min >= floor ? "ok  " : "FAIL";
    const limits = min >= floor ? `floor ${floor}` : `floor ${floor} missed by a factor of ${(floor / min).toFixed(1)}`;
    console.log(`${verdict} ${subject} / ${reference}: ${min.toFixed(3)} times as fast (median ${middle.toFixed(3)}), ${limits}`);
  }
  return verdicts.filter(({ min, floor }) => !(min >= floor)).length;
}

const { perHost, perVcpu } = footprint();
const timings = interleave(VARIANTS);
printTimings(timings);
console.log(`\n${Math.round(perHost)} bytes a host of 36 CPUs, ${Math.round(perVcpu)} a vCPU\n`);
process.exitCode = judge(timings) > 0 ? 1 : 0;
