/**
 * Whom an IPI reaches: the vCPUs that the sender's APIC map has for a destination, in the order in
 * which KVM goes through them.
 *
 * Linux arch/x86/kvm/lapic.c kvm_recalculate_apic_map, kvm_apic_map_get_dest_lapic. Simplified: APIC
 * IDs are the vCPUs' numbers, so clusters and windows are stretches of vCPUs.
 */
import { CLUSTER_SIZE, PV_WINDOW } from "../guest/ipi-method.ts";
import { OP } from "../guest/program.ts";
import type { Vcpu } from "./vcpu.ts";

export type IpiOp =
  | typeof OP.ipi
  | typeof OP.ipiLogical
  | typeof OP.ipiCluster
  | typeof OP.ipiShorthand
  | typeof OP.ipiSelf
  | typeof OP.ipiBroadcast
  | typeof OP.ipiHypercall
  | typeof OP.hvIpi;

export function targetsOf(vcpu: Vcpu, op: IpiOp): readonly Vcpu[] {
  const { siblings } = vcpu;
  const { operand } = vcpu.program;
  switch (op) {
    case OP.ipi:
    case OP.hvIpi:
    case OP.ipiLogical: {
      const target = siblings[operand];
      return target === undefined ? [] : [target];
    }
    case OP.ipiSelf:
      return [vcpu];
    case OP.ipiBroadcast:
      return siblings;
    case OP.ipiShorthand:
      return others(vcpu, 0, siblings.length);
    case OP.ipiCluster:
      return others(vcpu, operand, operand + CLUSTER_SIZE);
    case OP.ipiHypercall:
      return others(vcpu, operand, operand + PV_WINDOW);
  }
}

/** The vCPUs from number `from` up to `to`, the sender left out. */
function others(vcpu: Vcpu, from: number, to: number): readonly Vcpu[] {
  return vcpu.siblings.slice(from, to).filter((sibling) => sibling !== vcpu);
}
