/** Durations on the command line: `10s`, `500ms`, `2m`. */

const SECONDS = { ms: 0.001, s: 1, m: 60 } as const;

/** Seconds of a duration above 0, or null when the text is none. */
export function parseDuration(text: string): number | null {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  if (found === null) return null;
  const seconds = Number(found[1]) * SECONDS[found[2] as keyof typeof SECONDS];
  return seconds > 0 ? seconds : null;
}
