/** Runs long work beside everything else of the process: a few milliseconds at a time. */
import { setImmediate as nextTurn } from "node:timers/promises";

/** As long as the event loop may wait for it. */
const SLICE_MS = 4;

/** Why the work was given up. */
export class GivenUp extends Error {
  override name = "GivenUp";
  readonly reason: "gone" | "late";

  constructor(reason: "gone" | "late") {
    super(reason === "gone" ? "whoever asked is gone" : "it took too long");
    this.reason = reason;
  }
}

/** The result of a generator. Throws GivenUp when the signal says so, or when it took longer than `msMax`. */
export async function inSlices<T>(work: Generator<unknown, T>, signal: AbortSignal, msMax: number): Promise<T> {
  const startMs = performance.now();
  for (;;) {
    const endMs = performance.now() + SLICE_MS;
    do {
      const step = work.next();
      if (step.done === true) return step.value;
    } while (performance.now() < endMs);
    // A turn of the event loop: the emulation, scrapes and timers go on.
    await nextTurn();
    if (signal.aborted) throw new GivenUp("gone");
    if (performance.now() - startMs > msMax) throw new GivenUp("late");
  }
}
