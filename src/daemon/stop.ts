/** Signals: the first asks the daemon to stop, the second ends it at once. */
import { constants } from "node:os";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Takes over SIGTERM and SIGINT; needed before anything else, for as PID 1 a process ignores
 * what it has no handler for. Resolves with the first signal.
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first = true;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (!first) process.exit(128 + constants.signals[signal]);
        first = false;
        resolve(signal);
      });
    }
  });
}
