/**
 * iTLB multihit: an instruction fetch that hits two page sizes stops the machine. KVM keeps guest
 * pages executable only where they are small; that costs EPT violations, not entries.
 *
 * Linux: arch/x86/kvm/mmu/mmu.c nx_huge_pages; bugs.c itlb_multihit_show_state. Simplified: KVM is
 * loaded, and the exits of splitting are not emulated.
 */
import { mitigated, statusWhereLive, vulnerable } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const itlbMultihit = {
  vulnerability: "itlb_multihit",
  doc: "machine check on an instruction fetch: KVM splits executable huge pages",
  source: "mmu.c get_nx_auto_mode, bugs.c itlb_multihit_show_state",
  status: (context): VulnerabilityStatus =>
    statusWhereLive(
      context,
      "itlb_multihit",
      () =>
        context.settings.itlb_multihit === "off"
          ? vulnerable("kvm.nx_huge_pages=never", "KVM: Vulnerable")
          : mitigated("KVM: Mitigation: Split huge pages", "kvm.nx_huge_pages=auto is on for a CPU with the bug"),
      { off: "KVM: Vulnerable" },
    ),
} as const satisfies Mitigation;
