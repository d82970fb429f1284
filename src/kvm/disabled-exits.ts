/**
 * Which instructions a VM executes without an exit. QEMU's `-overcommit cpu-pm=on` asks KVM for
 * everything it offers: HLT, PAUSE and C-state MSRs on any host, MWAIT only where the host has it
 * and its APIC timer runs on in deep C-states. KVM ignores an MWAIT that it cannot give, and SVM
 * ignored PAUSE until 5.9.
 *
 * Linux: KVM_CAP_X86_DISABLE_EXITS (arch/x86/kvm/x86.c kvm_vm_ioctl_enable_cap,
 * kvm_can_mwait_in_guest).
 */
import type { CpuModel } from "../hw/cpu-model.ts";
import type { DisabledExit, GuestSpec, HostSpec } from "./host-spec.ts";
import type { KernelTraits } from "./kernel.ts";

export interface DisabledExits {
  readonly hltInGuest: boolean;
  readonly mwaitInGuest: boolean;
  readonly pauseInGuest: boolean;
}

const CPU_PM: readonly DisabledExit[] = ["hlt", "mwait", "pause", "cstate"];

/** The exits that a VM does without; `cstate` changes no exit that we emulate. */
export function disabledExits(
  guest: GuestSpec,
  host: Pick<HostSpec, "cpu_pm">,
  cpu: Pick<CpuModel, "hasMwaitAndArat" | "vendor">,
  traits: Pick<KernelTraits, "svmPauseInGuest">,
): DisabledExits {
  const cpuPm = guest.cpu_pm === "inherit" ? host.cpu_pm : guest.cpu_pm;
  const asked = guest.disable_exits === "inherit" ? (cpuPm ? CPU_PM : []) : guest.disable_exits;
  return {
    hltInGuest: asked.includes("hlt"),
    mwaitInGuest: asked.includes("mwait") && cpu.hasMwaitAndArat,
    pauseInGuest: asked.includes("pause") && (cpu.vendor === "intel" || traits.svmPauseInGuest === "honoured"),
  };
}
