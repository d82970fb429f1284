/** Commits about the dirty log of a VM that is migrated. */
import type { Commit } from "../commit.ts";

export const DIRTY_LOG_COMMITS = {
  a3fe5dbda0a4: {
    title: "KVM: x86/mmu: Split huge pages mapped by the TDP MMU when dirty logging is enabled",
    since: "5.18",
    traits: { hugePageSplit: "eager" },
    source: "mmu/tdp_mmu.c kvm_tdp_mmu_try_split_huge_pages, kvm.eager_page_split=Y; hash from memory",
  },
} as const satisfies Record<string, Commit>;
