/**
 * One VM as KVM sees it on its host: the exits it does without, the state of its APIC, and which
 * timer its vCPUs get.
 */
import type { CpuModel } from "../hw/cpu-model.ts";
import { apicvInhibits, type HeldInhibit, tooManyVcpus } from "./apicv-inhibit.ts";
import { disabledExits } from "./disabled-exits.ts";
import type { GuestSpec } from "./host-spec.ts";
import { kernelNameOf, kernelOf } from "./kernel-choice.ts";
import type { MitigationContext } from "./mitigation.ts";
import { bhiMode } from "./branch-history.ts";
import { isEnhanced, spectreV2Mode } from "./spectre-v2-mode.ts";
import type { PlacedGuest } from "./placement.ts";
import { type Decided, type ResolvedGuest, type ResolvedHost, SpecError } from "./resolved.ts";
import { hasRtm } from "./rtm.ts";
import {
  canPostTimer,
  canUseHvTimer,
  canVirtualizeTimer,
  timerInputs,
  timerMode,
  whyCanPostTimer,
  whyCanUseHvTimer,
  whyCanVirtualizeTimer,
  whyTimerMode,
} from "./timer-predicates.ts";

type Host = Omit<ResolvedHost, "guests">;

/** Resolves one VM, whose CPUs are chosen; the predicates are those of its first vCPU. */
export function resolveGuest(host: Host, spec: GuestSpec, placed: PlacedGuest): ResolvedGuest {
  const exits = disabledExits(spec, host.spec, host.cpu, host.traits);
  const vm = { ...host, guest: spec };
  const refused = tooManyVcpus(vm);
  if (refused !== null) throw new SpecError(["guests", placed.kind, "vcpus"], refused);
  const inhibits = apicvInhibits(vm);
  const guest = { ...exits, spec, apicvActive: apicvActive(host, spec, inhibits), apicvInhibits: inhibits };
  const inputs = timerInputs(host, guest, placed.cpus[0] ?? 0);
  const piWhy = host.piInjectTimer.why;
  return {
    name: `${placed.kind}-${placed.number}`,
    kind: placed.kind,
    ...guest,
    usesSpecCtrl: usesSpecCtrl(host, spec),
    specCtrlDiffers: specCtrlDiffers(host, spec),
    cpus: placed.cpus,
    sharedCpus: placed.sharedCpus,
    canPostTimer: { value: canPostTimer(inputs), why: whyCanPostTimer(inputs, piWhy) },
    canUseHvTimer: { value: canUseHvTimer(inputs), why: whyCanUseHvTimer(inputs, piWhy) },
    canVirtualizeTimer: { value: canVirtualizeTimer(inputs), why: whyCanVirtualizeTimer(inputs, host.apicTimerVirt.why) },
    timerMode: { value: timerMode(inputs), why: whyTimerMode(inputs, piWhy) },
  };
}

/**
 * kvm_vcpu_apicv_active. AVIC alone cannot virtualize an x2APIC: kernels without x2AVIC's code turn
 * it off for such a guest, later ones still deliver by doorbell while its APIC's MSRs exit.
 */
function apicvActive(host: Host, spec: GuestSpec, inhibits: readonly HeldInhibit[]): Decided<boolean> {
  const first = inhibits[0];
  if (first !== undefined) return { value: false, why: first.why };
  if (host.cpu.vendor === "intel" || spec.apic === "xapic" || host.x2avic.value) return host.apicv;
  return { value: true, why: "AVIC without x2AVIC: doorbells for an x2APIC guest, whose APIC accesses exit" };
}

/**
 * The guest kernel writes MSR_IA32_SPEC_CTRL, so KVM stops intercepting the MSR and has to read
 * and restore it at each exit (vmx.c vmx_set_msr, vmx_spec_ctrl_restore_host). The guest sees the
 * host's CPU model (assumed: host-passthrough). Left out: STIBP and SSBD of single tasks.
 */
function usesSpecCtrl(host: Host, spec: GuestSpec): Decided<boolean> {
  if (host.spec.mitigations.spec_ctrl_toggle === "on") return { value: true, why: "spec_ctrl_toggle=on: the guest writes it" };
  const mode = spectreV2Mode(guestContext(host.cpu, spec, host)).mode;
  const kernel = kernelNameOf(spec.kernel);
  switch (mode) {
    case "off":
      return { value: false, why: "the guest runs with mitigations=off" };
    case "retpoline":
    case "lfence":
      return { value: false, why: `${kernel} uses retpolines on this CPU and leaves SPEC_CTRL alone` };
    case "ibrs":
      return { value: true, why: `${kernel} writes SPEC_CTRL at each kernel entry (legacy IBRS)` };
    case "eibrs":
    case "eibrs_retpoline":
    case "eibrs_lfence":
      if (host.cpu.vendor === "amd") return { value: false, why: `${kernel} sets EFER.AIBRSE instead (Automatic IBRS)` };
      return { value: true, why: `${kernel} sets SPEC_CTRL.IBRS once (enhanced IBRS), which ends the interception` };
  }
}

/**
 * Guest and host run with different values of SPEC_CTRL, so KVM writes the MSR at each entry and
 * back at each exit (x86_spec_ctrl_set_guest; vmx_spec_ctrl_restore_host). A guest that leaves the
 * MSR alone runs with 0, which an enhanced-IBRS host does not. Simplified: exits come from
 * guest kernel mode, where a legacy-IBRS guest has the bit set.
 */
function specCtrlDiffers(host: Host, spec: GuestSpec): Decided<boolean> {
  const asked = host.spec.mitigations.spec_ctrl_toggle;
  if (asked !== "auto") return { value: asked === "on", why: `spec_ctrl_toggle=${asked}` };
  if (host.cpu.vendor === "amd") return { value: false, why: "neither side sets a bit of SPEC_CTRL" };
  const context = guestContext(host.cpu, spec, host);
  const guestMode = spectreV2Mode(context).mode;
  const ofHost = specCtrlBits(host.entryWork.ibrs !== "none", host.entryWork.bhiDisS);
  const ofGuest = specCtrlBits(guestMode === "ibrs" || isEnhanced(guestMode), bhiMode(context).mode === "bhi_dis_s");
  return ofHost === ofGuest
    ? { value: false, why: `both run with SPEC_CTRL=${ofHost}` }
    : { value: true, why: `the guest runs with SPEC_CTRL=${ofGuest}, the host with ${ofHost}` };
}

const specCtrlBits = (ibrs: boolean, bhiDisS: boolean): string =>
  [...(ibrs ? ["IBRS"] : []), ...(bhiDisS ? ["BHI_DIS_S"] : [])].join("|") || "0";

/** A guest's own command line names no single bug. */
const AUTOMATIC = {
  taa: "auto",
  mds: "auto",
  l1tf: "auto",
  spectre_v2: "auto",
  retbleed: "auto",
  meltdown: "auto",
  mmio_stale_data: "auto",
  vmscape: "auto",
  bhi: "auto",
  srso: "auto",
  tsa: "auto",
  its: "auto",
  gds: "auto",
  itlb_multihit: "auto",
  spec_store_bypass: "auto",
  spec_ctrl_toggle: "auto",
} as const;

function guestContext(cpu: CpuModel, spec: GuestSpec, host: Host): MitigationContext {
  const { microcode } = host.spec.mitigations;
  return {
    cpu,
    traits: kernelOf(spec.kernel).traits,
    settings: { ...AUTOMATIC, all: spec.mitigations, microcode },
    rtm: hasRtm(host),
    smt: host.spec.smt,
  };
}
