/** Configuration directories in temporary places, removed after each test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach } from "vitest";
import type { LoadedConfig } from "../../src/config/assemble.ts";
import type { ConfigError } from "../../src/config/error.ts";
import { formatConfigError } from "../../src/config/format.ts";
import { loadConfig } from "../../src/config/load.ts";

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** A directory with files by name; a name may have directories in it. */
export function tempDir(files: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), "fastpathd-config-"));
  made.push(dir);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(dir, name, ".."), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

export type Files = string | Readonly<Record<string, string>>;
const filesOf = (files: Files): Readonly<Record<string, string>> => (typeof files === "string" ? { "fleet.yaml": files } : files);

/** One line per error, with the file's bare name. */
export const lines = (errors: readonly ConfigError[]): string[] =>
  errors.map((error) => formatConfigError({ ...error, file: basename(error.file) }));

/** The errors of a configuration; empty when it is right. */
export async function errorsOf(files: Files, state?: string): Promise<string[]> {
  const result = await loadFiles(files, state);
  return result.ok ? [] : lines(result.errors);
}

export async function loadFiles(files: Files, state?: string) {
  const stateDir = state === undefined ? undefined : tempDir({ "overrides.yaml": state });
  return loadConfig(tempDir(filesOf(files)), stateDir);
}

/** A configuration that must be right. */
export async function configOf(files: Files, state?: string): Promise<LoadedConfig> {
  const result = await loadFiles(files, state);
  if (!result.ok) throw new Error(lines(result.errors).join("\n"));
  return result.config;
}

/** One group of one host with this YAML in its body. */
export async function specOf(body: string) {
  const host = (await configOf(`groups:\n  - { name: a, count: 1, ${body} }`)).hosts[0];
  if (host === undefined) throw new Error("expected one host, came none");
  return host.spec;
}
