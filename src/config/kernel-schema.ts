/** The schema of `kernels/<name>.yaml`, and of a kernel's name wherever a specification says one. */
import * as z from "zod";
import { findCommit, NAMED_COMMITS } from "../kvm/commits.ts";
import { KERNEL_NAMES } from "../kvm/kernels.ts";

/** What a kernel of one's own may be called. */
export const KERNEL_NAME = /^[a-z][a-z0-9.-]{0,39}$/;

const KERNEL_WORDS = "expected a kernel of the catalogue, or of kernels/: a-z, 0-9, dots and -, at most 40 characters";

/** A kernel by name; that it exists shows only with the files of `kernels/`. */
export const kernelName = z
  .union([z.enum(KERNEL_NAMES), z.string().regex(KERNEL_NAME, { abort: true })], { error: KERNEL_WORDS })
  .meta({ id: "kernel" });

const COMMIT_WORDS = "expected a commit of the catalogue: its name, or 12 digits of its hash or more (in quotes when it is a number)";

const commitName = z.union(
  [
    z.enum(NAMED_COMMITS),
    z
      .string()
      .regex(/^[0-9a-f]{13,40}$/, { abort: true })
      .refine((hash) => findCommit(hash) !== undefined),
  ],
  { error: COMMIT_WORDS },
);

export const kernelFileSchema = z.strictObject({
  base: kernelName.describe("The kernel it starts from: one of the catalogue, or another of kernels/"),
  commits: z.array(commitName).describe("What it takes on top, in any order: names or hashes of the catalogue"),
});
