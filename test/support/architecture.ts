/**
 * The rules of the source tree (src/README.md), each a function from the files to the sentences
 * that say what is wrong. The linter knows some of them too; these see the tree as a whole.
 */
import { posix } from "node:path";
import type { SourceFile } from "./source-file.ts";

export const LAYERS = ["lib", "sim", "hw", "guest", "cost", "kvm", "fleet", "config", "metrics", "http", "daemon", "cli", "main"] as const;
type Layer = (typeof LAYERS)[number];
const LAST_PURE: Layer = "fleet";

/** A catalogue, and the folder whose every file it must list. */
export const CATALOGUES = {
  "src/hw/cpus.ts": "src/hw/cpus",
  "src/kvm/kernels.ts": "src/kvm/kernels",
  "src/kvm/patches.ts": "src/kvm/patches",
  "src/kvm/mitigations.ts": "src/kvm/mitigations",
  "src/kvm/exits.ts": "src/kvm/exits",
  "src/guest/workloads.ts": "src/guest/workloads",
} as const;

const LINES_MAX = 300;
const IMPURE_NAMES = [
  "Date",
  "Math.random",
  "performance",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "process",
  "console",
  "fetch",
  "crypto",
  "Buffer",
  "globalThis",
  "require",
];

export function wrongLayers(files: readonly SourceFile[]): string[] {
  const strays = files.filter((file) => layerOf(file.path) === -1).map((file) => `${file.path} is in no layer: ${LAYERS.join(" ")}`);
  const upward = edges(files)
    .map(({ from, to }) => ({ from, to, importer: layerOf(from), imported: layerOf(to) }))
    .filter(({ importer, imported }) => importer !== -1 && imported > importer)
    .map(({ from, to, importer, imported }) => `${from} imports ${to}: ${LAYERS[importer]} stands left of ${LAYERS[imported]}`);
  return [...strays, ...upward];
}

export function impurities(files: readonly SourceFile[]): string[] {
  return files
    .filter(isPure)
    .flatMap((file) => [
      ...file.imports.filter(isPackage).map((name) => `${file.path} imports ${name}: pure layers import no package and nothing of node:`),
      ...IMPURE_NAMES.filter((name) => file.names.has(name)).map((name) => `${file.path} uses ${name}: time, chance and I/O are handed in`),
    ]);
}

/** prom-client is imported in one file, so that it can be replaced there. */
export function promClientOutsideItsFile(files: readonly SourceFile[]): string[] {
  const importers = files.filter((file) => file.imports.includes("prom-client")).map((file) => file.path);
  const inPlace = importers.length <= 1 && importers.every((path) => path.startsWith("src/metrics/"));
  return inPlace ? [] : [`prom-client is imported by ${importers.join(" and ")}: one file of src/metrics does`];
}

export function nodeCronOutsideTheDaemon(files: readonly SourceFile[]): string[] {
  const importers = files.filter((file) => file.imports.includes("node-cron") && !file.path.startsWith("src/daemon/"));
  return importers.map((file) => `node-cron is imported by ${file.path}: schedules are run by src/daemon`);
}

/** Files that import each other in a circle, each circle once. `import type` counts. */
export function cycles(files: readonly SourceFile[]): string[] {
  const targets = new Map<string, string[]>(files.map((file) => [file.path, []]));
  for (const { from, to } of edges(files)) targets.get(from)?.push(to);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) found.push([...trail.slice(start), path].join(" → "));
    if (start !== -1 || done.has(path)) return;
    for (const to of targets.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  return found;
}

export function missingFiles(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map((file) => file.path));
  return edges(files).flatMap(({ from, to }) => (known.has(to) ? [] : [`${from} imports ${to}, which does not exist`]));
}

export function barrels(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => /\/(index|utils?|helpers?)\.ts$/.test(file.path))
    .map((file) => `${file.path}: name the file after its concept`);
}

export function longFiles(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => file.lines > LINES_MAX)
    .map((file) => `${file.path} has ${file.lines} lines, ${LINES_MAX} is the most: split it by concept`);
}

/** Files of a catalogue's folder that the catalogue does not import. */
export function outsideTheirCatalogue(files: readonly SourceFile[]): string[] {
  const listed = new Set(edges(files).map(({ from, to }) => `${from} ${to}`));
  return Object.entries(CATALOGUES).flatMap(([catalogue, folder]) =>
    files
      .filter((file) => posix.dirname(file.path) === folder && !listed.has(`${catalogue} ${file.path}`))
      .map((file) => `${file.path} is not in ${catalogue}`),
  );
}

interface Edge {
  readonly from: string;
  readonly to: string;
}

function edges(files: readonly SourceFile[]): Edge[] {
  return files.flatMap((file) =>
    file.imports
      .filter((specifier) => !isPackage(specifier))
      .map((specifier) => ({ from: file.path, to: posix.join(posix.dirname(file.path), specifier) })),
  );
}

const isPackage = (specifier: string): boolean => !specifier.startsWith(".");
/** Place of a file's layer in the order; -1 for a file in none. */
const layerOf = (path: string): number => (LAYERS as readonly string[]).indexOf((path.split("/")[1] ?? "").replace(/\.ts$/, ""));
const isPure = (file: SourceFile): boolean => layerOf(file.path) <= LAYERS.indexOf(LAST_PURE);
