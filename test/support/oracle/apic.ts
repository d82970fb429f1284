/** The guest's APIC as its vCPU has it, and how each access to it exits; null is no exit. */
import type { ExitKindName } from "../../../src/kvm/exit-kinds.ts";
import type { OracleVcpu, World } from "./world.ts";

/** An APIC on a page or in MSRs, without and with a virtual one. */
type Apic = "page" | "MSRs" | "APICv page" | "APICv MSRs" | "AVIC" | "x2AVIC" | "hybrid AVIC";

function apicOf({ resolved }: World, vcpu: OracleVcpu): Apic {
  const onPage = vcpu.guest.spec.apic === "xapic";
  if (!vcpu.apicv) return onPage ? "page" : "MSRs";
  if (resolved.cpu.vendor === "intel") return onPage ? "APICv page" : "APICv MSRs";
  if (onPage) return "AVIC";
  return resolved.x2avic.value ? "x2AVIC" : "hybrid AVIC";
}

type Exits = Readonly<Record<Apic, ExitKindName | null>>;

const EOI: Exits = {
  page: "apicAccess",
  MSRs: "eoi",
  "APICv page": null,
  "APICv MSRs": null,
  AVIC: null,
  x2AVIC: null,
  "hybrid AVIC": "eoi",
};
const LEVEL_EOI: Exits = { ...EOI, "APICv page": "levelEoi", "APICv MSRs": "levelEoi", AVIC: "levelEoi", x2AVIC: "levelEoi" };
/** The timer's initial count, say. */
const REGISTER: Exits = {
  page: "apicAccess",
  MSRs: "otherMsr",
  "APICv page": "apicWrite",
  "APICv MSRs": "otherMsr",
  AVIC: "apicWrite",
  x2AVIC: "apicWrite",
  "hybrid AVIC": "otherMsr",
};

export const eoiExit = (world: World, vcpu: OracleVcpu): ExitKindName | null => byHyperV(vcpu, EOI[apicOf(world, vcpu)]);
export const levelEoiExit = (world: World, vcpu: OracleVcpu): ExitKindName | null => byHyperV(vcpu, LEVEL_EOI[apicOf(world, vcpu)]);
export const registerExit = (world: World, vcpu: OracleVcpu): ExitKindName | null => REGISTER[apicOf(world, vcpu)];

/** A Windows guest has an MSR of Hyper-V for it, whatever its APIC. */
const byHyperV = ({ guest }: OracleVcpu, exit: ExitKindName | null): ExitKindName | null =>
  exit === "apicAccess" && guest.spec.timer === "hv_stimer" ? "eoi" : exit;

/** MSR 0x83f, which only VMX virtualizes. */
export const selfIpiExit = (world: World, vcpu: OracleVcpu): ExitKindName | null =>
  apicOf(world, vcpu) === "APICv MSRs" ? null : "otherMsr";

/** A page that nobody virtualizes takes the halves of the ICR one after the other. */
export const hasIcrHalves = (world: World, vcpu: OracleVcpu): boolean => apicOf(world, vcpu) === "page";

/** Who sends the IPI of an ICR write: KVM after an exit, VMX' IPI virtualization (unicasts), or AVIC. */
export function icrSender(world: World, vcpu: OracleVcpu): "KVM" | "VMX" | "AVIC" {
  const apic = apicOf(world, vcpu);
  if (apic === "AVIC" || apic === "x2AVIC") return "AVIC";
  return apic.startsWith("APICv") && world.resolved.ipiVirtualization.value ? "VMX" : "KVM";
}

/** VMX lets a vCPU interrupt itself by the page's self shorthand. */
export const shorthandToSelfIsVirtual = (world: World, vcpu: OracleVcpu): boolean => apicOf(world, vcpu) === "APICv page";
