/** The log: JSON lines, or one readable line each on a terminal. */
import { destination, pino, type Logger } from "pino";
import pretty from "pino-pretty";

/** Logs to stdout. Writes are synchronous, so the last words of a process are not lost. */
export function createLogger(isTerminal: boolean): Logger {
  const options = {
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level: string) => ({ level }) },
  };
  const stdout = destination({ fd: 1, sync: true });
  // Whoever read the log went away: that is no reason to stop.
  stdout.on("error", () => undefined);
  return pino(
    options,
    isTerminal ? pretty({ destination: stdout, translateTime: "SYS:HH:MM:ss", ignore: "hosts", singleLine: true }) : stdout,
  );
}
