/**
 * The additive pieces of an exit's cycles, as the label `component` names them. Each has one
 * physical meaning; the figures behind them are in
 * `paths.ts` and `hw/hardware-cycles.ts`.
 */
export const COMPONENTS = {
  hardware: "the world switch itself: VM exit and VM entry microcode",
  run_loop:
    "vcpu_enter_guest and vmx_vcpu_run: register switch, request checks, IRQ on and off, dispatch; what all code of an exit takes longer on cold caches",
  handler: "the exit's own handler, or the fastpath's",
  indirect_branches: "retpolines: the extra cycles of each indirect call on the path",
  spec_ctrl: "reading and writing MSR_IA32_SPEC_CTRL",
  rsb: "filling the return stack buffer after the exit",
  branch_history: "clearing the branch history after the exit",
  return_thunks:
    "preparing return thunks after the exit (retbleed and SRSO on AMD); counting calls and returns (call depth tracking on Intel)",
  ibpb: "an indirect branch predictor barrier",
  verw: "VERW before entry: clearing the CPU's buffers",
  l1d_flush: "flushing the L1 data cache before entry",
  pti: "CR3 writes and TLB refills of page-table isolation on a hop to user space",
  context_tracking: "user/guest context tracking of nohz_full",
  apicv: "syncing the posted-interrupt descriptor and the EOI-exit bitmap",
  preemption_timer: "loading the VMX preemption timer",
  vpmu: "switching performance-counter MSRs for an exposed vPMU",
  pku: "switching PKRU",
  userspace: "the hop to QEMU and back, and its device emulation",
  wakeup: "waking a blocked vCPU, scheduling out and in with cold caches",
  host_interrupt: "a host interrupt's handler: tick, hrtimer, device, reschedule; firmware's, of an SMI",
  timer_advance: "busy-waiting for the deadline of a timer that was fired early",
} as const satisfies Record<string, string>;

export type Component = keyof typeof COMPONENTS;
export const COMPONENT_NAMES = Object.keys(COMPONENTS) as Component[];
const INDEX = Object.fromEntries(COMPONENT_NAMES.map((name, index) => [name, index])) as Record<Component, number>;
export const componentIndex = (name: Component): number => INDEX[name];
/** Components that a mitigation causes: `exit_mitigation` of a host CPU's time. */
export const MITIGATION_COMPONENTS: readonly Component[] = [
  "indirect_branches",
  "spec_ctrl",
  "rsb",
  "branch_history",
  "return_thunks",
  "ibpb",
  "verw",
  "l1d_flush",
  "pti",
];
