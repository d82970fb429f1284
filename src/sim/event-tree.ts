/**
 * The next event of a host: a winner tree over a fixed number of actors, each of which has one
 * next event. An actor's key is replaced in log2(n) comparisons, nothing is allocated, and ties
 * go to the lower actor: the stated order of simultaneous events.
 */
export class EventTree {
  private readonly leaves: number;
  private readonly keys: Float64Array;
  /** winner[1] is the root; node i has children 2i and 2i + 1. */
  private readonly winner: Int32Array;

  constructor(actors: number) {
    this.leaves = 2 ** Math.max(1, Math.ceil(Math.log2(Math.max(actors, 2))));
    this.keys = new Float64Array(this.leaves).fill(Infinity);
    this.winner = new Int32Array(this.leaves);
    for (let node = this.leaves - 1; node >= 1; node--) this.winner[node] = this.leftmost(node);
  }

  /** Sets when the actor acts next (Infinity: never). */
  set(actor: number, at: number): void {
    const { keys, winner, leaves } = this;
    if (keys[actor] === at) return;
    keys[actor] = at;
    let node = (actor + leaves) >> 1;
    // The lowest level compares leaves, the levels above compare winners.
    let left = actor & ~1;
    let best = (keys[left] as number) <= (keys[left + 1] as number) ? left : left + 1;
    winner[node] = best;
    while (node > 1) {
      const sibling = winner[node ^ 1] as number;
      left = (node & 1) === 0 ? best : sibling;
      const right = (node & 1) === 0 ? sibling : best;
      best = (keys[left] as number) <= (keys[right] as number) ? left : right;
      node >>= 1;
      winner[node] = best;
    }
  }

  /** The actor that acts next. */
  first(): number {
    return this.winner[1] as number;
  }

  /** When an actor acts next. */
  at(actor: number): number {
    return this.keys[actor] as number;
  }

  /** Moves all events by `delta` (a rebase of the time axis). */
  shift(delta: number): void {
    for (let i = 0; i < this.keys.length; i++) this.keys[i] = (this.keys[i] as number) + delta;
  }

  private leftmost(node: number): number {
    let at = node;
    while (at < this.leaves) at *= 2;
    return at - this.leaves;
  }
}
