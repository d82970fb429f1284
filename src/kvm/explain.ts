/**
 * Why a host behaves as it does: every predicate with its value, in the kernel's terms and with
 * the place in the kernel where it is decided. A list in reading order: kernel, module parameters,
 * fastpaths, mitigations, then each VM.
 */
import { explainGuest } from "./explain-guest.ts";
import { explainKernel } from "./explain-kernel.ts";
import { explainMitigations } from "./explain-mitigations.ts";
import type { Explanation } from "./explanation.ts";
import { FASTPATH_NAMES } from "./fastpaths.ts";
import { formatCpuList } from "./cpu-list.ts";
import type { Decided, ResolvedHost } from "./resolved.ts";

/** All explanations of a host: what is live, what is not, and why. */
export function explainHost(host: ResolvedHost): readonly Explanation[] {
  return [
    ...explainKernel(host),
    ...explainParameters(host),
    ...explainFastpaths(host),
    ...explainMitigations(host),
    ...host.guests.flatMap((guest) => explainGuest(host, guest)),
  ];
}

const yesNo = ({ value }: Decided<boolean>): string => (value ? "Y" : "N");

function explainParameters(host: ResolvedHost): readonly Explanation[] {
  const { piInjectTimer, haltPoll, timerAdvance, traits, nohzFull } = host;
  const isolated = formatCpuList(nohzFull);
  const advance = timerAdvance.value;
  const rows: readonly Omit<Explanation, "subject" | "topic">[] = [
    {
      predicate: "housekeeping_enabled(HK_FLAG_TIMER)",
      value: isolated === "" ? "false" : "true",
      why:
        isolated === ""
          ? "no nohz_full= on the command line; isolcpus= alone does not set it"
          : `timers are moved away from CPUs ${isolated}`,
      source: "kernel/sched/isolation.c",
    },
    {
      predicate: "kvm.pi_inject_timer",
      value: piInjectTimer.value ? "1" : "0",
      why: piInjectTimer.why,
      source: "x86.c kvm_arch_init",
    },
    ...vendorParameters(host),
    {
      predicate: "kvm.halt_poll_ns",
      value: `${haltPoll.maxNs}`,
      why: `${haltPoll.mode}: grow ${haltPoll.grow} from ${haltPoll.growStartNs} ns, halt_poll_ns_shrink=${haltPoll.shrink}`,
      source: "kvm_main.c",
    },
    {
      predicate: `kvm.${traits.timerAdvanceParameter}`,
      value: advance.mode === "off" ? "off" : `${advance.mode}, ${advance.mode === "fixed" ? "" : "first "}${advance.ns} ns`,
      why: timerAdvance.why,
      source: "lapic.c adjust_lapic_timer_advance",
    },
    {
      predicate: "kvm_vcpu_block waits on",
      value: traits.waiter,
      why:
        traits.waiter === "rcuwait"
          ? "da4ad88cab58 is in: a wake-up takes no queue lock"
          : "da4ad88cab58 is missing: a wake-up takes swait's queue lock",
      source: "kvm_main.c kvm_vcpu_block",
    },
  ];
  return rows.map((row) => ({ topic: "parameters", subject: "host", ...row }));
}

/** Parameters of the vendor's own module. */
function vendorParameters({
  cpu,
  preemptionTimer,
  apicv,
  x2avic,
  ipiVirtualization,
  apicTimerVirt,
  pml,
}: ResolvedHost): readonly Omit<Explanation, "subject" | "topic">[] {
  if (cpu.vendor === "amd") {
    return [
      { predicate: "kvm_amd.avic", value: yesNo(apicv), why: apicv.why, source: "svm/avic.c avic_hardware_setup" },
      { predicate: "x2avic_enabled", value: yesNo(x2avic), why: x2avic.why, source: "svm/avic.c avic_hardware_setup (6.1)" },
      {
        predicate: "AVIC sends IPIs",
        value: yesNo(ipiVirtualization),
        why: ipiVirtualization.why,
        source: "svm/avic.c enable_ipiv (6.18)",
      },
      {
        predicate: "kvm_amd.nrips",
        value: "Y",
        why: "default Y, and every EPYC saves the next RIP, without which svm_exit_handlers_fastpath does nothing",
        source: "svm.c svm_exit_handlers_fastpath (5.15)",
      },
    ];
  }
  return [
    { predicate: "kvm_intel.preemption_timer", value: yesNo(preemptionTimer), why: preemptionTimer.why, source: "vmx.c hardware_setup" },
    { predicate: "kvm_intel.enable_apicv", value: yesNo(apicv), why: apicv.why, source: "vmx.c hardware_setup" },
    {
      predicate: "kvm_intel.enable_ipiv",
      value: yesNo(ipiVirtualization),
      why: ipiVirtualization.why,
      source: "vmx.c hardware_setup (5.19)",
    },
    {
      predicate: "APIC-timer virtualization",
      value: yesNo(apicTimerVirt),
      why: apicTimerVirt.why,
      source: "KVM: VMX APIC timer virtualization support v2 (2026-03-05), not merged",
    },
    { predicate: "kvm_intel.pml", value: yesNo(pml), why: pml.why, source: "vmx.c hardware_setup" },
  ];
}

const FASTPATH_SOURCE = {
  preemption_timer: "vmx.c handle_fastpath_preemption_timer",
  tsc_deadline: "x86.c handle_fastpath_set_tscdeadline",
  icr: "x86.c handle_fastpath_set_x2apic_icr_irqoff",
  hlt: "x86.c handle_fastpath_hlt (6.12)",
  invd: "x86.c handle_fastpath_invd (6.18)",
} as const;

function explainFastpaths({ fastpath }: ResolvedHost): readonly Explanation[] {
  return FASTPATH_NAMES.map((name) => {
    const { value, why, missCause } = fastpath[name];
    return {
      topic: "fastpaths",
      subject: "host",
      predicate: `fastpath ${name}`,
      value: value ? "live" : missCause,
      why,
      source: FASTPATH_SOURCE[name],
    };
  });
}
