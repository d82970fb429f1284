/**
 * The catalogue of commits: what `commits:` of a kernel of one's own may name. Twelve digits of
 * the hash where it is known, else a short name of the series.
 *
 * A kernel replays its commits in the order below, which within a family is the order of Linux.
 * Families touch different traits, except that an unmerged commit stands last in its own.
 */
import type { Commit } from "./commit.ts";
import { BUG_COMMITS } from "./commits/bugs.ts";
import { DIRTY_LOG_COMMITS } from "./commits/dirty-log.ts";
import { FASTPATH_COMMITS } from "./commits/fastpath.ts";
import { GUEST_IPI_COMMITS } from "./commits/guest-ipis.ts";
import { GUEST_TIMER_COMMITS } from "./commits/guest-timers.ts";
import { HALT_COMMITS } from "./commits/halt.ts";
import { INTERRUPT_DELIVERY_COMMITS } from "./commits/interrupt-delivery.ts";
import { ISOLATION_COMMITS } from "./commits/isolation.ts";
import { POSTED_TIMER_COMMITS } from "./commits/posted-timer.ts";
import { SCHEDULER_COMMITS } from "./commits/scheduler.ts";
import { TIMER_ADVANCE_COMMITS } from "./commits/timer-advance.ts";
import { VENDOR_CALL_COMMITS } from "./commits/vendor-calls.ts";
import { COMMITS_WITHOUT_EFFECT } from "./commits/without-effect.ts";

export const COMMITS = {
  ...FASTPATH_COMMITS,
  ...POSTED_TIMER_COMMITS,
  ...TIMER_ADVANCE_COMMITS,
  ...INTERRUPT_DELIVERY_COMMITS,
  ...HALT_COMMITS,
  ...ISOLATION_COMMITS,
  ...SCHEDULER_COMMITS,
  ...GUEST_TIMER_COMMITS,
  ...GUEST_IPI_COMMITS,
  ...DIRTY_LOG_COMMITS,
  ...VENDOR_CALL_COMMITS,
  ...BUG_COMMITS,
} as const satisfies Record<string, Commit>;
export type CommitName = keyof typeof COMMITS;
export const COMMIT_NAMES = Object.keys(COMMITS) as CommitName[];

/** What a list of commits may say, and what it means: a commit here, or why it changes nothing. */
export type NamedCommit = { readonly commit: CommitName } | { readonly withoutEffect: string };

const named = new Map<string, NamedCommit>([
  ...COMMIT_NAMES.flatMap((commit) => [commit, ...((COMMITS[commit] as Commit).also ?? [])].map((name) => [name, { commit }] as const)),
  ...Object.entries(COMMITS_WITHOUT_EFFECT).map(([name, withoutEffect]) => [name, { withoutEffect }] as const),
]);

/** Every name and twelve-digit hash that stands for something. */
export const NAMED_COMMITS: readonly string[] = [...named.keys()];

/** Looks a commit up by name, or by a hash of twelve digits or more. */
export function findCommit(name: string): NamedCommit | undefined {
  return named.get(name) ?? (/^[0-9a-f]{13,40}$/.test(name) ? named.get(name.slice(0, 12)) : undefined);
}

/** Commits that are known to put another one right. */
export const fixesOf = (name: CommitName): readonly CommitName[] =>
  COMMIT_NAMES.filter((fix) => (COMMITS[fix] as Commit).fixes?.includes(name));
