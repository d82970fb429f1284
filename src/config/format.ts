/** Renders configuration errors for people: `fleet.yaml:12:5: groups[0].kernal: unknown key; did you mean "kernel"?` */
import type { ConfigError } from "./error.ts";

/** One error as one line. */
export function formatConfigError(error: ConfigError): string {
  const where = error.line === 0 ? error.file : `${error.file}:${error.line}:${error.column}`;
  const key = error.key === "" ? "" : ` ${error.key}:`;
  const hint = error.suggestion === undefined ? "" : `; did you mean ${JSON.stringify(error.suggestion)}?`;
  return `${where}:${key} ${error.message}${hint}`;
}

/** One line per error, in the order given. */
export function formatConfigErrors(errors: readonly ConfigError[]): string {
  return errors.map(formatConfigError).join("\n");
}
