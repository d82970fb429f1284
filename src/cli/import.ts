/** `fastpathd import`: a capture of a real host becomes a workload that causes the same exits. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { stringify } from "yaml";
import { hostOfCapture } from "../config/capture-host.ts";
import { completeHostSpec } from "../config/defaults.ts";
import { formatConfigErrors } from "../config/format.ts";
import { parseHostSpecFile } from "../config/host-file.ts";
import { workloadText, WRITTEN } from "../config/write-workload.ts";
import { WORKLOAD_NAME } from "../config/workload-schema.ts";
import { WORKLOAD_NAMES } from "../guest/workloads.ts";
import type { Capture } from "../fleet/capture/capture.ts";
import { imitate } from "../fleet/imitation/imitate.ts";
import { capturedMix } from "../fleet/imitation/mix.ts";
import { runningSeconds, type Span, spanOf } from "../fleet/imitation/span.ts";
import type { GuestSpec, HostSpec } from "../kvm/host-spec.ts";
import { exitsOf, readCaptureFile } from "./capture-file.ts";
import { type AfterSide, type PairFlags, pairMisuse, predict, readAfter } from "./import-pair.ts";
import { type Imported, importSummary, importView } from "./import-summary.ts";
import { pairText, pairView } from "./pair-summary.ts";
import { Progress } from "./progress.ts";

export interface ImportFlags extends PairFlags {
  readonly name?: string;
  readonly out: string;
  /** How long the recording took, seconds, and of how many vCPUs it is. */
  readonly for?: number;
  readonly vcpus?: number;
  readonly seed: number;
  readonly json: boolean;
}

/** A share may be so far off; beyond it the import is a finding. */
const POINTS = 0.03;

/** Reads, imitates, writes and prints; returns the exit code. */
export async function importCapture(file: string, flags: ImportFlags): Promise<number> {
  const name = flags.name ?? nameOf(file);
  if (!WORKLOAD_NAME.test(name) || isTaken(name)) {
    console.error(`--name: expected a name of its own of a-z, 0-9, dots, _ and -, that begins with a letter; came ${JSON.stringify(name)}`);
    return 2;
  }
  const misuse = pairMisuse(flags);
  if (misuse !== null) {
    console.error(misuse);
    return 2;
  }
  const capture = await readCaptureFile(file);
  if (capture === null) return 1;
  const target = targetOf(flags.out, name);
  if (existsSync(target) && !readFileSync(target, "utf8").startsWith(WRITTEN)) {
    console.error(`${target}: expected no file, or one that import wrote; came another, which stays as it is`);
    return 1;
  }
  const host = await hostFor(capture, name, flags);
  if (host === null) return 1;
  const after = flags.after === undefined ? undefined : await readAfter(flags, capture, host.spec, host.span);
  if (after === null) return 1;
  const imported = run(file, capture, host, target, flags);
  if (after !== undefined) return printPair(file, imported, host.spec, after, flags);
  console.log(flags.json ? JSON.stringify(importView(imported), null, 2) : importSummary(imported, name));
  return imported.imitation.worst > POINTS ? 1 : 0;
}

function printPair(file: string, imported: Imported, spec: HostSpec, after: AfterSide, flags: ImportFlags): number {
  const pair = predict(file, imported, spec, after, flags.seed);
  console.log(flags.json ? JSON.stringify(pairView(pair), null, 2) : pairText(pair, process.stdout.isTTY ? process.stdout.columns : null));
  return pair.verdict.agrees ? 0 : 1;
}

interface Host {
  readonly spec: HostSpec;
  readonly span: Span;
  readonly text: string | null;
}

/** The caller's host, its first guest alone; or one that the capture suggests. */
async function hostFor(capture: Capture, name: string, flags: ImportFlags): Promise<Host | null> {
  const hints = { seconds: flags.for ?? null, guestHz: 250, hostHz: 250 };
  if (flags.spec === undefined) {
    const span = spanOf(capture, { ...hints, vcpus: flags.vcpus ?? null });
    const patch = hostOfCapture(capture, "guest", name, span.vcpus);
    // The workload is what is looked for; any stands in for it.
    const anyWorkload = { ...patch, guests: { guest: { ...patch.guests?.["guest"], workload: "idle" } } };
    return { spec: completeHostSpec(anyWorkload), span, text: stringify(patch, { lineWidth: 0, collectionStyle: "any" }) };
  }
  const parsed = await parseHostSpecFile(flags.spec);
  if (!parsed.ok) {
    console.error(formatConfigErrors(parsed.errors));
    return null;
  }
  const [first] = Object.entries(parsed.value.guests);
  if (first === undefined) {
    console.error(`${flags.spec}: guests: expected a guest whose settings count, came none`);
    return null;
  }
  const [guestName, guest] = first;
  const { host_hz: hostHz } = parsed.value;
  const span = spanOf(capture, { ...hints, vcpus: flags.vcpus ?? guest.vcpus, guestHz: guest.hz, hostHz });
  return { spec: { ...parsed.value, guests: { [guestName]: guest } }, span, text: null };
}

function run(file: string, capture: Capture, { spec, span, text }: Host, target: string, flags: ImportFlags): Imported {
  const mix = capturedMix(capture, span);
  const [guest] = Object.values(spec.guests) as [GuestSpec];
  const ticking = runningSeconds(capture, guest.hz, spec.host_hz).seconds / span.seconds / span.vcpus;
  const source = `imported: ${basename(file)}, ${exitsOf(capture)} exits that ${capture.tool} counted`;
  const progress = new Progress("imitating");
  const steps = imitate(mix, spec, { doc: `The guests of ${basename(file)}.`, source, ticking }, flags.seed);
  for (;;) {
    const step = steps.next();
    if (step.done !== true) {
      progress.show(step.value);
      continue;
    }
    progress.done();
    mkdirSync(join(target, ".."), { recursive: true });
    const found = text === null ? [`Found on the host of ${flags.spec ?? ""}.`] : ["Found on this host:", ...text.trimEnd().split("\n")];
    writeFileSync(target, workloadText(step.value.workload, found));
    return { capture, span, mix, imitation: step.value, file: target, specification: text };
  }
}

const isTaken = (name: string): boolean => (WORKLOAD_NAMES as readonly string[]).includes(name);

/** The file's own name, as a workload may be called. */
function nameOf(file: string): string {
  const bare = basename(file, extname(file))
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-");
  const name = bare.replace(/^[^a-z]+/, "").slice(0, 30);
  if (name === "") return "captured";
  return isTaken(name) ? `${name}-captured` : name;
}

/** In `workloads/` of the directory, unless that is one. */
const targetOf = (dir: string, name: string): string => join(dir, basename(dir) === "workloads" ? "" : "workloads", `${name}.yaml`);
