/** Every published figure that the emulator is held to. */
import type { PublishedFigure } from "./figure.ts";
import { BROADCASTS } from "./figures/broadcasts.ts";
import { EPYC } from "./figures/epyc.ts";
import { EXITLESS_TIMER } from "./figures/exitless-timer.ts";
import { FASTPATHS } from "./figures/fastpaths.ts";
import { GUESTS } from "./figures/guests.ts";
import { LADDER, SHAPES } from "./figures/ladder.ts";
import { LADDER_STEPS } from "./figures/ladder-steps.ts";
import { LATENCIES } from "./figures/latencies.ts";
import { MIX_FIGURES } from "./figures/mixes.ts";
import { MSR_WRITES } from "./figures/msr-writes.ts";
import { PIECES } from "./figures/pieces.ts";

/** What was measured, and the figures that came of it. */
export const FAMILIES: Readonly<Record<string, readonly PublishedFigure[]>> = {
  "one Skylake stripped down rung by rung: VMCALL, CPUID, port I/O, MMIO, and the steps between": [...LADDER, ...LADDER_STEPS],
  "shapes of distributions: p90 to the longest, variation": SHAPES,
  "fastpaths of timers and IPIs in kvm-unit-tests": FASTPATHS,
  "guests: cyclictest, TCP_RR": GUESTS,
  "latency of timers and wake-ups, IPI virtualization": LATENCIES,
  "IPIs on 80 vCPUs: to one, to all": BROADCASTS,
  "AMD: KVM_RUN in a loop, IPIs to 179 vCPUs": EPYC,
  "the exitless timer, before it was one": EXITLESS_TIMER,
  "single pieces: IBPB, SPEC_CTRL, retpolines, CPUID, kick": PIECES,
  "WRMSR exits by MSR": MSR_WRITES,
  "exit mixes of hosts in use: shares, rates, handling times": MIX_FIGURES,
};

export const FIGURES: readonly PublishedFigure[] = Object.values(FAMILIES).flat();
