/**
 * One change of Linux that alters what the emulator shows. Kernels are lists of commits on what
 * 4.18 was; a backport is a commit on a kernel that lacks it. So a kernel of one's own needs no
 * code: the names of its commits say how it behaves.
 */
import type { Vulnerability } from "../hw/cpu-model.ts";
import type { KernelTraits } from "./kernel.ts";

/** Traits that a commit sets; the list of known bugs grows by `knows` instead. */
export type TraitChange = Partial<Omit<KernelTraits, "knows">>;

export interface Commit {
  /** Title of the commit or of its series. */
  readonly title: string;
  /** First release that has it; `unmerged` never came into Linux. */
  readonly since: Release | "unmerged";
  /** What it changes. */
  readonly traits: TraitChange;
  /** Bugs for which it brings a sysfs file and code. */
  readonly knows?: readonly Vulnerability[];
  /** Without all of these it changes nothing. */
  readonly needs?: readonly string[];
  /** Hashes of commits that came with it and that it stands for, too. */
  readonly also?: readonly string[];
  /** Commits that are known to be wrong without this one. */
  readonly fixes?: readonly string[];
  /** File and symbol in Linux, and `assumed` with the argument where no text could be read. */
  readonly source: string;
}

/** Major and minor number of a release of Linux. */
export type Release = `${number}.${number}`;

/** Whether a release has what came into Linux with another. */
export function hasReleased(release: Release, since: Commit["since"]): boolean {
  if (since === "unmerged") return false;
  const [major, minor] = numbers(release);
  const [sinceMajor, sinceMinor] = numbers(since);
  return major === sinceMajor ? minor >= sinceMinor : major > sinceMajor;
}

function numbers(release: Release): readonly [major: number, minor: number] {
  const [major, minor] = release.split(".");
  return [Number(major), Number(minor)];
}
