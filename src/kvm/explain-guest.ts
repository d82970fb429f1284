/**
 * The part of an explanation about one VM: its predicates, its timer, and which of the host's
 * fastpaths its exits can take.
 */
import { sendsToOthers } from "../guest/ipi-method.ts";
import { OP } from "../guest/program.ts";
import { formatCpuList } from "./cpu-list.ts";
import type { TimerMode } from "./counters.ts";
import type { Explanation } from "./explanation.ts";
import { kernelNameOf } from "./kernel-choice.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";
import { timerInputs, timerMode } from "./timer-predicates.ts";
import { type VirtualIpis, virtualIpis, virtualRegisters } from "./virtual-apic.ts";
import { ipiSettings } from "./vm.ts";

/** The predicate in which VMs of a kind always differ. */
export const PINNED = "vCPUs pinned to CPUs";

/** Explanations of one VM of a host. */
export function explainGuest(host: ResolvedHost, guest: ResolvedGuest): readonly Explanation[] {
  const { canPostTimer, canUseHvTimer, apicvActive, usesSpecCtrl, specCtrlDiffers } = guest;
  const { vendor } = host.cpu;
  const registers = virtualRegisters(host, guest);
  const ipis = virtualIpis(host, guest);
  const rows: readonly Omit<Explanation, "subject" | "topic">[] = [
    placeRow(host, guest),
    disabledExitsRow(host, guest),
    { predicate: "apicv_active", value: `${apicvActive.value}`, why: apicvActive.why, source: "x86.c kvm_apicv_activated" },
    { predicate: "EOI exits", value: registers.value ? "false" : "true", why: registers.why, source: SOURCE.registers[vendor] },
    { predicate: "IPIs that do not exit", value: WITHOUT_EXIT[ipis.value], why: ipis.why, source: SOURCE.ipis[vendor] },
    {
      predicate: "kvm_can_post_timer_interrupt",
      value: `${canPostTimer.value}`,
      why: canPostTimer.why,
      source: "lapic.c kvm_can_post_timer_interrupt",
    },
    {
      predicate: "kvm_can_use_hv_timer",
      value: `${canUseHvTimer.value}`,
      why: canUseHvTimer.why,
      source: "lapic.c kvm_can_use_hv_timer",
    },
    {
      predicate: "timer virtualized",
      value: `${guest.canVirtualizeTimer.value}`,
      why: guest.canVirtualizeTimer.why,
      source: "KVM: VMX APIC timer virtualization support v2 (2026-03-05), not merged",
    },
    {
      predicate: "timer mode",
      value: modesOf(host, guest),
      why: guest.timerMode.why,
      source: guest.spec.timer === "hv_stimer" ? "hyperv.c stimer_start" : "lapic.c restart_apic_timer",
    },
    pvEoiRow(guest),
    ...(guest.spec.pv.haltpoll ? [pollControlRow(host)] : []),
    preemptionTimerRow(host, guest),
    tscDeadlineRow(host, guest),
    icrRow(host, guest),
    ...(guest.cpus.length > 1 ? [callRow(guest)] : []),
    {
      predicate: "guest writes SPEC_CTRL",
      value: `${usesSpecCtrl.value}`,
      why: usesSpecCtrl.why,
      source: SOURCE.specCtrlMsr[vendor],
    },
    {
      predicate: "SPEC_CTRL written at entry and exit",
      value: `${specCtrlDiffers.value}`,
      why: specCtrlDiffers.why,
      source: SOURCE.specCtrl[vendor],
    },
  ];
  return rows.map((row) => ({ topic: "vm", subject: guest.name, ...row }));
}

type Row = Omit<Explanation, "subject" | "topic">;

/** How many of the timer's and the ICR's fastpaths this VM's exits take on this host. */
export const liveFastpaths = (host: ResolvedHost, guest: ResolvedGuest): number =>
  [preemptionTimerRow, tscDeadlineRow, icrRow].filter((row) => row(host, guest).value === "live").length;

const SOURCE = {
  registers: { intel: "vmx.c vmx_update_msr_bitmap_x2apic", amd: "svm/avic.c avic_activate_vmcb" },
  ipis: { intel: "vmx.c enable_ipiv", amd: "svm/avic.c avic_incomplete_ipi_interception" },
  specCtrlMsr: { intel: "vmx.c vmx_set_msr, vmx_spec_ctrl_restore_host", amd: "svm.c svm_set_msr, svm_vcpu_enter_exit" },
  specCtrl: { intel: "vmx.c x86_spec_ctrl_set_guest, vmx_spec_ctrl_restore_host", amd: "svm.c x86_spec_ctrl_set_guest" },
} as const;

