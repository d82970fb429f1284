/** Thrown when an invariant of the emulation is broken: a fault of ours, never of the user's. */
export class InvariantBroken extends Error {
  override name = "InvariantBroken";
}

/** Stops the host whose invariant broke; the message says what should have held. */
export function assert(condition: boolean, shouldHold: string): asserts condition {
  if (!condition) throw new InvariantBroken(shouldHold);
}
