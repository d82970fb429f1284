/**
 * perf's statistics of one kind of event: how often, how long, how spread out. Times are whole
 * nanoseconds, as perf has them.
 *
 * Linux tools/perf/util/stat.c update_stats, stddev_stats; tools/perf/builtin-kvm.c.
 */
export class PerfEvents {
  samples = 0;
  totalNs = 0;
  minNs = Infinity;
  maxNs = 0;
  private mean = 0;
  /** Sum of squared distances from the mean. */
  private squares = 0;

  add(ns: number): void {
    this.samples++;
    this.totalNs += ns;
    if (ns < this.minNs) this.minNs = ns;
    if (ns > this.maxNs) this.maxNs = ns;
    const delta = ns - this.mean;
    this.mean += delta / this.samples;
    this.squares += delta * (ns - this.mean);
  }

  /** Adds events of the same reason that were counted apart. */
  merge(other: PerfEvents): void {
    if (other.samples === 0) return;
    const samples = this.samples + other.samples;
    const delta = other.mean - this.mean;
    this.squares += other.squares + (delta * delta * this.samples * other.samples) / samples;
    this.mean += (delta * other.samples) / samples;
    this.samples = samples;
    this.totalNs += other.totalNs;
    this.minNs = Math.min(this.minNs, other.minNs);
    this.maxNs = Math.max(this.maxNs, other.maxNs);
  }

  get meanNs(): number {
    return this.samples === 0 ? 0 : this.totalNs / this.samples;
  }

  /** What perf prints behind the average: the standard error of the mean, relative to it. */
  get relativeError(): number {
    if (this.samples < 2 || this.mean === 0) return 0;
    return Math.sqrt(this.squares / (this.samples - 1) / this.samples) / this.mean;
  }
}
