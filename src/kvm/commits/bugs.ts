/**
 * Commits about CPU bugs: a sysfs file with the code behind it, where VERW stands, and the
 * wording of sysfs lines. Names of bugs are names of their backports. Distributions and stable
 * trees take these into every kernel that they maintain, so `backports` of a kernel list them.
 */
import type { Commit } from "../commit.ts";

export const BUG_COMMITS = {
  mds: {
    title: "x86/speculation/mds: mitigation by VERW",
    since: "5.2",
    traits: {},
    knows: ["mds"],
    source: "bugs.c mds_select_mitigation; May 2019",
  },
  tsx_async_abort: {
    title: "x86/speculation/taa: Add mitigation for TSX Async Abort",
    since: "5.4",
    traits: {},
    knows: ["tsx_async_abort"],
    needs: ["mds"],
    source: "bugs.c taa_select_mitigation; November 2019",
  },
  itlb_multihit: {
    title: "kvm: mmu: ITLB_MULTIHIT mitigation",
    since: "5.4",
    traits: {},
    knows: ["itlb_multihit"],
    source: "mmu.c nx_huge_pages; November 2019",
  },
  srbds: {
    title: "x86/speculation: Add Special Register Buffer Data Sampling (SRBDS) mitigation",
    since: "5.8",
    traits: {},
    knows: ["srbds"],
    source: "bugs.c srbds_select_mitigation; June 2020",
  },
  "2f46993d83ff": {
    title: "x86: change default to spec_store_bypass_disable=prctl spectre_v2_user=prctl",
    since: "5.16",
    traits: { ssbDefault: "prctl" },
    source: "bugs.c ssb_select_mitigation, ssb_strings",
  },
  "spectre-bhb-2022": {
    title: "x86/speculation: Rename RETPOLINE_AMD to RETPOLINE_LFENCE, use generic retpoline by default on AMD",
    since: "5.17",
    traits: { spectreV2Wording: "retpolines" },
    source: "bugs.c spectre_v2_strings: Full generic retpoline in 5.10, Retpolines in 5.15.100; March 2022",
  },
  mmio_stale_data: {
    title: "x86/speculation/mmio: Add mitigation for Processor MMIO Stale Data",
    since: "5.19",
    traits: {},
    knows: ["mmio_stale_data"],
    needs: ["mds"],
    source: "bugs.c mmio_select_mitigation, vmx.c mmio_stale_data_clear; in 5.15.100 and 5.19",
  },
  retbleed: {
    title: "x86/bugs: Add retbleed mitigations: kernel IBRS, untrained return thunks",
    since: "5.19",
    traits: {},
    knows: ["retbleed"],
    source: "bugs.c retbleed_select_mitigation; in 5.15.100 and 5.19",
  },
  pbrsb: {
    title: "x86/speculation: Add RSB VM Exit protections",
    since: "6.0",
    traits: { pbrsb: "known" },
    source: "bugs.c pbrsb_eibrs_state, X86_FEATURE_RSB_VMEXIT_LITE; August 2022",
  },
  "automatic-ibrs": {
    title: "x86/cpu: Support AMD Automatic IBRS",
    since: "6.3",
    traits: { automaticIbrs: "present" },
    source: "bugs.c spectre_v2_select_mitigation, wording Enhanced / Automatic IBRS; also in 6.1.192",
  },
  gather_data_sampling: {
    title: "x86/speculation: Add Gather Data Sampling mitigation",
    since: "6.5",
    traits: {},
    knows: ["gather_data_sampling"],
    source: "bugs.c gds_select_mitigation; August 2023",
  },
  spec_rstack_overflow: {
    title: "x86/srso: Add a Speculative RAS Overflow mitigation",
    since: "6.5",
    traits: {},
    knows: ["spec_rstack_overflow"],
    source: "bugs.c srso_select_mitigation; August 2023",
  },
  "verw-before-vmentry": {
    title: "KVM/VMX: Move VERW closer to VMentry for MDS mitigation",
    since: "6.8",
    traits: { verw: "always" },
    needs: ["mds"],
    source: "vmenter.S __vmx_vcpu_run CLEAR_CPU_BUFFERS; in 6.6.47; main-line release assumed",
  },
  reg_file_data_sampling: {
    title: "x86/rfds: Mitigate Register File Data Sampling (RFDS)",
    since: "6.9",
    traits: {},
    knows: ["reg_file_data_sampling"],
    needs: ["verw-before-vmentry"],
    source: "bugs.c rfds_select_mitigation; March 2024",
  },
  bhi: {
    title: "x86/bhi: Mitigate Native BHI by BHI_DIS_S or by clearing the branch history",
    since: "6.9",
    traits: { bhi: "known" },
    source: "bugs.c bhi_select_mitigation, vmenter.S CLEAR_BRANCH_HISTORY_VMEXIT; sysfs suffixes with ; instead of ,; April 2024",
  },
  ghostwrite: {
    title: "riscv: Add ghostwrite vulnerability",
    since: "6.14",
    traits: {},
    knows: ["ghostwrite"],
    source: "drivers/base/cpu.c: not in 6.12, in 6.16; first release from memory",
  },
  its: {
    title: "x86/its: Mitigate Indirect Target Selection",
    since: "6.15",
    traits: {},
    knows: ["indirect_target_selection"],
    source: "bugs.c its_select_mitigation; May 2025",
  },
  old_microcode: {
    title: "x86/cpu: Help users notice when running old Intel microcode",
    since: "6.16",
    traits: {},
    knows: ["old_microcode"],
    source: "bugs.c old_microcode_show_state; in 6.16",
  },
  tsa: {
    title: "x86/bugs: Add a Transient Scheduler Attacks mitigation",
    since: "6.16",
    traits: {},
    knows: ["tsa"],
    source: "bugs.c tsa_select_mitigation, svm vmenter.S VM_CLEAR_CPU_BUFFERS; July 2025",
  },
  vmscape: {
    title: "x86/vmscape: Add conditional IBPB mitigation",
    since: "6.17",
    traits: {},
    knows: ["vmscape"],
    source: "bugs.c vmscape_select_mitigation, x86.c vcpu_enter_guest and exit to user space; not in 6.16.1; September 2025",
  },
  "clear-cpu-buf-vm": {
    title: "x86/bugs: Clear CPU buffers before VM entry by features of their own, VM and VM_MMIO",
    since: "6.18",
    traits: { verw: "per_vm" },
    needs: ["verw-before-vmentry"],
    source: "vmenter.S CLEAR_CPU_BUF_VM, CLEAR_CPU_BUF_VM_MMIO: in 7.1, not in 6.12; release between the two assumed",
  },
} as const satisfies Record<string, Commit>;
