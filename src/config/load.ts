/**
 * Loads a configuration as a whole: `fleet.yaml`, the further `*.yaml` files in byte order of
 * name, then the state directory's `overrides.yaml`; besides, kernels and workloads of one's own. Either everything is right and the fleet
 * is planned, or all errors come back at once and nothing is changed.
 */
import { join } from "node:path";
import { assemble, type LoadedConfig } from "./assemble.ts";
import { byPlace, type ConfigError } from "./error.ts";
import { configPaths, hashOf, MAIN_FILE, misnamedPaths, ownDir, ownPaths, readText, STATE_FILE } from "./files.ts";
import { fleetFileSchema, stateFileSchema } from "./fleet-schema.ts";
import { type OwnFolder, type OwnRead, readOwn } from "./own.ts";
import { readParts } from "./read-file.ts";
import { Source, type SourceText } from "./source.ts";

export type LoadResult =
  | {
      readonly ok: true;
      readonly config: LoadedConfig;
      /** SHA-256 over names and contents of the files, in hex. */
      readonly hash: string;
      readonly files: readonly string[];
      readonly warnings: readonly ConfigError[];
    }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

export interface LoadOptions {
  /** Taken instead of the state directory's file: what a call would write, checked before it is written. */
  readonly stateText?: string;
}

/** Reads and checks a configuration directory, and the overrides of a state directory if one is named. */
export async function loadConfig(dir: string, stateDir?: string, options: LoadOptions = {}): Promise<LoadResult> {
  const read = await readConfigDir(dir);
  const state = stateDir === undefined ? null : await readState(join(stateDir, STATE_FILE), options);
  if (state !== null) add(state, read);
  const own = await readOwnDirs(dir);
  const parts = read.texts.map((text) => {
    const fromState = text === state;
    return { ...readParts(new Source(text), fromState ? stateFileSchema : fleetFileSchema, own.names), fromState };
  });
  const assembled = assemble(parts, own, read.errors.length > 0);
  const texts = [...read.texts, ...own.texts];
  const files = texts.map(({ file }) => file);
  const errors = inOrder([...read.errors, ...assembled.errors], files);
  if (errors.length > 0) return { ok: false, errors };
  const warnings = inOrder([...read.warnings, ...assembled.warnings], files);
  return { ok: true, config: assembled.config, hash: hashOf(texts), files, warnings };
}

interface Read {
  readonly texts: SourceText[];
  readonly errors: ConfigError[];
  readonly warnings: ConfigError[];
}

function add(result: SourceText | ConfigError, read: Read): void {
  if ("text" in result) read.texts.push(result);
  else read.errors.push(result);
}

async function readConfigDir(dir: string): Promise<Read> {
  const read: Read = { texts: [], errors: [], warnings: [] };
  try {
    const paths = await configPaths(dir);
    if (paths[0] !== join(dir, MAIN_FILE)) read.errors.push(ofFile(dir, `expected a file ${MAIN_FILE} in this directory, came none`));
    for (const path of paths) {
      const result = await readText(path);
      if (result !== null) add(result, read);
    }
    for (const path of await misnamedPaths(dir)) read.warnings.push(ofFile(path, "is not read; expected a name that ends in .yaml"));
  } catch (error) {
    read.errors.push(ofFile(dir, `expected a directory with a file ${MAIN_FILE}: ${(error as Error).message}`));
  }
  return read;
}

/** Reads the files of one folder of own ones; a configuration without the directory has none. */
async function readOwnDir(dir: string, folder: OwnFolder): Promise<Read> {
  const read: Read = { texts: [], errors: [], warnings: [] };
  try {
    for (const path of await ownPaths(dir, folder)) {
      const result = await readText(path);
      if (result !== null) add(result, read);
    }
  } catch (error) {
    read.errors.push(ofFile(ownDir(dir, folder), `cannot be read: ${(error as Error).message}`));
  }
  return read;
}

async function readOwnDirs(dir: string): Promise<OwnRead & Pick<Read, "texts">> {
  const [kernels, workloads] = await Promise.all([readOwnDir(dir, "kernels"), readOwnDir(dir, "workloads")]);
  const read = readOwn({ kernels: kernels.texts, workloads: workloads.texts });
  return { ...read, errors: [...kernels.errors, ...workloads.errors, ...read.errors], texts: [...kernels.texts, ...workloads.texts] };
}

/** Kernels and workloads of one's own beside a file that stands alone, as the commands take one. */
export const loadOwn = (dir: string): Promise<OwnRead> => readOwnDirs(dir);

function readState(path: string, { stateText }: LoadOptions): Promise<SourceText | ConfigError | null> {
  return stateText === undefined ? readText(path, true) : Promise.resolve({ file: path, text: stateText });
}

const ofFile = (file: string, message: string): ConfigError => ({ file, line: 0, column: 0, key: "", message });

/** Errors as a reader goes through them: files in the order of loading, lines from the top. */
function inOrder(errors: readonly ConfigError[], files: readonly string[]): ConfigError[] {
  const rank = (error: ConfigError): number => files.indexOf(error.file);
  return errors.toSorted((a, b) => rank(a) - rank(b) || byPlace(a, b));
}
