/**
 * A file with one host specification, as the commands take it: the body of a group, completed with defaults.
 * Kernels and workloads of one's own are those of `kernels/` and `workloads/` beside it.
 */
import { dirname } from "node:path";
import type { HostSpec } from "../kvm/host-spec.ts";
import { completeHostSpec } from "./defaults.ts";
import { byPlace, type ConfigError, dotted } from "./error.ts";
import { readText } from "./files.ts";
import { type HostSpecPatch, hostPatchSchema } from "./host-schema.ts";
import { issuesOf } from "./issues.ts";
import { loadOwn } from "./load.ts";
import { mergePatch } from "./merge.ts";
import { unknownNames } from "./own.ts";
import { type Parsed, parseHostPatch } from "./patch.ts";
import { specProblems } from "./resolve-spec.ts";
import { Source } from "./source.ts";

/** What is laid over the specification of a file, as an override's set is; `from` is what its errors call it. */
export interface SetOver {
  readonly value: unknown;
  readonly from: string;
}

/** Reads a specification file; an empty file is a host of defaults. */
export async function parseHostSpecFile(path: string, over?: SetOver): Promise<Parsed<HostSpec>> {
  const text = await readText(path);
  if (text === null) return failed([{ file: path, line: 0, column: 0, key: "", message: "expected a file, came a directory" }]);
  if (!("text" in text)) return failed([text]);
  const source = new Source(text);
  const value = source.value ?? {};
  if (isFleetFile(value)) {
    const message = "expected one host specification, the body of a group; came a fleet file with groups (fastpathd check reads those)";
    return failed([source.error(["groups"], "key", { message })]);
  }
  const issues = issuesOf(hostPatchSchema, value).map(({ path: key, at, words }) => source.error(key, at, words));
  const own = await loadOwn(dirname(path));
  const unknown = unknownNames(value, [], own.names).map(({ path: key, at, words }) => source.error(key, at, words));
  const errors = [...source.errors, ...issues, ...unknown];
  if (errors.length + own.errors.length > 0) return { ok: false, errors: [...errors.toSorted(byPlace), ...own.errors] };
  const set: Parsed<HostSpecPatch> = over === undefined ? { ok: true, value: {} } : parseHostPatch(over.value, over.from, own.names);
  if (!set.ok) return set;
  const spec = completeHostSpec(mergePatch(hostPatchSchema.parse(value), set.value), own);
  const problems = specProblems(spec).map(({ path: key, message }) =>
    over === undefined
      ? source.error(key, "value", { message })
      : { file: over.from, line: 0, column: 0, key: dotted(key), message: `${message} (over ${path})` },
  );
  return problems.length > 0 ? failed(problems) : { ok: true, value: spec };
}

const isFleetFile = (value: unknown): boolean => typeof value === "object" && value !== null && "groups" in value;

const failed = (errors: readonly ConfigError[]): Parsed<HostSpec> => ({ ok: false, errors: errors.toSorted(byPlace) });
