/**
 * Kernels of one's own, `kernels/<name>.yaml`: a base and the commits on top. Bases may be own
 * kernels, too; a chain ends at a kernel of the catalogue. Pure; errors and warnings are values.
 */
import { basename } from "node:path";
import { type CommitName, findCommit } from "../kvm/commits.ts";
import type { KernelChoice, OwnKernel } from "../kvm/kernel-choice.ts";
import { kernelOf } from "../kvm/kernel-choice.ts";
import { commitWarnings } from "../kvm/kernel-from-commits.ts";
import { KERNEL_NAMES, type KernelName } from "../kvm/kernels.ts";
import type { ConfigError } from "./error.ts";
import { issuesOf, type Issue } from "./issues.ts";
import { KERNEL_NAME, kernelFileSchema } from "./kernel-schema.ts";
import { isForbiddenKey, isMap, ownValue } from "./merge.ts";
import { Source, type SourceText } from "./source.ts";
import { nearest } from "./suggest.ts";

/** Own kernels by name. */
export type OwnKernels = ReadonlyMap<string, OwnKernel>;

export interface KernelsRead {
  /** Those without an error. */
  readonly kernels: OwnKernels;
  /** Every name that `kernel:` may say, names of files with an error included. */
  readonly names: readonly string[];
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigError[];
}

interface KernelFile {
  readonly name: string;
  readonly source: Source;
  readonly base: string;
  readonly commits: readonly string[];
}

const isBuiltIn = (name: string): name is KernelName => (KERNEL_NAMES as readonly string[]).includes(name);

/** The kernel of a name, if there is one. */
export const kernelNamed = (name: string, own: OwnKernels): KernelChoice | undefined => (isBuiltIn(name) ? name : own.get(name));

/** Reads the files of a `kernels` directory. */
export function readKernels(texts: readonly SourceText[]): KernelsRead {
  const sources = texts.map((text) => ({ name: basename(text.file, ".yaml"), source: new Source(text) }));
  const names = [...KERNEL_NAMES, ...sources.map(({ name }) => name)];
  const read = sources.map(({ name, source }) => readKernel(name, source, names));
  const files = new Map(read.flatMap(({ file }) => (file === undefined ? [] : [[file.name, file] as const])));
  const resolved = [...files.values()].map((file) => resolve(file, files));
  const kernels = new Map(resolved.flatMap(({ kernel }) => (kernel === undefined ? [] : [[kernel.name, kernel] as const])));
  const errors = [...read.flatMap((one) => one.errors), ...resolved.flatMap((one) => one.errors)];
  return { kernels, names, errors, warnings: errors.length > 0 ? [] : [...files.values()].flatMap((file) => oddities(file, kernels)) };
}

/** One file by itself: its name, its keys, and that its base exists. */
function readKernel(name: string, source: Source, names: readonly string[]): { file?: KernelFile; errors: ConfigError[] } {
  const nameError = nameProblem(name);
  const errors = [
    ...source.errors,
    ...(nameError === null ? [] : [{ file: source.file, line: 0, column: 0, key: "", message: nameError }]),
  ];
  const value = source.value ?? {};
  const issues = source.value === undefined && source.errors.length > 0 ? [] : issuesOf(kernelFileSchema, value);
  const unknown = issues.length > 0 ? [] : unknownName(ownValue(value as Readonly<Record<string, unknown>>, "base"), ["base"], names);
  errors.push(...[...issues, ...unknown].map(({ path, at, words }) => source.error(path, at, words)));
  return errors.length > 0 ? { errors } : { file: { name, source, ...kernelFileSchema.parse(value) }, errors };
}

function nameProblem(name: string): string | null {
  if (isBuiltIn(name)) return `expected a name of its own, came ${JSON.stringify(name)}, which is a kernel of the catalogue`;
  if (KERNEL_NAME.test(name) && !isForbiddenKey(name)) return null;
  return `expected a name of a-z, 0-9, dots and -, that begins with a letter (at most 40 characters), came ${JSON.stringify(name)}`;
}

/** Follows the bases down to the catalogue. */
function resolve(file: KernelFile, files: ReadonlyMap<string, KernelFile>): { kernel?: OwnKernel; errors: ConfigError[] } {
  const chain: KernelFile[] = [file];
  for (;;) {
    const { base } = chain.at(-1) as KernelFile;
    if (isBuiltIn(base)) {
      const commits = chain.toReversed().flatMap((link) => commitsOf(link).map(({ commit }) => commit));
      return { kernel: { name: file.name, base, commits: [...new Set(commits)] }, errors: [] };
    }
    const next = files.get(base);
    // A base with an error of its own is reported there.
    if (next === undefined) return { errors: [] };
    if (chain.includes(next)) {
      const loop = [...chain.slice(chain.indexOf(next)).map(({ name }) => name), base].join(" → ");
      const words = { message: `expected a base that ends at a kernel of the catalogue, came ${JSON.stringify(file.base)} (${loop})` };
      return { errors: next === file ? [file.source.error(["base"], "value", words)] : [] };
    }
    chain.push(next);
  }
}

/** The commits of a file that change something, each with its place. */
function commitsOf({ commits }: KernelFile): { readonly commit: CommitName; readonly index: number }[] {
  return commits.flatMap((name, index) => {
    const found = findCommit(name);
    return found !== undefined && "commit" in found ? [{ commit: found.commit, index }] : [];
  });
}

/** What is likely not meant so, at the commit that it is about. */
function oddities(file: KernelFile, kernels: OwnKernels): ConfigError[] {
  const base = kernelNamed(file.base, kernels);
  if (base === undefined) return [];
  const taken = commitsOf(file);
  const at = (index: number, message: string): ConfigError => file.source.error(["commits", index], "value", { message });
  const warnings = commitWarnings(
    kernelOf(base),
    taken.map(({ commit }) => commit),
  );
  const idle = file.commits.flatMap((name, index) => {
    const found = findCommit(name);
    return found !== undefined && "withoutEffect" in found ? [at(index, `${name} changes nothing here: ${found.withoutEffect}`)] : [];
  });
  return [...warnings.map(({ commit, message }) => at(taken.find((one) => one.commit === commit)?.index ?? 0, message)), ...idle];
}

/** Kernels that a host specification names and that nobody has, for itself and for its guests. */
export function unknownKernels(body: unknown, path: readonly (string | number)[], names: readonly string[]): Issue[] {
  if (!isMap(body)) return [];
  const guests = ownValue(body, "guests");
  const ofGuests = isMap(guests) ? Object.entries(guests) : [];
  return [
    ...unknownName(ownValue(body, "kernel"), [...path, "kernel"], names),
    ...ofGuests.flatMap(([guest, keys]) =>
      isMap(keys) ? unknownName(ownValue(keys, "kernel"), [...path, "guests", guest, "kernel"], names) : [],
    ),
  ];
}

function unknownName(name: unknown, path: readonly (string | number)[], names: readonly string[]): Issue[] {
  if (typeof name !== "string" || !KERNEL_NAME.test(name) || names.includes(name)) return [];
  const suggestion = nearest(name, names);
  const expected = names.join(" | ");
  const came = JSON.stringify(name);
  const words = { message: `expected ${expected}, came ${came}`, expected, came, ...(suggestion === undefined ? {} : { suggestion }) };
  return [{ path, at: "value", words }];
}
