/**
 * C-states of an idle physical CPU: how long it takes to leave one, and how long a sleep must
 * be before the idle governor picks it, which Linux drivers/idle/intel_idle.c lists per model
 * (hsw_cstates, bdw_cstates, skx_cstates, icx_cstates, spr_cstates); Cascade Lake shares
 * Skylake-SP's table. The same tables promise how long leaving takes at most: 10 us for C1E and 133 us for C6 of
 * a Haswell or Skylake. A core takes three tenths of that (assumed): 40 us of C6 are what an idle guest
 * of aca6ff29c406, in C0 for 0.15 % of the time and for 1.1 % when it ticks (the latter as remembered), leaves
 * for a wake-up, and Schöne et al., "Wake-up latencies for processor idle states on current x86 processors" (2015, as
 * remembered and not read again), saw Haswells back sooner yet. C1E ends little later than C1. On AMD acpi_idle reads them from the firmware, which on a Rome says 400 us for
 * C2: the governor wants twice that of a sleep, but the core is back sooner. Schöne et al., "Energy
 * Efficiency Aspects of the AMD Zen 2 Architecture" (CLUSTER 2021), measured 20 to 25 us, as
 * remembered and not read again; C1 and the other generations are assumed alike.
 */
import type { CpuName } from "./cpus.ts";

export interface CState {
  readonly name: "c0" | "c1" | "c1e" | "c2" | "c3" | "c6";
  readonly exitNs: number;
  readonly residencyNs: number;
}

const HASWELL: readonly CState[] = [
  { name: "c1", exitNs: 2_000, residencyNs: 2_000 },
  { name: "c1e", exitNs: 2_200, residencyNs: 20_000 },
  { name: "c3", exitNs: 10_000, residencyNs: 100_000 },
  { name: "c6", exitNs: 40_000, residencyNs: 400_000 },
];
const BROADWELL: readonly CState[] = HASWELL.map((state) => (state.name === "c3" ? { ...state, exitNs: 12_000 } : state));
const SKYLAKE: readonly CState[] = [
  { name: "c1", exitNs: 2_000, residencyNs: 2_000 },
  { name: "c1e", exitNs: 2_200, residencyNs: 20_000 },
  { name: "c6", exitNs: 40_000, residencyNs: 600_000 },
];
const ICE_LAKE: readonly CState[] = [
  { name: "c1", exitNs: 1_000, residencyNs: 1_000 },
  { name: "c1e", exitNs: 1_200, residencyNs: 4_000 },
  { name: "c6", exitNs: 51_000, residencyNs: 600_000 },
];

const SAPPHIRE_RAPIDS: readonly CState[] = [
  { name: "c1", exitNs: 1_000, residencyNs: 1_000 },
  { name: "c1e", exitNs: 1_100, residencyNs: 4_000 },
  { name: "c6", exitNs: 87_000, residencyNs: 800_000 },
];
const EPYC: readonly CState[] = [
  { name: "c1", exitNs: 1_000, residencyNs: 2_000 },
  { name: "c2", exitNs: 22_000, residencyNs: 800_000 },
];

const CSTATES: Readonly<Record<CpuName, readonly CState[]>> = {
  "haswell-ep": HASWELL,
  "broadwell-ep": BROADWELL,
  "skylake-sp": SKYLAKE,
  "cascade-lake": SKYLAKE,
  "icelake-sp": ICE_LAKE,
  "sapphire-rapids": SAPPHIRE_RAPIDS,
  "epyc-naples": EPYC,
  "epyc-rome": EPYC,
  "epyc-milan": EPYC,
  "epyc-genoa": EPYC,
};

/** States that the host may use, shallowest first; `c0` (idle=poll) allows none. */
export function cstatesOf(cpu: CpuName, deepest: "c0" | "c1" | "c6"): readonly CState[] {
  if (deepest === "c0") return [];
  return CSTATES[cpu].filter((state) => deepest === "c6" || state.name === "c1");
}

/**
 * Time to leave idle after sleeping `sleptNs`. Assumed: the governor foresaw the sleep's length,
 * so the state is the deepest whose residency it covers.
 */
export function idleExitNs(states: readonly CState[], sleptNs: number): number {
  let exitNs = 0;
  for (const state of states) if (sleptNs >= state.residencyNs) exitNs = state.exitNs;
  return exitNs;
}
