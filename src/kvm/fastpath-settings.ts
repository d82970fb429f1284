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
  /** Guest cycles that AVIC takes for each target of an IPI. */
  readonly avicIpiTarget: number;
  /** Guest cycles of a write of TSC_DEADLINE that the CPU takes. */
  readonly virtualTimerWrite: number;
  /** A fastpath that has nothing left to do re-enters the guest at once: SVM cannot before the loop is common code. */
  readonly reenters: boolean;
  /** A fastpath that posts an interrupt to its own vCPU notifies it by a physical IPI. */
  readonly notifiesItself: boolean;
}
