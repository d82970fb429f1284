/** A backport that `patches:` may name: a few commits under one name. */
import type { CommitName } from "./commits.ts";

export interface Patch {
  readonly name: string;
  /** What it brings; commits that a kernel has already are no change there. */
  readonly commits: readonly CommitName[];
  readonly title: string;
  readonly source: string;
}
