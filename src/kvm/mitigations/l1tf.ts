/**
 * L1TF: a guest may read what the host left in the L1 data cache. PTE inversion protects the
 * host from its processes; against guests KVM flushes the L1D cache before VM entry, always or
 * only after code that may have left secrets there (`l1tf_flush_l1d`).
 *
 * Linux: arch/x86/kvm/vmx/vmx.c vmx_setup_l1d_flush (module parameter vmentry_l1d_flush),
 * arch/x86/kernel/cpu/bugs.c l1tf_select_mitigation, l1tf_show_state. The key's modes cond,
 * always and never are the module parameter, so they outlive mitigations=off as there.
 */
import { notAffected, withoutFile } from "../bug-status.ts";
import type { Mitigation, MitigationContext, VulnerabilityStatus } from "../mitigation.ts";

export interface ChosenL1dFlush {
  readonly mode: "never" | "cond" | "always";
  readonly why: string;
}

const isMode = (asked: string): asked is ChosenL1dFlush["mode"] => asked === "never" || asked === "cond" || asked === "always";
const hasCode = ({ traits, settings }: MitigationContext): boolean => traits.knows.includes("l1tf") || isMode(settings.l1tf);

/** `l1tf_vmx_mitigation` as KVM sets it up; `never` where nothing has to be flushed. */
export function l1dFlushMode(context: MitigationContext): ChosenL1dFlush {
  const { cpu, settings } = context;
  if (!cpu.affectedBy.includes("l1tf")) return { mode: "never", why: "the CPU does not have L1TF: flush not required" };
  if (isMode(settings.l1tf)) return { mode: settings.l1tf, why: `kvm_intel.vmentry_l1d_flush=${settings.l1tf}` };
  if (settings.all === "off") return { mode: "never", why: "mitigations=off" };
  if (settings.l1tf === "off") return { mode: "never", why: "l1tf=off" };
  if (!hasCode(context)) return { mode: "never", why: "the kernel has no code for L1TF" };
  return { mode: "cond", why: "vmentry_l1d_flush=auto is cond on a CPU with L1TF" };
}

const VMX_STATE = { never: "vulnerable", cond: "conditional cache flushes", always: "cache flushes" } as const;

export const l1tf = {
  vulnerability: "l1tf",
  doc: "L1 terminal fault: PTE inversion, and a flush of the L1D cache before VM entry",
  source: "vmx.c vmx_setup_l1d_flush, bugs.c l1tf_show_state",
  status(context): VulnerabilityStatus {
    if (!hasCode(context)) return withoutFile(context, "l1tf");
    if (!context.cpu.affectedBy.includes("l1tf")) return notAffected("l1tf");
    const { mode, why } = l1dFlushMode(context);
    // The kernel leaves the SMT part out where "vulnerable" says it all (l1tf_show_state).
    const suffix = mode === "never" && context.smt ? "" : `, SMT ${context.smt ? "vulnerable" : "disabled"}`;
    const sysfs = `Mitigation: PTE Inversion; VMX: ${VMX_STATE[mode]}${suffix}`;
    if (mode === "never") return { state: "vulnerable", sysfs, why: `${why}; PTE inversion stays, but guests may read the L1D cache` };
    return { state: "mitigated", sysfs, why };
  },
} as const satisfies Mitigation;
