/** One line of an explanation: a predicate of a host or of a VM, its value, and why. */
export interface Explanation {
  /** "host", or the name of a VM such as web-1. */
  readonly subject: string;
  /** Kernel symbol, module parameter or sysfs path. */
  readonly predicate: string;
  readonly value: string;
  /** One sentence in the kernel's terms. */
  readonly why: string;
  /** Where in the kernel, or in our sources, it is decided. */
  readonly source: string;
}
