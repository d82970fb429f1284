/**
 * Why a VM runs without the virtual APIC of its host's CPUs (APICv, AVIC). KVM keeps the reasons of
 * a VM as bits; a single one of them turns `apicv_active` off for all its vCPUs.
 *
 * Linux arch/x86/include/asm/kvm_host.h enum kvm_apicv_inhibit (6.12 and 7.1), svm/svm.h
 * AVIC_REQUIRED_APICV_INHIBITS, vmx/vmx.c VMX_REQUIRED_APICV_INHIBITS. Simplified: a reason holds as
 * long as the VM lives; those without `why` come and go, or need what no specification can ask for
 * (nested guests, SEV, a debugger, a PIT in reinject mode), and so never hold here.
 */
import type { Vendor } from "../hw/cpu-model.ts";
import type { GuestSpec } from "./host-spec.ts";
import type { KernelTraits } from "./kernel.ts";

/** What a reason looks at: the host as resolved, and one of its guests. */
export interface InhibitInputs {
  readonly cpu: { readonly vendor: Vendor };
  readonly kernel: { readonly name: string };
  readonly traits: Pick<KernelTraits, "x2avic" | "avicBigIds">;
  readonly apicv: { readonly value: boolean; readonly why: string };
  readonly x2avic: { readonly value: boolean };
  readonly guest: Pick<GuestSpec, "apic" | "timer" | "vcpus">;
}

export interface ApicvInhibit {
  readonly vendors: readonly Vendor[];
  readonly doc: string;
  /** Why it holds for a VM, or null where it does not. */
  readonly why?: (vm: InhibitInputs) => string | null;
}

const BOTH: readonly Vendor[] = ["intel", "amd"];
const AMD: readonly Vendor[] = ["amd"];

/** The kernel's names, in small letters. */
export const APICV_INHIBITS = {
  disabled: {
    vendors: BOTH,
    doc: "the module parameter is off, or the hardware has none",
    why: ({ apicv }) => (apicv.value ? null : apicv.why),
  },
  hyperv: {
    vendors: BOTH,
    doc: "the guest uses AutoEOI of Hyper-V's SynIC",
    // From 5.15 on KVM calls AutoEOI deprecated, which QEMU passes on with hv-avic only (assumed: off, its default).
    why: ({ guest }) => (guest.timer === "hv_stimer" ? "the SINT of the guest's synthetic timer uses AutoEOI" : null),
  },
  absent: { vendors: BOTH, doc: "user space keeps the APIC: no in-kernel irqchip" },
  blockirq: { vendors: BOTH, doc: "a debugger blocks interrupts (KVM_GUESTDBG_BLOCKIRQ)" },
  physical_id_aliased: { vendors: BOTH, doc: "two vCPUs answer to one APIC ID" },
  apic_id_modified: { vendors: BOTH, doc: "the guest changed an APIC ID" },
  apic_base_modified: { vendors: BOTH, doc: "the guest moved an APIC's page" },
  nested: { vendors: AMD, doc: "the vCPU runs a nested guest" },
  irqwin: { vendors: AMD, doc: "KVM waits for an interrupt window to inject an ExtINT" },
  pit_reinj: { vendors: AMD, doc: "the PIT is in reinject mode" },
  x2apic: {
    vendors: AMD,
    doc: "the guest may use an x2APIC, and the kernel has neither x2AVIC nor hybrid AVIC (before 6.1)",
    why: ({ traits, guest }) =>
      guest.apic === "xapic" || traits.x2avic === "present" ? null : "an x2APIC guest inhibits AVIC on a kernel without x2AVIC",
  },
  sev: { vendors: AMD, doc: "the guest's memory is encrypted" },
  logical_id_aliased: { vendors: AMD, doc: "two vCPUs answer to one logical APIC ID" },
  physical_id_too_big: { vendors: AMD, doc: "a vCPU's ID does not fit into AVIC's physical APIC ID table", why: idTooBig },
} as const satisfies Record<string, ApicvInhibit>;

export type ApicvInhibitName = keyof typeof APICV_INHIBITS;
const NAMES = Object.keys(APICV_INHIBITS) as ApicvInhibitName[];

/** Every reason that a vendor's hosts can have. */
export const INHIBITS_OF: Readonly<Record<Vendor, readonly ApicvInhibitName[]>> = { intel: ofVendor("intel"), amd: ofVendor("amd") };

function ofVendor(vendor: Vendor): readonly ApicvInhibitName[] {
  return NAMES.filter((name) => (APICV_INHIBITS[name] as ApicvInhibit).vendors.includes(vendor));
}

/** A reason that holds, with what brought it about. */
export interface HeldInhibit {
  readonly name: ApicvInhibitName;
  readonly why: string;
}

/** The reasons that hold for a VM: none where its virtual APIC is active. Where APICv is off altogether, KVM looks for no other. */
export function apicvInhibits(vm: InhibitInputs): readonly HeldInhibit[] {
  const held = INHIBITS_OF[vm.cpu.vendor].flatMap((name) => {
    const { why }: ApicvInhibit = APICV_INHIBITS[name];
    const because = why?.(vm) ?? null;
    return because === null ? [] : [{ name, why: because }];
  });
  return vm.apicv.value ? held : held.slice(0, 1);
}

/** AVIC_MAX_PHYSICAL_ID and X2AVIC_MAX_PHYSICAL_ID. */
const MAX_ID = { avic: 0xfe, x2avic: 0x1ff };

function idTooBig({ apicv, x2avic, guest }: InhibitInputs): string | null {
  if (!apicv.value) return null;
  const [what, max] = x2avic.value ? (["x2AVIC", MAX_ID.x2avic] as const) : (["AVIC", MAX_ID.avic] as const);
  return guest.vcpus - 1 > max ? `${guest.vcpus} vCPUs, and the table of ${what} ends with ID ${max}` : null;
}

/**
 * What KVM refuses, as expected against what came; null where it does not. Before it knew
 * PHYSICAL_ID_TOO_BIG, avic_init_backing_page answered -EINVAL and the vCPU was not created. Nor
 * does an xAPIC have IDs for more than 255 vCPUs.
 */
export function tooManyVcpus(vm: InhibitInputs): string | null {
  const { cpu, guest, traits, kernel, x2avic } = vm;
  const expected = (most: number, why: string): string => `expected at most ${most} vCPUs, ${why}, came ${guest.vcpus}`;
  if (guest.apic === "xapic" && guest.vcpus > 255) return expected(255, "for an xAPIC's ID has eight bits");
  if (cpu.vendor === "intel" || traits.avicBigIds === "inhibits" || idTooBig(vm) === null) return null;
  const most = 1 + (x2avic.value ? MAX_ID.x2avic : MAX_ID.avic);
  return expected(most, `for with kvm_amd.avic=1 ${kernel.name} creates no vCPU with a larger ID`);
}
