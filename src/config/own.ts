/** What specifications may name besides the catalogues: the files of `kernels/` and of `workloads/`. */
import { KERNEL_NAMES } from "../kvm/kernels.ts";
import { WORKLOAD_NAMES } from "../guest/workloads.ts";
import type { ConfigError } from "./error.ts";
import type { Issue } from "./issues.ts";
import { type OwnKernels, readKernels, unknownKernels } from "./own-kernels.ts";
import { type OwnWorkloads, readWorkloads, unknownWorkloads } from "./own-workloads.ts";
import type { SourceText } from "./source.ts";

/** Folders beside a configuration, one for each kind. */
export const OWN_FOLDERS = ["kernels", "workloads"] as const;
export type OwnFolder = (typeof OWN_FOLDERS)[number];

export interface Own {
  readonly kernels: OwnKernels;
  readonly workloads: OwnWorkloads;
}
export const NO_OWN: Own = { kernels: new Map(), workloads: new Map() };

/** Every name that a specification may say, by kind. */
export type OwnNames = Readonly<Record<OwnFolder, readonly string[]>>;
export const CATALOGUE_NAMES: OwnNames = { kernels: KERNEL_NAMES, workloads: WORKLOAD_NAMES };

/** Names of the catalogues and of own ones without an error. */
export const namesOf = (own: Own): OwnNames => ({
  kernels: [...KERNEL_NAMES, ...own.kernels.keys()],
  workloads: [...WORKLOAD_NAMES, ...own.workloads.keys()],
});

export interface OwnRead extends Own {
  /** Names of files with an error included. */
  readonly names: OwnNames;
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigError[];
}

export function readOwn(texts: Readonly<Record<OwnFolder, readonly SourceText[]>>): OwnRead {
  const { kernels, ...ofKernels } = readKernels(texts.kernels);
  const { workloads, ...ofWorkloads } = readWorkloads(texts.workloads);
  return {
    kernels,
    workloads,
    names: { kernels: ofKernels.names, workloads: ofWorkloads.names },
    errors: [...ofKernels.errors, ...ofWorkloads.errors],
    warnings: ofKernels.warnings,
  };
}

/** Kernels and workloads that a host specification names and that nobody has. */
export const unknownNames = (body: unknown, path: readonly (string | number)[], names: OwnNames): Issue[] => [
  ...unknownKernels(body, path, names.kernels),
  ...unknownWorkloads(body, path, names.workloads),
];
