/** Durations as a flag takes them: a number and its unit. */
import { InvalidArgumentError } from "commander";

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };
const MAX_SECONDS = 24 * 3600;

/** Seconds of a text such as 10s, 500ms or 2m. */
export function duration(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const seconds = Number(number) * (SECONDS[unit] ?? 0);
  if (!(seconds > 0 && seconds <= MAX_SECONDS)) throw new InvalidArgumentError("Expected a time such as 10s, 500ms or 2m, at most 24h.");
  return seconds;
}
