/**
 * Which files make a configuration, in which order, and what their content hashes to. Loader and
 * watcher both ask here, so they never disagree on what a change is.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigError } from "./error.ts";
import type { OwnFolder } from "./own.ts";
import { FILE_BYTES_MAX, type SourceText } from "./source.ts";

export const MAIN_FILE = "fleet.yaml";
export const STATE_FILE = "overrides.yaml";

const isConfigFile = (name: string): boolean => name.endsWith(".yaml") && !name.startsWith(".");
/** No such file, or no directory where one was looked for. */
const isMissing = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Paths of a directory's configuration files: `fleet.yaml`, then the others in byte order of name. */
export async function configPaths(dir: string): Promise<string[]> {
  const names = (await readdir(dir)).filter(isConfigFile);
  const others = names.filter((name) => name !== MAIN_FILE).toSorted(byBytes);
  const ordered = names.includes(MAIN_FILE) ? [MAIN_FILE, ...others] : others;
  return ordered.map((name) => join(dir, name));
}

/** Where kernels and workloads of one's own are: `kernels/<name>.yaml`, `workloads/<name>.yaml`. */
export const ownDir = (dir: string, folder: OwnFolder): string => join(dir, folder);

/** Paths of the own files of a kind beside a configuration, in byte order of name; most have none. */
export async function ownPaths(dir: string, folder: OwnFolder): Promise<string[]> {
  const names = await readdir(ownDir(dir, folder)).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names
    .filter(isConfigFile)
    .toSorted(byBytes)
    .map((name) => join(ownDir(dir, folder), name));
}

/** Files that look as if they were meant, but are not read for their name. */
export async function misnamedPaths(dir: string): Promise<string[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(".yml") && !name.startsWith("."));
  return names.toSorted(byBytes).map((name) => join(dir, name));
}

/**
 * Reads a file of text, or says why not. A directory named like a file is null, for it is none
 * of ours; so is a missing file where it may be missing.
 */
export async function readText(path: string, mayBeMissing = false): Promise<SourceText | ConfigError | null> {
  const whole = { file: path, line: 0, column: 0, key: "" };
  try {
    const facts = await stat(path);
    const { size } = facts;
    if (facts.isDirectory()) return null;
    if (size > FILE_BYTES_MAX) return { ...whole, message: `expected a file of at most ${FILE_BYTES_MAX} bytes, came ${size}` };
    return { file: path, text: await readFile(path, "utf8") };
  } catch (error) {
    if (mayBeMissing && isMissing(error)) return null;
    return { ...whole, message: `cannot be read: ${(error as Error).message}` };
  }
}

/** A hash of names and contents; the order counts. */
export function hashOf(sources: readonly SourceText[]): string {
  const hash = createHash("sha256");
  for (const { file, text } of sources) hash.update(`${file}\0${text}\0`);
  return hash.digest("hex");
}
