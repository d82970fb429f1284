/**
 * The hosts that the tables are about. The guest of the tests is the one of kvm-unit-tests' own
 * unittests.cfg: neither a vPMU nor protection keys; the machine of the published fastpath figures
 * is a Skylake of 2.5 GHz.
 */
import { completeHostSpec } from "../../config/defaults.ts";
import type { HostSpecPatch } from "../../config/host-schema.ts";
import { mergePatch } from "../../config/merge.ts";
import type { HostSpec } from "../../kvm/host-spec.ts";

export interface Machine {
  readonly name: string;
  readonly spec: HostSpecPatch;
}

export const SKYLAKE: Machine = { name: "Skylake, 2.5 GHz", spec: { cpu: "skylake-sp", ghz: 2.5, cpus: 64 } };
export const ICE_LAKE: Machine = { name: "Ice Lake, 2.9 GHz", spec: { cpu: "icelake-sp", ghz: 2.9, cpus: 64 } };
export const CASCADE_LAKE: Machine = { name: "Cascade Lake, 2.5 GHz", spec: { cpu: "cascade-lake", ghz: 2.5, cpus: 64 } };

/** The vendor's two kernels, the first upstream release with the fastpaths, and a recent one. */
export const KERNELS = ["c82", "c84", "linux-5.8", "linux-6.18"] as const;

/** The guest of kvm-unit-tests; `vmexit` takes its settings and puts the test's own programs on it. */
export const TEST_GUEST: HostSpecPatch = { guests: { test: { vcpus: 2, kernel: "linux-5.8", workload: "idle", vpmu: false, pku: false } } };

/** The timer fires at its deadline, as where the fastpaths' figures were published; otherwise entries wait for it. */
export const NO_ADVANCE: HostSpecPatch = { kvm: { lapic_timer_advance: "off" } };

export const FASTPATHS_OFF: HostSpecPatch = { fastpath: { preemption_timer: "off", tsc_deadline: "off", icr: "off" } };

/** A machine with changes laid over it, one after the other. */
export function hostOf({ spec }: Machine, ...changes: readonly HostSpecPatch[]): HostSpec {
  return completeHostSpec(changes.reduce<HostSpecPatch>((below, change) => mergePatch(below, change), spec));
}
