/**
 * The kernel of a host or of a guest, as a specification carries it: a name of the catalogue, or
 * a kernel of one's own as a value. A value, so that two specifications are equal exactly when
 * their kernels are, and an edited kernel is a change like any other.
 */
import type { CommitName } from "./commits.ts";
import { type Kernel, kernelFromCommits } from "./kernel-from-commits.ts";
import { type KernelName, KERNELS } from "./kernels.ts";

/** A kernel of one's own; what its bases of one's own took is among its commits. */
export interface OwnKernel {
  readonly name: string;
  readonly base: KernelName;
  readonly commits: readonly CommitName[];
}

export type KernelChoice = KernelName | OwnKernel;

/** The name by which people know it. */
export const kernelNameOf = (choice: KernelChoice): string => (typeof choice === "string" ? choice : choice.name);

/** What KVM of that kernel is. */
export const kernelOf = (choice: KernelChoice): Kernel =>
  typeof choice === "string" ? KERNELS[choice] : kernelFromCommits(choice.name, KERNELS[choice.base], choice.commits);
