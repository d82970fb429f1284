import type { FastpathName } from "./fastpaths.ts";
import type { KernelTraits } from "./kernel.ts";
import type { MissNumbers } from "./misses.ts";
import type { FastpathDecision } from "./resolved.ts";

/** The fastpaths that this kernel with its backports and switches takes, as resolved. */
export interface FastpathSettings {
  readonly decisions: Readonly<Record<FastpathName, FastpathDecision>>;
  readonly traits: KernelTraits;
  readonly misses: MissNumbers;
  /** Cycles of waking a thread on another CPU. */
  readonly wakeRemote: number;
}
