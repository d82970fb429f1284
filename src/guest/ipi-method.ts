/**
 * How a Linux guest sends an IPI to all its other CPUs (smp_call_function): by a shorthand of the
 * ICR, by KVM's hypercall, by one ICR write for each cluster, or by one for each CPU.
 *
 * Linux arch/x86/kernel/apic/ipi.c native_send_call_func_ipi, apic_smt_update (apic_use_ipi_shorthand,
 * 5.4); x2apic_phys.c and x2apic_cluster.c __x2apic_send_IPI_mask; apic_flat_64.c flat_send_IPI_mask,
 * physflat_send_IPI_mask; kvm.c kvm_setup_pv_ipi, __send_ipi_mask. Read as remembered, so assumed:
 *  - From 5.4 on, with all CPUs online, a mask of all other CPUs goes by the shorthand before anybody
 *    asks for send_IPI_mask, which is all that PV IPIs replace.
 *  - Before that, flat mode does the same as a mask: kernels with CPU hotplug use no shorthand.
 * Simplified: the APIC ID of a vCPU is its number; what the guest's idle CPUs need no IPI for
 * (TIF_POLLING_NRFLAG) is left out.
 */
import { OP, type Op } from "./program.ts";

export interface IpiSettings {
  readonly apic: "x2apic" | "x2apic-cluster" | "xapic";
  /** The guest uses KVM_FEATURE_PV_SEND_IPI. */
  readonly pvIpi: boolean;
  /** apic_use_ipi_shorthand: the kernel sends by shorthand once all its CPUs have been up. */
  readonly shorthand: boolean;
}

/**
 * What smp_call_function_many takes for each target: its queue and its lock, two lines that another
 * core holds (assumed: half of a broadcast's 1548 ticks a target on an EPYC Rome, kvm list, 2020-08-11).
 */
export const CALL_FUNCTION_CYCLES = 740;

/** One operation of the sender; `operand` as `OP` says. */
export interface IpiSend {
  readonly op: Op;
  readonly operand: number;
}

/** x2APIC: sixteen logical IDs a cluster. */
export const CLUSTER_SIZE = 16;
/** KVM_IPI_CLUSTER_SIZE: a hypercall has two words of 64 bits for the APIC IDs from its first on. */
export const PV_WINDOW = 128;
/** apic_physflat's probe: flat mode, with logical IDs of eight bits, is for no more CPUs than that. */
const FLAT_CPUS = 8;

/** What vCPU `self` of `vcpus` executes to interrupt all others, in order. */
export function sendsToOthers(vcpus: number, self: number, { apic, pvIpi, shorthand }: IpiSettings): readonly IpiSend[] {
  if (vcpus < 2) return [];
  if (shorthand) return [{ op: OP.ipiShorthand, operand: 0 }];
  const others = Array.from({ length: vcpus }, (_, vcpu) => vcpu).filter((vcpu) => vcpu !== self);
  if (pvIpi) return firsts(others, PV_WINDOW).map((operand) => ({ op: OP.ipiHypercall, operand }));
  const logical = apic === "x2apic-cluster" || (apic === "xapic" && vcpus <= FLAT_CPUS);
  if (!logical) return others.map((operand) => ({ op: OP.ipi, operand }));
  const clusters = new Set(others.map((vcpu) => vcpu - (vcpu % CLUSTER_SIZE)));
  return [...clusters].map((operand) => ({ op: OP.ipiCluster, operand }));
}

/** The first of each window: a window begins with the first ID that does not fit into the last one. */
function firsts(ids: readonly number[], size: number): readonly number[] {
  const found: number[] = [];
  for (const id of ids) if (id >= (found.at(-1) ?? -size) + size) found.push(id);
  return found;
}
