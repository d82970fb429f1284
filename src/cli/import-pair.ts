/**
 * `fastpathd import BEFORE --after AFTER`: two captures of a host, round a change. The guest is found
 * in the first, the change is emulated, and the second says how true that was.
 */
import { parse, YAMLParseError } from "yaml";
import { diffSpecs, type KeyChange } from "../config/diff.ts";
import { formatConfigErrors } from "../config/format.ts";
import { parseHostSpecFile, type SetOver } from "../config/host-file.ts";
import type { Capture } from "../fleet/capture/capture.ts";
import { capturedMix, type Mix, worstShare } from "../fleet/imitation/mix.ts";
import { type Span, spanOf } from "../fleet/imitation/span.ts";
import { type EmulatedSide, emulateBoth } from "../fleet/prediction/emulate-both.ts";
import { judge, type JudgedReason, type Verdict, verdictOf } from "../fleet/prediction/judge.ts";
import type { OwnWorkload } from "../guest/workload-choice.ts";
import { CPUS } from "../hw/cpus.ts";
import type { GuestSpec, HostSpec } from "../kvm/host-spec.ts";
import { readCaptureFile } from "./capture-file.ts";
import type { Imported } from "./import-summary.ts";
import { Progress } from "./progress.ts";

export interface PairFlags {
  readonly spec?: string;
  readonly after?: string;
  readonly afterSpec?: string;
  readonly afterSet?: string;
  /** How long the recording of after took, seconds. */
  readonly afterFor?: number;
}

/** The other side of a pair, as far as it is read and not emulated. */
export interface AfterSide {
  readonly file: string;
  readonly capture: Capture;
  readonly span: Span;
  readonly mix: Mix;
  readonly spec: HostSpec;
  readonly changes: readonly KeyChange[];
}

/** What is wrong with how the options go together; null when nothing is. */
export function pairMisuse({ spec, after, afterSpec, afterSet, afterFor }: PairFlags): string | null {
  if (after === undefined) {
    const lost = [afterSpec, afterSet, afterFor].some((flag) => flag !== undefined);
    return lost ? "--after-spec, --after-set, --after-for: expected --after with the capture of after, came none" : null;
  }
  if (spec === undefined) return "--after: expected --spec with the host as it was before, came none";
  if ((afterSpec === undefined) === (afterSet === undefined)) {
    return `--after: expected --after-spec or --after-set, the host as it is after; came ${afterSpec === undefined ? "neither" : "both"}`;
  }
  return null;
}

/** Reads the side of after; null when its errors were printed. */
export async function readAfter(flags: PairFlags, before: Capture, spec: HostSpec, span: Span): Promise<AfterSide | null> {
  const file = flags.after ?? "";
  const capture = await readCaptureFile(file);
  const after = await hostAfter(flags);
  if (capture === null || after === null) return null;
  const [name, guest] = onlyGuest(spec);
  const [afterName, afterGuest] = Object.entries(after.guests)[0] ?? ["", undefined];
  const problem = pairProblem({ guest, afterGuest }, { before, capture }, { spec, after });
  if (problem !== null || afterGuest === undefined) {
    console.error(`${flags.afterSpec ?? "--after-set"}: ${problem}`);
    return null;
  }
  // A guest that goes by another name is the same one.
  const renamed = { ...after, guests: { [name]: { ...afterGuest, count: guest.count, workload: guest.workload } } };
  const hints = { seconds: flags.afterFor ?? null, vcpus: span.vcpus, guestHz: afterGuest.hz, hostHz: after.host_hz };
  const afterSpan = spanOf(capture, hints);
  const changes = diffSpecs({ ...spec, guests: { [name]: guest } }, renamed);
  if (afterName !== name) changes.push({ key: "guests", before: name, after: afterName, takes: "live" });
  return { file, capture, span: afterSpan, mix: capturedMix(capture, afterSpan), spec: renamed, changes };
}

const onlyGuest = ({ guests }: HostSpec): readonly [string, GuestSpec] => Object.entries(guests)[0] as [string, GuestSpec];

function pairProblem(
  { guest, afterGuest }: { guest: GuestSpec; afterGuest: GuestSpec | undefined },
  captures: { before: Capture; capture: Capture },
  hosts: { spec: HostSpec; after: HostSpec },
): string | null {
  if (afterGuest === undefined) return "guests: expected a guest whose settings count, came none";
  if (afterGuest.vcpus !== guest.vcpus) {
    return `guests: expected a first guest of ${guest.vcpus} vCPUs, as before; came ${afterGuest.vcpus}`;
  }
  const vendors = [hosts.spec, hosts.after].map(({ cpu }) => CPUS[cpu].vendor);
  const came = [captures.before, captures.capture].map(({ vendor }) => vendor);
  const wrong = vendors.findIndex((vendor, side) => vendor !== came[side]);
  if (wrong < 0) return null;
  const side = wrong === 0 ? "before" : "after";
  return `cpu: expected one of the vendor whose exits the capture of ${side} names, ${came[wrong]}; came one of ${vendors[wrong]}`;
}

/** The specification of after: a file of its own, or what --after-set lays over that of before. */
async function hostAfter({ spec, afterSpec: file, afterSet }: PairFlags): Promise<HostSpec | null> {
  let over: SetOver | undefined;
  if (afterSet !== undefined) {
    try {
      over = { value: parse(afterSet), from: "--after-set" };
    } catch (error) {
      if (!(error instanceof YAMLParseError)) throw error;
      console.error(`--after-set: expected YAML such as 'kernel: c84'; ${error.message.split("\n")[0]}`);
      return null;
    }
  }
  const parsed = await parseHostSpecFile(file ?? spec ?? "", over);
  if (parsed.ok) return parsed.value;
  console.error(formatConfigErrors(parsed.errors));
  return null;
}

/** A pair, measured and emulated. */
export interface Pair {
  readonly imported: Imported;
  readonly beforeFile: string;
  readonly after: AfterSide;
  readonly emulated: { readonly before: EmulatedSide; readonly after: EmulatedSide };
  readonly reasons: readonly JudgedReason[];
  readonly verdict: Verdict;
}

/** Emulates both sides with the workload that was found, and judges. */
export function predict(beforeFile: string, imported: Imported, spec: HostSpec, after: AfterSide, seed: number): Pair {
  const workload: OwnWorkload = { ...imported.imitation.workload, name: "imported" };
  const progress = new Progress("emulating both");
  const running = emulateBoth(withWorkload(spec, workload), withWorkload(after.spec, workload), rateOf(imported, spec), seed);
  let step = running.next();
  for (; step.done !== true; step = running.next()) progress.show(step.value);
  progress.done();
  const emulated = step.value;
  const { capture, mix } = imported;
  const reasons = judge({ before: { capture, mix }, after }, emulated);
  return { imported, beforeFile, after, emulated, reasons, verdict: verdictOf(reasons, worstShare(mix, emulated.before.mix)) };
}

const rateOf = ({ mix }: Imported, spec: HostSpec): number => mix.total * onlyGuest(spec)[1].vcpus;

function withWorkload(spec: HostSpec, workload: OwnWorkload): HostSpec {
  const [name, guest] = onlyGuest(spec);
  return { ...spec, guests: { [name]: { ...guest, count: 1, workload } } };
}
