/**
 * What somebody counted on a real host: exits by reason, and how long their handling took. Whoever
 * read the text (`perf kvm stat report`, kvm_stat, bcc's kvmexit) leaves the same value.
 */
import type { Vendor } from "../../hw/cpu-model.ts";

export const CAPTURE_TOOLS = ["perf kvm stat", "kvm_stat", "kvmexit"] as const;
export type CaptureTool = (typeof CAPTURE_TOOLS)[number];

/** Handling times of one reason, microseconds. */
export interface CapturedTimes {
  readonly avgUs: number;
  /** Missing in reports of old versions of perf. */
  readonly minUs: number | null;
  readonly maxUs: number | null;
  /** Standard error of the average, relative to it; null where nothing tells. */
  readonly avgError: number | null;
}

export interface CapturedExits {
  /** As perf names it on the vendor's hosts. */
  readonly reason: string;
  readonly count: number;
  /** Tools that only count have none. */
  readonly times: CapturedTimes | null;
}

/** Writes of one MSR, from a table of `--event msr`. */
export interface CapturedMsr {
  readonly msr: number;
  readonly count: number;
}

export interface Capture {
  readonly tool: CaptureTool;
  readonly vendor: Vendor;
  /** Reasons that the emulator knows, the most frequent first. */
  readonly exits: readonly CapturedExits[];
  /** Reasons that it does not know, under the names that came. */
  readonly unknown: readonly CapturedExits[];
  /** Exits that the text's own total has and no line of it. */
  readonly unlisted: number;
  /** How long the recording took, where the text says so. */
  readonly seconds: number | null;
  readonly msrs: readonly CapturedMsr[];
  /** What the reader had to guess. */
  readonly notes: readonly string[];
}

/** What is wrong with the text; lines count from 1. */
export interface CaptureProblem {
  readonly line: number;
  readonly expected: string;
  readonly came: string;
}

/** What a reader made of the lines that are its own. */
export interface ReadLines {
  /** Under the names that came. */
  readonly exits: readonly CapturedExits[];
  /** Line of each name's first appearance. */
  readonly lines: ReadonlyMap<string, number>;
  /** All exits, where the text says so. */
  readonly total: number | null;
  readonly seconds: number | null;
  readonly msrs: readonly CapturedMsr[];
  readonly problems: readonly CaptureProblem[];
  readonly notes: readonly string[];
}

/** Counts and times of one reason met twice: in two blocks of live output, on two vCPUs. */
function together(a: CapturedExits, b: CapturedExits): CapturedExits {
  return { reason: a.reason, count: a.count + b.count, times: bothTimes(a, b) };
}

function bothTimes(a: CapturedExits, b: CapturedExits): CapturedTimes | null {
  if (a.times === null || b.times === null) return a.times ?? b.times;
  const count = a.count + b.count;
  const totalUs = a.times.avgUs * a.count + b.times.avgUs * b.count;
  const errorUs = Math.hypot(...[a, b].map(({ count: n, times }) => (times?.avgUs ?? 0) * n * (times?.avgError ?? 0)));
  return {
    avgUs: count === 0 ? a.times.avgUs : totalUs / count,
    avgError: a.times.avgError === null || b.times.avgError === null || totalUs === 0 ? null : errorUs / totalUs,
    minUs: a.times.minUs === null || b.times.minUs === null ? null : Math.min(a.times.minUs, b.times.minUs),
    maxUs: a.times.maxUs === null || b.times.maxUs === null ? null : Math.max(a.times.maxUs, b.times.maxUs),
  };
}

/** Collects exits by name, the first line of each remembered. */
export class ExitCounts {
  readonly lines = new Map<string, number>();
  private readonly byName = new Map<string, CapturedExits>();

  add(line: number, exits: CapturedExits): void {
    const before = this.byName.get(exits.reason);
    this.byName.set(exits.reason, before === undefined ? exits : together(before, exits));
    if (before === undefined) this.lines.set(exits.reason, line);
  }

  get exits(): readonly CapturedExits[] {
    return [...this.byName.values()];
  }

  get total(): number {
    return this.exits.reduce((sum, { count }) => sum + count, 0);
  }
}

/** A line as an error shows it. */
export const shown = (line: string): string => {
  const text = line.trim();
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
};
