/** A histogram of wall-clock durations that the daemon keeps of itself. */
import { histogramSeries } from "./from-counters.ts";
import { samplesOf, type Labels, type Sample } from "./metric.ts";

export class DurationHistogram {
  readonly #edges: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** @param edges upper bounds in seconds, ascending. */
  constructor(edges: readonly number[]) {
    this.#edges = edges;
    this.#counts = edges.map(() => 0).concat(0);
  }

  /** Counts one duration, in seconds. */
  observe(seconds: number): void {
    const found = this.#edges.findIndex((edge) => seconds <= edge);
    const bucket = found < 0 ? this.#edges.length : found;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += seconds;
  }

  samples(name: string, labels: Labels): Sample[] {
    let total = 0;
    const cumulative = this.#counts.map((count) => (total += count));
    return samplesOf(name, histogramSeries(this.#edges, labels), [...cumulative, this.#sum, total]);
  }
}
