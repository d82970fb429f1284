/** What lines of an explanation are about, in reading order. */
export const TOPICS = {
  kernel: "Kernel",
  parameters: "Module parameters",
  fastpaths: "Fastpaths",
  bugs: "CPU bugs, as sysfs shows them",
  entries: "What entries and exits do about them",
  vm: "VM",
} as const;
export type Topic = keyof typeof TOPICS;

/** One line of an explanation: a predicate of a host or of a VM, its value, and why. */
export interface Explanation {
  readonly topic: Topic;
  /** "host", or the name of a VM such as web-1. */
  readonly subject: string;
  /** Kernel symbol, module parameter or sysfs path. */
  readonly predicate: string;
  readonly value: string;
  /** One sentence in the kernel's terms. */
  readonly why: string;
  /** Where in the kernel, or in our sources, it is decided. */
  readonly source: string;
  /** Cycles each time that it runs, where it is work. */
  readonly cycles?: number;
}
