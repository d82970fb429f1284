/**
 * The next event of a host: a winner tree over a fixed number of actors, each of which has one
 * next event. An actor's key is replaced in log2(n) steps without a branch that the CPU could
 * mispredict, nothing is allocated, and ties go to the lower actor: the stated order of simultaneous
 * events.
 *
 * A key is one positive 32-bit integer: whole cycles since a base that moves with time, and below
 * them the actor's number, so the lesser of two keys says both when and who, ties included. What is
 * further away than the bits for cycles can say counts as "later" until the base has come closer.
 */
export class EventTree {
  /** Cycles from the base at which "later" begins. */
  readonly horizon: number;

  private readonly actorBits: number;
  private readonly leaves: number;
  /** Node i has children 2i and 2i + 1; leaves start at `leaves`; node 1 is the root. */
  private readonly keys: Int32Array;
  private base = -0;

  constructor(actors: number) {
    this.actorBits = Math.max(1, Math.ceil(Math.log2(actors)));
    this.leaves = 2 ** this.actorBits;
    this.horizon = 2 ** (31 - this.actorBits) - 1;
    this.keys = new Int32Array(2 * this.leaves).fill(2 ** 31 - 1);
  }

  /** Sets when the actor acts next (Infinity: never); not before the base. */
  set(actor: number, at: number): void {
    const { keys, horizon } = this;
    const away = at - this.base;
    let key = ((away < horizon ? away : horizon) << this.actorBits) | actor;
    let node = actor + this.leaves;
    keys[node] = key;
    while (node > 1) {
      const distance = ((keys[node ^ 1] as number) - key) | 0;
      // The sign bit, spread over all bits, selects the lesser key.
      key = (key + (distance & (distance >> 31))) | 0;
      node >>= 1;
      keys[node] = key;
    }
  }

  /** The actor that acts next. */
  first(): number {
    return (this.keys[1] as number) & (this.leaves - 1);
  }

  /** Cycles from the base to when it acts; `horizon` when nothing happens before. */
  firstAway(): number {
    return (this.keys[1] as number) >> this.actorBits;
  }

  /** Moves the base to `now`; the caller sets every actor anew. */
  rebase(now: number): void {
    this.base = now;
  }
}
