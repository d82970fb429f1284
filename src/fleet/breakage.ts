/** What is broken of a host itself, all its faults together; what they do to its configuration is not in it. */

/** `error`: status 500; `truncated`: a body that ends in the middle. */
export const SCRAPE_ANSWERS = ["error", "truncated"] as const;
export type ScrapeAnswer = (typeof SCRAPE_ANSWERS)[number];

export interface Breakage {
  readonly down: boolean;
  readonly scrapeDelayMs: number;
  readonly scrapeError: ScrapeAnswer | null;
  readonly stuckCounters: boolean;
  /** How far the wall clock is ahead. */
  readonly clockAheadSeconds: number;
}

/** Nothing is broken. */
export const SOUND: Breakage = { down: false, scrapeDelayMs: 0, scrapeError: null, stuckCounters: false, clockAheadSeconds: 0 };
