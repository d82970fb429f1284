/** Commits about timers of the kernel as a guest, whose writes of the clock event device exit. */
import type { Commit } from "../commit.ts";

export const GUEST_TIMER_COMMITS = {
  "hrtimer-restart-once": {
    title: "hrtimer: Avoid double reprogramming in __hrtimer_start_range_ns()",
    since: "5.15",
    traits: { hrtimerRestart: "one_write" },
    source: "kernel/time/hrtimer.c remove_hrtimer, __hrtimer_start_range_ns (force_local); first release assumed",
  },
} as const satisfies Record<string, Commit>;
