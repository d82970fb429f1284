/** Reads a capture, whichever of the tools wrote the text. */
import type { Vendor } from "../../hw/cpu-model.ts";
import { type Capture, type CapturedExits, type CaptureProblem, type CaptureTool, ExitCounts, type ReadLines } from "./capture.ts";
import { isKvmexit, readKvmexit } from "./kvmexit.ts";
import { isKvmStat, readKvmStat } from "./kvm-stat.ts";
import { isPerfReport, readPerfReport } from "./perf-report.ts";
import { KNOWN_REASONS, reasonOf, vendorOf } from "./reasons.ts";

export type ReadCapture =
  | { readonly ok: true; readonly value: Capture }
  | { readonly ok: false; readonly problems: readonly CaptureProblem[] };

/** No tool writes such lines, and a pattern would take its time over them. */
const LINE_MAX = 1000;

interface Reader {
  readonly tool: CaptureTool;
  readonly is: (lines: readonly string[]) => boolean;
  readonly read: (lines: readonly string[]) => ReadLines;
}
const READERS: readonly Reader[] = [
  { tool: "perf kvm stat", is: isPerfReport, read: readPerfReport },
  { tool: "kvmexit", is: isKvmexit, read: readKvmexit },
  { tool: "kvm_stat", is: isKvmStat, read: readKvmStat },
];

export function readCapture(text: string): ReadCapture {
  const lines = text.split(/\r?\n/);
  const long = lines.findIndex((line) => line.length > LINE_MAX);
  if (long >= 0) return failed({ line: long + 1, expected: `lines of at most ${LINE_MAX} characters`, came: "a longer one" });
  const reader = READERS.find(({ is }) => is(lines));
  if (reader === undefined) {
    const expected =
      "the heading of perf kvm stat report (VM-EXIT  Samples ...) or of kvmexit (KVM_EXIT_REASON  COUNT), or names of kvm_stat";
    return failed({ line: 1, expected, came: text.trim() === "" ? "an empty text" : "none of them" });
  }
  const read = reader.read(lines);
  const vendor = vendorOfAll(read);
  if (typeof vendor !== "string") return failed(...read.problems, vendor);
  if (read.problems.length > 0) return failed(...read.problems);
  return { ok: true, value: capture(reader.tool, vendor, read) };
}

const failed = (...problems: readonly CaptureProblem[]): ReadCapture => ({
  ok: false,
  problems: problems.toSorted((a, b) => a.line - b.line),
});

/** The vendor whose reasons these are; names that both have are Intel's where nothing says otherwise. */
function vendorOfAll({ exits, lines }: ReadLines): Vendor | CaptureProblem {
  let vendor: Vendor | null = null;
  for (const { reason } of exits) {
    const own = vendorOf(reason);
    if (own !== null && vendor !== null && own !== vendor) {
      const names = { intel: "an Intel host", amd: "an AMD host" };
      return { line: lines.get(reason) ?? 0, expected: `a reason of ${names[vendor]}, as above`, came: JSON.stringify(reason) };
    }
    vendor ??= own;
  }
  return vendor ?? "intel";
}

function capture(tool: CaptureTool, vendor: Vendor, read: ReadLines): Capture {
  const known = new ExitCounts();
  const unknown = new ExitCounts();
  for (const one of read.exits) {
    const reason = reasonOf(one.reason, vendor);
    (KNOWN_REASONS[vendor].has(reason) ? known : unknown).add(0, { ...one, reason });
  }
  const byCount = (all: readonly CapturedExits[]): readonly CapturedExits[] =>
    all.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count);
  return {
    tool,
    vendor,
    exits: byCount(known.exits),
    unknown: byCount(unknown.exits),
    unlisted: read.total === null ? 0 : Math.max(0, read.total - known.total - unknown.total),
    seconds: read.seconds,
    msrs: read.msrs,
    notes: read.notes,
  };
}
