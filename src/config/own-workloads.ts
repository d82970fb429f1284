/**
 * Workloads of one's own, `workloads/<name>.yaml`: what is missing there the guest does not do.
 * Pure; errors are values.
 */
import { basename } from "node:path";
import { QUIET } from "../guest/workload.ts";
import type { OwnWorkload, WorkloadChoice } from "../guest/workload-choice.ts";
import { WORKLOAD_NAMES, type WorkloadName } from "../guest/workloads.ts";
import type { ConfigError } from "./error.ts";
import { issuesOf, type Issue } from "./issues.ts";
import { isForbiddenKey, isMap, ownValue } from "./merge.ts";
import { Source, type SourceText } from "./source.ts";
import { nearest } from "./suggest.ts";
import { WORKLOAD_NAME, workloadFileSchema } from "./workload-schema.ts";

/** Own workloads by name. */
export type OwnWorkloads = ReadonlyMap<string, OwnWorkload>;

export interface WorkloadsRead {
  /** Those without an error. */
  readonly workloads: OwnWorkloads;
  /** Every name that `workload:` may say, names of files with an error included. */
  readonly names: readonly string[];
  readonly errors: readonly ConfigError[];
}

const isBuiltIn = (name: string): name is WorkloadName => (WORKLOAD_NAMES as readonly string[]).includes(name);

/** The workload of a name, if there is one. */
export const workloadNamed = (name: string, own: OwnWorkloads): WorkloadChoice | undefined => (isBuiltIn(name) ? name : own.get(name));

/** Reads the files of a `workloads` directory. */
export function readWorkloads(texts: readonly SourceText[]): WorkloadsRead {
  const read = texts.map((text) => readWorkload(basename(text.file, ".yaml"), new Source(text)));
  const names = [...WORKLOAD_NAMES, ...read.map(({ name }) => name)];
  const workloads = new Map(read.flatMap(({ name, workload }) => (workload === undefined ? [] : [[name, workload] as const])));
  return { workloads, names, errors: read.flatMap(({ errors }) => errors) };
}

function readWorkload(name: string, source: Source): { name: string; workload?: OwnWorkload; errors: ConfigError[] } {
  const message = nameProblem(name);
  const value = source.value ?? {};
  const issues = source.value === undefined && source.errors.length > 0 ? [] : issuesOf(workloadFileSchema, value);
  const errors = [
    ...source.errors,
    ...(message === null ? [] : [{ file: source.file, line: 0, column: 0, key: "", message }]),
    ...issues.map(({ path, at, words }) => source.error(path, at, words)),
  ];
  if (errors.length > 0) return { name, errors };
  const { background, rhythm, ...said } = workloadFileSchema.parse(value);
  const workload = {
    ...QUIET,
    doc: "",
    source: "",
    ...defined(said),
    rhythm: { ...QUIET.rhythm, ...defined(rhythm ?? {}) },
    background: { ...QUIET.background, ...defined(background ?? {}) },
    name,
  };
  return { name, workload, errors };
}

/** Without keys that are there and say nothing. */
const defined = <T extends object>(map: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };

function nameProblem(name: string): string | null {
  if (isBuiltIn(name)) return `expected a name of its own, came ${JSON.stringify(name)}, which is a workload of the catalogue`;
  if (WORKLOAD_NAME.test(name) && !isForbiddenKey(name)) return null;
  return `expected a name of a-z, 0-9, dots, _ and -, that begins with a letter (at most 40 characters), came ${JSON.stringify(name)}`;
}

/** Workloads that the guests of a host specification name and that nobody has. */
export function unknownWorkloads(body: unknown, path: readonly (string | number)[], names: readonly string[]): Issue[] {
  const guests = isMap(body) ? ownValue(body, "guests") : undefined;
  if (!isMap(guests)) return [];
  return Object.entries(guests).flatMap(([guest, keys]) => {
    const name = isMap(keys) ? ownValue(keys, "workload") : undefined;
    if (typeof name !== "string" || !WORKLOAD_NAME.test(name) || names.includes(name)) return [];
    const suggestion = nearest(name, names);
    const [expected, came] = [names.join(" | "), JSON.stringify(name)];
    const words = { message: `expected ${expected}, came ${came}`, expected, came, ...(suggestion === undefined ? {} : { suggestion }) };
    return [{ path: [...path, "guests", guest, "workload"], at: "value", words } as const];
  });
}
