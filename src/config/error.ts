/**
 * An error of the configuration, as precise as the file allows: where, which key, what was
 * expected, what came. `message` says it all in one sentence; the parts are for programs.
 */
export type KeyPath = readonly (string | number)[];

export interface ConfigError {
  readonly file: string;
  /** Both count from 1; 0 when the error is of the file as a whole. */
  readonly line: number;
  readonly column: number;
  /** Dotted path: `groups[0].kernel`; empty when no key is concerned. */
  readonly key: string;
  readonly message: string;
  readonly expected?: string;
  readonly came?: string;
  readonly suggestion?: string;
}

/** What an error says, without its place. */
export type ErrorWords = Pick<ConfigError, "message" | "expected" | "came" | "suggestion">;

/** `groups[0].guests.web.vcpus`. */
export function dotted(path: KeyPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

/** What came, short enough for a sentence. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a map";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

/** Order in which a reader goes through the errors of one file. */
export const byPlace = (a: ConfigError, b: ConfigError): number => a.line - b.line || a.column - b.column;
