/**
 * What configuration decides of a vCPU: what its exits cost, and the predicates that KVM's code asks
 * again and again. Decided anew when the configuration changes; a part of it also when the vCPU goes to another kind of CPU.
 */
import type { ExitCost } from "../cost/plan.ts";
import type { CState } from "../hw/cstates.ts";

/** Settings that a vCPU has on one kind of physical CPU. */
export interface VcpuPlace {
  readonly costs: readonly ExitCost[];
  readonly coldCosts: readonly ExitCost[];
  readonly canPostTimer: boolean;
  readonly canUseHvTimer: boolean;
}

export abstract class VcpuSettings {
  /** Compiled costs by exit kind, replaced when the configuration changes. */
  costs: readonly ExitCost[] = [];
  /** The same for an exit that finds the branch predictors flushed. */
  coldCosts: readonly ExitCost[] = [];

  /** kvm_vcpu_apicv_active: interrupts reach a running vCPU without an exit. */
  apicv = false;
  xapic = false;
  /** x2APIC cluster mode: its IPIs have logical destinations. */
  logicalDestinations = false;
  /** Its APIC's registers are the virtual APIC's; never without `apicv`. */
  virtualRegisters = false;
  virtualSelfIpi = false;
  /** One of VIRTUAL_IPIS. */
  virtualIpis = 0;
  /** Kind of exit of a write to an APIC register that is intercepted. */
  registerWriteKind = 0;
  /** Its EOI is an MSR: the x2APIC's, or Hyper-V's. */
  eoiByMsr = true;
  /** KVM may ask the guest to say an EOI in memory (`pv_eoi_enabled`); with APICv it never does. */
  pvEoi = false;
  ghz = -0;
  /** `virtual_tsc_khz`, in GHz: that of the host where its VM booted, also where the TSC is scaled. */
  tscGhz = -0;
  /** C-states that its guest's own HLT or MWAIT may put its core into. */
  guestCstates: readonly CState[] = [];
  /** The guest has not asked KVM to leave polling to it (MSR_KVM_POLL_CONTROL). */
  hostPolls = true;
  pauseInGuest = false;
  /** Its requests come by a device of its own (VFIO), whose doorbell is mapped into the guest. */
  assignedDevice = false;
  hltInGuest = false;
  mwaitInGuest = false;
  /** Its timer is the LAPIC's; a synthetic timer of Hyper-V has no part in what follows. */
  usesLapicTimer = true;
  canVirtualizeTimer = false;
  canPostTimer = false;
  canUseHvTimer = false;
  /** What of these depends on the CPU, for a vCPU that changes it: on a housekeeping CPU, on a nohz_full one. */
  places: readonly (VcpuPlace | null)[] = [];

  /** Takes the settings of the kind of CPU that it is on now. */
  settleOn(nohzFull: boolean): void {
    const place = this.places[Number(nohzFull)] ?? this.places[Number(!nohzFull)] ?? null;
    if (place === null) return;
    this.costs = place.costs;
    this.coldCosts = place.coldCosts;
    this.canPostTimer = place.canPostTimer;
    this.canUseHvTimer = place.canUseHvTimer;
  }
}
