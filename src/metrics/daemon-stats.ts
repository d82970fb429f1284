/**
 * What the daemon counts of itself. The pacer, the reloads and the server add to it; a scrape
 * reads it. Times are wall-clock seconds, timestamps Unix seconds.
 */
import { DurationHistogram } from "./duration-histogram.ts";

/** Routes whose duration is measured, under their templates. */
export const SCRAPE_ROUTES = ["/metrics", "/hosts/{host}/metrics"] as const;
export type ScrapeRoute = (typeof SCRAPE_ROUTES)[number];

const SLICE_EDGES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.025, 0.05, 0.1, 0.5] as const;
const SCRAPE_EDGES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;

export interface AnsweredRequest {
  readonly route: string;
  readonly method: string;
  readonly code: string;
}

export class DaemonStats {
  readonly pace = { emulatedSeconds: 0, speedRatio: 1, lagSeconds: 0, lostSeconds: 0 };
  readonly reload = { successful: true, successTimestamp: 0, changeTimestamp: 0, succeeded: 0, failed: 0 };
  readonly config = { hash: 0, overridesActive: 0, overridesPersisted: 0 };
  readonly sliceSeconds = new DurationHistogram(SLICE_EDGES);
  readonly scrapeSeconds: Readonly<Record<ScrapeRoute, DurationHistogram>> = {
    "/metrics": new DurationHistogram(SCRAPE_EDGES),
    "/hosts/{host}/metrics": new DurationHistogram(SCRAPE_EDGES),
  };
  readonly #requests = new Map<string, { readonly labels: AnsweredRequest; count: number }>();

  countRequest(labels: AnsweredRequest): void {
    const key = `${labels.route} ${labels.method} ${labels.code}`;
    const known = this.#requests.get(key);
    if (known === undefined) this.#requests.set(key, { labels, count: 1 });
    else known.count++;
  }

  requests(): readonly { readonly labels: AnsweredRequest; readonly count: number }[] {
    return [...this.#requests.values()];
  }
}
