/**
 * Call depth tracking: each call of the kernel shifts a counter of its CPU, each return shifts it
 * back, and a return that would underflow the return stack fills it first.
 *
 * Linux: arch/x86/include/asm/nospec-branch.h X86_FEATURE_CALL_DEPTH, arch/x86/lib/retpoline.S
 * call_depth_return_thunk (6.2). Retbleed or ITS asks for it. Simplified: counting and filling are
 * one share of the host's code; the counter's reset after an exit is part of the RSB fill there.
 */
import { stuffsForRetbleed } from "./call-depth-retbleed.ts";
import { itsMode } from "./its-mode.ts";
import type { MitigationContext } from "./mitigation.ts";

/** X86_FEATURE_CALL_DEPTH is set. */
export const countsCallDepth = (context: MitigationContext): boolean => stuffsForRetbleed(context) || itsMode(context).mode === "stuff";
