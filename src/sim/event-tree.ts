/**
 * The next event of a host: a winner tree over a fixed number of actors, each of which has one
 * next event. An actor's key is replaced in log2(n) steps without a branch that the CPU could
 * mispredict, nothing is allocated, and ties go to the lower actor: the stated order of simultaneous
 * events.
 *
 * Keys are whole cycles since a base that moves with time, as 32-bit integers; what is further
 * away than `HORIZON` counts as "later" until the base has come closer.
 */
export const HORIZON = 2 ** 30;

export class EventTree {
  private readonly leaves: number;
  /** Node i has children 2i and 2i + 1; leaves start at `leaves`; node 1 is the root. */
  private readonly keys: Int32Array;
  private readonly winners: Int32Array;
  private base = -0;

  constructor(actors: number) {
    this.leaves = 2 ** Math.max(1, Math.ceil(Math.log2(Math.max(actors, 2))));
    this.keys = new Int32Array(2 * this.leaves).fill(HORIZON);
    this.winners = Int32Array.from({ length: 2 * this.leaves }, (_, node) => this.leftmost(Math.max(node, 1)));
  }

  /** Sets when the actor acts next (Infinity: never); not before the base. */
  set(actor: number, at: number): void {
    const { keys, winners } = this;
    const away = at - this.base;
    let key = away < HORIZON ? away | 0 : HORIZON;
    let winner = actor;
    let node = actor + this.leaves;
    keys[node] = key;
    while (node > 1) {
      const other = keys[node ^ 1] as number;
      // All ones when the other child wins; the left child wins a tie.
      const mask = (other - key - (node & 1)) >> 31;
      winner ^= (winner ^ (winners[node ^ 1] as number)) & mask;
      key += (other - key) & mask;
      node >>= 1;
      keys[node] = key;
      winners[node] = winner;
    }
  }

  /** The actor that acts next. */
  first(): number {
    return this.winners[1] as number;
  }

  /** When it acts; Infinity when nothing happens within the horizon. */
  firstAt(): number {
    const key = this.keys[1] as number;
    return key === HORIZON ? Infinity : this.base + key;
  }

  /** Whether another actor comes before `actor`, would it act at `at`. Asked of the first actor only. */
  rivalComesFirst(actor: number, at: number): boolean {
    const { keys } = this;
    const away = at - this.base;
    const key = away < HORIZON ? away | 0 : HORIZON;
    let lost = 0;
    for (let node = actor + this.leaves; node > 1; node >>= 1) lost |= (keys[node ^ 1] as number) - key - (node & 1);
    return lost < 0 || key === HORIZON;
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
