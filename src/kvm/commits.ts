/**
 * The catalogue of commits: what `commits:` of a kernel of one's own may name. Twelve digits of
 * the hash where it is known, else a short name of the series.
 *
 * A kernel replays its commits in the order below, which within a family is the order of Linux.
 * Families touch different traits, except that an unmerged commit stands last in its own.
 */
import type { Commit } from "./commit.ts";
import { BUG_COMMITS } from "./commits/bugs.ts";
import { FASTPATH_COMMITS } from "./commits/fastpath.ts";
import { HALT_COMMITS } from "./commits/halt.ts";
import { INTERRUPT_DELIVERY_COMMITS } from "./commits/interrupt-delivery.ts";
import { ISOLATION_COMMITS } from "./commits/isolation.ts";
import { POSTED_TIMER_COMMITS } from "./commits/posted-timer.ts";
import { TIMER_ADVANCE_COMMITS } from "./commits/timer-advance.ts";

export const COMMITS = {
  ...FASTPATH_COMMITS,
  ...POSTED_TIMER_COMMITS,
  ...TIMER_ADVANCE_COMMITS,
  ...INTERRUPT_DELIVERY_COMMITS,
  ...HALT_COMMITS,
  ...ISOLATION_COMMITS,
  ...BUG_COMMITS,
} as const satisfies Record<string, Commit>;
export type CommitName = keyof typeof COMMITS;
export const COMMIT_NAMES = Object.keys(COMMITS) as CommitName[];

/** Commits that are known to put another one right. */
export const fixesOf = (name: CommitName): readonly CommitName[] =>
  COMMIT_NAMES.filter((fix) => (COMMITS[fix] as Commit).fixes?.includes(name));
