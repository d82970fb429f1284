/** The catalogue of host kernels that `kernel:` may name. */
import type { Kernel } from "./kernel.ts";
import { c82 } from "./kernels/c82.ts";
import { c84 } from "./kernels/c84.ts";
import { linux418 } from "./kernels/linux-4.18.ts";
import { linux58 } from "./kernels/linux-5.8.ts";
import { rhel82 } from "./kernels/rhel-8.2.ts";
import { rhel84 } from "./kernels/rhel-8.4.ts";

export const KERNELS = {
  "linux-4.18": linux418,
  "linux-5.8": linux58,
  "rhel-8.2": rhel82,
  "rhel-8.4": rhel84,
  c82,
  c84,
} as const satisfies Record<string, Kernel>;
export type KernelName = keyof typeof KERNELS;
export const KERNEL_NAMES = Object.keys(KERNELS) as KernelName[];
