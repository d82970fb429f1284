/** The catalogue of host kernels that `kernel:` may name. */
import type { Kernel } from "./kernel-from-commits.ts";
import { c82 } from "./kernels/c82.ts";
import { c84 } from "./kernels/c84.ts";
import { linux418 } from "./kernels/linux-4.18.ts";
import { linux54 } from "./kernels/linux-5.4.ts";
import { linux55 } from "./kernels/linux-5.5.ts";
import { linux56 } from "./kernels/linux-5.6.ts";
import { linux57 } from "./kernels/linux-5.7.ts";
import { linux58 } from "./kernels/linux-5.8.ts";
import { linux510 } from "./kernels/linux-5.10.ts";
import { linux515 } from "./kernels/linux-5.15.ts";
import { linux517 } from "./kernels/linux-5.17.ts";
import { linux518 } from "./kernels/linux-5.18.ts";
import { linux519 } from "./kernels/linux-5.19.ts";
import { linux61 } from "./kernels/linux-6.1.ts";
import { linux64 } from "./kernels/linux-6.4.ts";
import { linux66 } from "./kernels/linux-6.6.ts";
import { linux68 } from "./kernels/linux-6.8.ts";
import { linux612 } from "./kernels/linux-6.12.ts";
import { linux614 } from "./kernels/linux-6.14.ts";
import { linux616 } from "./kernels/linux-6.16.ts";
import { linux618 } from "./kernels/linux-6.18.ts";
import { rhel81 } from "./kernels/rhel-8.1.ts";
import { rhel82 } from "./kernels/rhel-8.2.ts";
import { rhel83 } from "./kernels/rhel-8.3.ts";
import { rhel84 } from "./kernels/rhel-8.4.ts";

export const KERNELS = {
  "linux-4.18": linux418,
  "linux-5.4": linux54,
  "linux-5.5": linux55,
  "linux-5.6": linux56,
  "linux-5.7": linux57,
  "linux-5.8": linux58,
  "linux-5.10": linux510,
  "linux-5.15": linux515,
  "linux-5.17": linux517,
  "linux-5.18": linux518,
  "linux-5.19": linux519,
  "linux-6.1": linux61,
  "linux-6.4": linux64,
  "linux-6.6": linux66,
  "linux-6.8": linux68,
  "linux-6.12": linux612,
  "linux-6.14": linux614,
  "linux-6.16": linux616,
  "linux-6.18": linux618,
  "rhel-8.1": rhel81,
  "rhel-8.2": rhel82,
  "rhel-8.3": rhel83,
  "rhel-8.4": rhel84,
  c82,
  c84,
} as const satisfies Record<string, Kernel>;
export type KernelName = keyof typeof KERNELS;
export const KERNEL_NAMES = Object.keys(KERNELS) as KernelName[];