const WITHOUT_EXIT: Readonly<Record<VirtualIpis, string>> = {
  none: "none",
  unicast: "unicast, physical",
  toRunning: "to running vCPUs",
  neverComplete: "none",
};

/** CPUs of its own, or those that it shares, and with how many other vCPUs. */
function placeRow(host: ResolvedHost, guest: ResolvedGuest): Row {
  const { sharedCpus } = guest;
  const why = `dedicated: ${guest.spec.dedicated}, placement: ${guest.spec.placement}`;
  if (sharedCpus === null) return { predicate: PINNED, value: guest.cpus.join(","), why, source: "configuration" };
  const listOf = (cpus: readonly number[]): string => formatCpuList(Array.from({ length: host.spec.cpus }, (_, cpu) => cpus.includes(cpu)));
  const vcpus = host.guests
    .filter((other) => other.sharedCpus?.some((cpu) => sharedCpus.includes(cpu)) === true)
    .reduce((sum, { cpus }) => sum + cpus.length, 0);
  const scheduler = host.traits.scheduler === "cfs" ? "CFS" : "EEVDF";
  const unbalanced = sharedCpus.some((cpu) => host.noDomain[cpu] === true);
  return {
    predicate: "scheduling domain",
    value: `CPUs ${listOf(sharedCpus)}, ${vcpus} vCPUs`,
    why: `${why}: ${unbalanced ? "vCPUs stay where they start, for isolcpus= takes CPUs out of the scheduling domains" : `${scheduler} balances vCPUs over them`}`,
    source: "kernel/sched/fair.c select_idle_sibling, load_balance",
  };
}

/** How its kernel interrupts all vCPUs but one, for a function that they are to run. */
function callRow(guest: ResolvedGuest): Row {
  const sends = sendsToOthers(guest.cpus.length, 0, ipiSettings(guest));
  const row = {
    predicate: "IPIs to all other vCPUs",
    source: "arch/x86/kernel/apic/ipi.c native_send_call_func_ipi; kvm.c __send_ipi_mask",
  };
  switch (sends[0]?.op) {
    case OP.ipiShorthand: {
      const why = `${kernelNameOf(guest.spec.kernel)} uses the ICR's shorthand once all its CPUs are up, before it asks for PV IPIs`;
      return { ...row, value: "by shorthand", why };
    }
    case OP.ipiHypercall:
      return { ...row, value: `hypercalls: ${sends.length}`, why: "pv.ipi: KVM_HC_SEND_IPI for each 128 APIC IDs" };
    case OP.ipiCluster:
      return {
        ...row,
        value: `writes of the ICR: ${sends.length}`,
        why: "logical destinations: one for each cluster of sixteen; pv.ipi is off",
      };
    default:
      return { ...row, value: `writes of the ICR: ${sends.length}`, why: "physical destinations: one for each vCPU; pv.ipi is off" };
  }
}

function disabledExitsRow(host: ResolvedHost, guest: ResolvedGuest): Row {
  const disabled = [guest.hltInGuest && "hlt", guest.mwaitInGuest && "mwait", guest.pauseInGuest && "pause"].filter(
    (name) => name !== false,
  );
  const { cpu_pm: own, disable_exits: list } = guest.spec;
  const cpuPm = own === "inherit" ? host.spec.cpu_pm : own;
  return {
    predicate: "KVM_CAP_X86_DISABLE_EXITS",
    value: disabled.length === 0 ? "none" : disabled.join(","),
    why:
      list === "inherit"
        ? `QEMU -overcommit cpu-pm=${cpuPm ? "on" : "off"}`
        : `disable_exits names ${list.length === 0 ? "none" : list.join(",")}`,
    source: "x86.c kvm_vm_ioctl_enable_cap",
  };
}

/** One mode, or the vCPUs of each where the patch timer-pi-per-vcpu makes them differ. */
function modesOf(host: ResolvedHost, guest: ResolvedGuest): string {
  const modes = guest.cpus.map((cpu) => timerMode(timerInputs(host, guest, cpu)));
  const vcpusOf = (mode: TimerMode): string => formatCpuList(modes.map((candidate) => candidate === mode));
  const distinct = [...new Set(modes)];
  if (distinct.length <= 1) return guest.timerMode.value;
  return distinct.map((mode) => `${mode} (vCPUs ${vcpusOf(mode)})`).join(", ");
}

