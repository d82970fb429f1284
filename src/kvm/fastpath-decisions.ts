/**
 * Which fastpaths of a host are live. `auto` is what the kernel and its patches have; `on` where
 * they lack it means as if backported; `off` takes the exit to the normal path. For ICR,
 * TSC_DEADLINE and PREEMPTION_TIMER a backport is known, so their exits count as capable on every
 * kernel; HLT and INVD only where the kernel has them. On AMD there is no preemption timer, so
 * TSC_DEADLINE cannot meet its condition there before 6.18 drops it.
 *
 * Linux: arch/x86/kvm/vmx/vmx.c vmx_exit_handlers_fastpath; svm/svm.c svm_exit_handlers_fastpath;
 * x86.c handle_fastpath_*.
 */
import type { Vendor } from "../hw/cpu-model.ts";
import { FASTPATH_NAMES, type FastpathName } from "./fastpaths.ts";
import type { HostSpec } from "./host-spec.ts";
import type { Commit } from "./commit.ts";
import { type CommitName, COMMITS } from "./commits.ts";
import type { KernelTraits } from "./kernel.ts";
import { type Kernel, traitsOf } from "./kernel-from-commits.ts";
import type { Patch } from "./patch.ts";
import { fastpathIcr } from "./patches/fastpath-icr.ts";
import { fastpathPreemptionTimer } from "./patches/fastpath-preemption-timer.ts";
import { fastpathTscDeadline } from "./patches/fastpath-tsc-deadline.ts";
import { type PatchName, PATCHES } from "./patches.ts";
import { type FastpathDecision, SpecError } from "./resolved.ts";

interface Form {
  readonly handler: string;
  readonly inTraits: (traits: KernelTraits, vendor: Vendor) => boolean;
  /** The backport that `on` stands for. */
  readonly backport: Readonly<Record<Vendor, Patch | undefined>>;
}

const onVendor = (traits: KernelTraits, vendor: Vendor): boolean => vendor === "intel" || traits.svmFastpaths === "present";

const FORMS: Readonly<Record<FastpathName, Form>> = {
  preemption_timer: {
    handler: "handle_fastpath_preemption_timer",
    inTraits: (traits, vendor) => vendor === "intel" && traits.preemptionTimer === "present",
    backport: { intel: fastpathPreemptionTimer, amd: undefined },
  },
  tsc_deadline: {
    handler: "handle_fastpath_set_tscdeadline",
    inTraits: (traits, vendor) =>
      vendor === "intel" ? traits.tscDeadline !== "absent" : onVendor(traits, vendor) && traits.tscDeadline === "unconditional",
    backport: { intel: fastpathTscDeadline, amd: undefined },
  },
  icr: {
    handler: "handle_fastpath_set_x2apic_icr_irqoff",
    inTraits: (traits, vendor) => onVendor(traits, vendor) && traits.icr !== "absent",
    backport: { intel: fastpathIcr, amd: fastpathIcr },
  },
  hlt: {
    handler: "handle_fastpath_hlt",
    inTraits: (traits, vendor) => onVendor(traits, vendor) && traits.hlt === "present",
    backport: { intel: undefined, amd: undefined },
  },
  invd: {
    handler: "handle_fastpath_invd",
    inTraits: (traits, vendor) => onVendor(traits, vendor) && traits.invd === "present",
    backport: { intel: undefined, amd: undefined },
  },
};

/** Why an AMD host lacks a fastpath that its kernel has for Intel. */
const WITHOUT_PREEMPTION_TIMER: Partial<Record<FastpathName, string>> = {
  preemption_timer: "SVM has no preemption timer, hence no such exits",
  tsc_deadline: "it needs kvm_can_use_hv_timer(), which is never true on SVM (until 0a94b2042419, 6.18)",
};

/**
 * The kernel's traits with `patches` applied, then the backports that `fastpath: on` stands for.
 * Throws a SpecError for a patch that changes nothing without a commit that the kernel lacks.
 */
export function patchedTraits(kernel: Kernel, spec: Pick<HostSpec, "patches" | "fastpath">, vendor: Vendor): KernelTraits {
  const commits = new Set(kernel.commits);
  for (const [i, name] of spec.patches.entries()) {
    for (const commit of PATCHES[name].commits) {
      const missing = unmetNeed(commit, commits);
      if (missing !== undefined) {
        const { title, since } = COMMITS[missing];
        const expected = `a kernel with ${missing} (${title}, ${since}) for patch ${name}`;
        throw new SpecError(["patches", i], `expected ${expected}, came ${kernel.name}`);
      }
      commits.add(commit);
    }
  }
  let traits = traitsOf([...commits]);
  for (const name of FASTPATH_NAMES) {
    const { inTraits, backport } = FORMS[name];
    if (spec.fastpath[name] !== "on" || inTraits(traits, vendor)) continue;
    for (const commit of backport[vendor]?.commits ?? []) commits.add(commit);
    traits = traitsOf([...commits]);
  }
  return traits;
}

function unmetNeed(commit: CommitName, commits: ReadonlySet<CommitName>): CommitName | undefined {
  const { needs = [] }: Commit = COMMITS[commit];
  return (needs as readonly CommitName[]).find((need) => !commits.has(need));
}

/** One decision per fastpath; `traits` are those of `patchedTraits`. */
export function fastpathDecisions(
  kernel: Kernel,
  traits: KernelTraits,
  spec: Pick<HostSpec, "patches" | "fastpath">,
  vendor: Vendor,
): Readonly<Record<FastpathName, FastpathDecision>> {
  const decide = (name: FastpathName): FastpathDecision => {
    const { handler, inTraits, backport } = FORMS[name];
    const live = inTraits(traits, vendor);
    const capable = backport[vendor] !== undefined || live;
    if (!live) {
      const never = vendor === "amd" ? WITHOUT_PREEMPTION_TIMER[name] : undefined;
      if (never !== undefined) return { value: false, capable, missCause: "kernel_lacks_it", why: never };
      const asked = spec.fastpath[name] === "on" ? ", and no backport of it is known" : "";
      return { value: false, capable, missCause: "kernel_lacks_it", why: `${kernel.name} has no ${handler}${asked}` };
    }
    const value = spec.fastpath[name] !== "off";
    const why = value ? `${originOf(name, kernel, spec.patches, vendor)}: ${handler}` : `${handler} is turned off by configuration`;
    return { value, capable, missCause: "turned_off", why };
  };
  return {
    preemption_timer: decide("preemption_timer"),
    tsc_deadline: decide("tsc_deadline"),
    icr: decide("icr"),
    hlt: decide("hlt"),
    invd: decide("invd"),
  };
}

/** Where a live fastpath comes from: the kernel itself, a patch, or the configuration's `on`. */
function originOf(name: FastpathName, kernel: Kernel, patches: readonly PatchName[], vendor: Vendor): string {
  const { inTraits, backport } = FORMS[name];
  if (inTraits(kernel.traits, vendor)) return `${kernel.name} has it`;
  const patch = patches.find((candidate) => PATCHES[candidate] === backport[vendor]);
  return patch === undefined ? `as if ${backport[vendor]?.name ?? name} were backported` : `patch ${patch}`;
}
