/** A pair of captures as `import --after` has it, without a command line. */
import { readFileSync } from "node:fs";
import { pairText } from "../../src/cli/pair-summary.ts";
import { type Pair, predict } from "../../src/cli/import-pair.ts";
import { completeHostSpec } from "../../src/config/defaults.ts";
import { diffSpecs } from "../../src/config/diff.ts";
import type { HostSpecPatch } from "../../src/config/host-schema.ts";
import { mergePatch } from "../../src/config/merge.ts";
import type { Capture } from "../../src/fleet/capture/capture.ts";
import { readCapture } from "../../src/fleet/capture/read-capture.ts";
import { imitate } from "../../src/fleet/imitation/imitate.ts";
import { capturedMix } from "../../src/fleet/imitation/mix.ts";
import { runningSeconds, spanOf } from "../../src/fleet/imitation/span.ts";

interface PairOf {
  /** Names of captures. */
  readonly before: string;
  readonly after: string;
  readonly spec: HostSpecPatch;
  readonly set: HostSpecPatch;
  /** Of both recordings. */
  readonly seconds?: number;
}

const fileOf = (name: string): string => `test/captures/${name}.txt`;

function captured(name: string): Capture {
  const read = readCapture(readFileSync(fileOf(name), "utf8"));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

export function predictedPair({ before, after, spec: patch, set, seconds }: PairOf): Pair {
  const [spec, changed] = [completeHostSpec(patch), completeHostSpec(mergePatch(patch, set))];
  const [capture, second] = [captured(before), captured(after)];
  const [guest] = Object.values(spec.guests);
  if (guest === undefined) throw new RangeError("a guest");
  const hints = { seconds: seconds ?? null, vcpus: guest.vcpus, guestHz: guest.hz, hostHz: spec.host_hz };
  const [span, secondSpan] = [spanOf(capture, hints), spanOf(second, hints)];
  const mix = capturedMix(capture, span);
  const ticking = runningSeconds(capture, guest.hz, spec.host_hz).seconds / span.seconds / span.vcpus;
  const steps = imitate(mix, spec, { doc: "", source: "a test", ticking }, 1);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const imported = { capture, span, mix, imitation: step.value, file: `/tmp/workloads/${before}-captured.yaml`, specification: null };
  const side = { file: fileOf(after), capture: second, span: secondSpan, mix: capturedMix(second, secondSpan), spec: changed };
  return predict(fileOf(before), imported, spec, { ...side, changes: diffSpecs(spec, changed) }, 1);
}

/** The text, up to the sources of the figures. */
export function pairExample(pair: Pair): string {
  const text = pairText(pair);
  return text.slice(0, text.indexOf("\n\nFIGURE"));
}