function pvEoiRow({ apicvActive, spec }: ResolvedGuest): Row {
  const row = { predicate: "pv_eoi_enabled", source: "lapic.c apic_sync_pv_eoi_to_guest" };
  if (!spec.pv.eoi) return { ...row, value: "false", why: "pv.eoi is off: the guest does not know the feature" };
  if (apicvActive.value) return { ...row, value: "unused", why: "APICv takes the EOI; KVM never asks for one in memory" };
  return { ...row, value: "true", why: "an interrupt that comes alone needs no exit for its EOI" };
}

function pollControlRow({ traits }: ResolvedHost): Row {
  const row = { predicate: "guest polls instead of KVM", source: "x86.c MSR_KVM_POLL_CONTROL" };
  if (traits.pollControl === "present") return { ...row, value: "true", why: "pv.haltpoll: the guest has written MSR_KVM_POLL_CONTROL" };
  return { ...row, value: "false", why: "the kernel has no KVM_FEATURE_POLL_CONTROL: both poll" };
}

/** Why a guest's timer causes none of the exits that the fastpaths of timers take; null where it does. */
function otherTimer({ spec, canVirtualizeTimer }: ResolvedGuest): string | null {
  if (canVirtualizeTimer.value) return `the CPU takes the write and delivers the expiry: ${canVirtualizeTimer.why}`;
  return spec.timer === "hv_stimer" ? "the guest writes HV_X64_MSR_STIMER0_COUNT, and its timer is an hrtimer" : null;
}

function preemptionTimerRow({ cpu, fastpath }: ResolvedHost, guest: ResolvedGuest): Row {
  const row = { predicate: "fastpath preemption_timer", source: "vmx.c handle_fastpath_preemption_timer" };
  const { value, why, missCause } = fastpath.preemption_timer;
  if (cpu.vendor === "amd") return { ...row, value: "no such exits", why };
  const other = otherTimer(guest);
  if (other !== null) return { ...row, value: "no such exits", why: other };
  if (!guest.canUseHvTimer.value) return { ...row, value: "no such exits", why: guest.canUseHvTimer.why };
  return { ...row, value: value ? "live" : missCause, why };
}

function tscDeadlineRow({ fastpath, traits }: ResolvedHost, guest: ResolvedGuest): Row {
  const row = { predicate: "fastpath tsc_deadline", source: "x86.c handle_fastpath_set_tscdeadline" };
  const { value, why, missCause } = fastpath.tsc_deadline;
  const other = guest.spec.timer === "lapic" ? "the guest writes the initial count (TMICT), which no fastpath takes" : otherTimer(guest);
  if (other !== null) return { ...row, value: "no such exits", why: other };
  if (!value) return { ...row, value: missCause, why };
  if (traits.tscDeadline === "needs_hv_timer" && !guest.canUseHvTimer.value) {
    return { ...row, value: "no_hv_timer", why: `it needs kvm_can_use_hv_timer(): ${guest.canUseHvTimer.why}` };
  }
  return { ...row, value: "live", why };
}

function icrRow(host: ResolvedHost, guest: ResolvedGuest): Row {
  const { fastpath, traits } = host;
  const row = { predicate: "fastpath icr", source: "x86.c handle_fastpath_set_x2apic_icr_irqoff" };
  const { value, why, missCause } = fastpath.icr;
  const ipis = virtualIpis(host, guest);
  switch (ipis.value) {
    case "unicast":
      return { ...row, value: "no such exits", why: `unicast IPIs do not exit: ${ipis.why}` };
    case "toRunning":
      return { ...row, value: "no such exits", why: `IPIs to running vCPUs do not exit, others end in avic_incomplete_ipi: ${ipis.why}` };
    case "neverComplete":
      return { ...row, value: "no such exits", why: `each IPI ends in avic_incomplete_ipi: ${ipis.why}` };
    case "none":
      break;
  }
  if (!value) return { ...row, value: missCause, why };
  switch (guest.spec.apic) {
    case "xapic":
      return { ...row, value: "not_x2apic", why: "apic_x2apic_mode() is false: an xAPIC guest writes a page, not MSR 0x830" };
    case "x2apic-cluster":
      return traits.icrAccepts === "any_fast"
        ? { ...row, value: "live", why }
        : {
            ...row,
            value: "logical_destination",
            why: "cluster mode sends to logical destinations; the fastpath takes physical ones only",
          };
    case "x2apic":
      return { ...row, value: "live", why: `${why}; unicast, fixed, physical destination` };
  }
}
