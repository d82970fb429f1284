/**
 * The next event of a host: a winner tree over a fixed number of actors, each of which has one
 * next event. An actor's key is replaced in log2(n) steps without a branch that the CPU could
 * mispredict, nothing is allocated, and ties go to the lower actor: the stated order of simultaneous
 * events.
 *
 * Keys are whole cycles since a base that moves with time, as 32-bit integers; what is further
 * away than `HORIZON` counts as "later" until the base has come closer.
 */
const LATER = 2 ** 30;
/** The same, for others: within its own module V8 folds a constant only if it is not exported. */
export const HORIZON = LATER;

export class EventTree {
  private readonly leaves: number;
  /**
   * Node i has children 2i and 2i + 1; leaves start at `leaves`; node 1 is the root. At 2i stands
   * the key of the node's first event, at 2i + 1 the actor whose event it is.
   */
  private readonly nodes: Int32Array;
  private base = -0;

  constructor(actors: number) {
    this.leaves = 2 ** Math.max(1, Math.ceil(Math.log2(Math.max(actors, 2))));
    this.nodes = Int32Array.from({ length: 4 * this.leaves }, (_, i) => (i % 2 === 0 ? LATER : this.leftmost(Math.max(i >> 1, 1))));
  }

  /** Sets when the actor acts next (Infinity: never); not before the base. */
  set(actor: number, at: number): void {
    const { nodes } = this;
    const away = at - this.base;
    let key = away < LATER ? away | 0 : LATER;
    let winner = actor;
    let node = actor + this.leaves;
    nodes[2 * node] = key;
    while (node > 1) {
      const rival = 2 * (node ^ 1);
      const distance = ((nodes[rival] as number) - key) | 0;
      // All ones when the other child wins; the left child wins a tie.
      const mask = (distance - (node & 1)) >> 31;
      winner ^= (winner ^ (nodes[rival + 1] as number)) & mask;
      key = (key + (distance & mask)) | 0;
      node >>= 1;
      nodes[2 * node] = key;
      nodes[2 * node + 1] = winner;
    }
  }

  /** The actor that acts next. */
  first(): number {
    return this.nodes[3] as number;
  }

  /** Cycles from the base to when it acts; HORIZON when nothing happens before. */
  firstAway(): number {
    return this.nodes[2] as number;
  }

  /** Moves the base to `now`; the caller sets every actor anew. */
  rebase(now: number): void {
    this.base = now;
  }

  private leftmost(node: number): number {
    let at = node;
    while (at < this.leaves) at *= 2;
    return at - this.leaves;
  }
}
