/**
 * Names of exit reasons as the tools print them: perf by the kernel's uapi names, kvm_stat and
 * kvmexit by lists of their own, older versions of all by names that the kernel has given up.
 */
import type { Vendor } from "../../hw/cpu-model.ts";
import { formOf } from "../../kvm/exit.ts";
import { EXITS } from "../../kvm/exits.ts";

const names = (vendor: Vendor): ReadonlySet<string> => new Set(Object.values(EXITS).flatMap((exit) => formOf(exit, vendor)?.name ?? []));

/** Reasons that the emulator has, by vendor, as perf names them. */
export const KNOWN_REASONS: Readonly<Record<Vendor, ReadonlySet<string>>> = { intel: names("intel"), amd: names("amd") };

/** tools/kvm/kvm_stat and kvmexit write SVM's exit codes in capitals. */
const SVM_CAPITALS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    INTR: "interrupt",
    VINTR: "vintr",
    CPUID: "cpuid",
    INVD: "invd",
    PAUSE: "pause",
    HLT: "hlt",
    IOIO: "io",
    MSR: "msr",
    VMMCALL: "hypercall",
    NPF: "npf",
    AVIC_INCOMPLETE_IPI: "avic_incomplete_ipi",
    AVIC_UNACCELERATED_ACCESS: "avic_unaccelerated_access",
  }),
);
/** Names that only SVM has. */
const SVM_ONLY: ReadonlySet<string> = new Set(["INTR", "VINTR", "IOIO", "MSR", "VMMCALL", "NPF"]);

/** Names that older kernels and tools gave to reasons of VMX. */
const VMX_FORMERLY: ReadonlyMap<string, string> = new Map([
  ["PENDING_INTERRUPT", "INTERRUPT_WINDOW"],
  ["VIRTUAL_INTR_PENDING", "INTERRUPT_WINDOW"],
]);

const PREFIX = /^(?:EXIT_REASON_|SVM_EXIT_|VMEXIT_|EXIT_)/;

/** Whose reason this is, or null where either vendor's hosts could have printed it. */
export function vendorOf(name: string): Vendor | null {
  const bare = name.replace(PREFIX, "");
  if (name.startsWith("SVM_EXIT_") || SVM_ONLY.has(bare)) return "amd";
  if (KNOWN_REASONS.amd.has(name)) return "amd";
  if (SVM_CAPITALS.has(bare)) return null;
  return KNOWN_REASONS.intel.has(VMX_FORMERLY.get(bare) ?? bare) ? "intel" : null;
}

/** The reason as perf names it on this vendor's hosts; unknown ones as they came. */
export function reasonOf(name: string, vendor: Vendor): string {
  const bare = name.replace(PREFIX, "");
  if (vendor === "amd") return SVM_CAPITALS.get(bare) ?? bare;
  return VMX_FORMERLY.get(bare) ?? bare;
}
