/**
 * A histogram whose buckets are a constant share of their value wide: every power of two is cut
 * into 64, so a quantile is right within 1.6 % wherever it lies. Small values are counted exactly.
 */

const BITS = 6;
const STEPS = 2 ** BITS;
/** Values from here on share the last bucket. */
const POWERS = 40;
const BUCKETS = (POWERS - BITS + 1) * STEPS;

/** Bucket of a value that is not negative. */
function bucketOf(value: number): number {
  if (value < STEPS) return Math.floor(value);
  const power = Math.floor(Math.log2(value));
  const within = Math.floor(value / 2 ** (power - BITS)) - STEPS;
  return Math.min((power - BITS + 1) * STEPS + within, BUCKETS - 1);
}

/** Least value of a bucket. */
function lowerEdge(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const power = Math.floor(bucket / STEPS) - 1;
  return (STEPS + (bucket % STEPS)) * 2 ** power;
}

export class LogHistogram {
  count = 0;
  sum = 0;
  private readonly buckets = new Float64Array(BUCKETS);

  add(value: number): void {
    const bucket = bucketOf(value);
    this.buckets[bucket] = (this.buckets[bucket] as number) + 1;
    this.count++;
    this.sum += value;
  }

  /** Adds another histogram, each of its values `times` over; a negative number takes it out again. */
  addAll(other: LogHistogram, times = 1): void {
    for (let i = 0; i < BUCKETS; i++) this.buckets[i] = (this.buckets[i] as number) + times * (other.buckets[i] as number);
    this.count += times * other.count;
    this.sum += times * other.sum;
  }

  /** The mean, or null without a value. */
  mean(): number | null {
    return this.count > 0 ? this.sum / this.count : null;
  }

  /** The value that a share of all is at most, interpolated within its bucket; null without a value. */
  quantile(share: number): number | null {
    if (this.count <= 0) return null;
    const wanted = share * this.count;
    let below = 0;
    for (let i = 0; i < BUCKETS; i++) {
      const here = this.buckets[i] as number;
      if (here > 0 && below + here >= wanted) {
        const low = lowerEdge(i);
        return low + (lowerEdge(i + 1) - low) * ((wanted - below) / here);
      }
      below += here;
    }
    return lowerEdge(BUCKETS);
  }
}
