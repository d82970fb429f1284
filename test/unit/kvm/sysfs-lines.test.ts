import { expect, test } from "vitest";
import type { Vulnerability } from "../../../src/hw/cpu-model.ts";
import { CPU_NAMES, type CpuName, CPUS } from "../../../src/hw/cpus.ts";
import type { MitigationSettings } from "../../../src/kvm/host-spec.ts";
import { KERNEL_NAMES, type KernelName, KERNELS } from "../../../src/kvm/kernels.ts";
import type { MitigationState, VulnerabilityStatus } from "../../../src/kvm/mitigation.ts";
import { VULNERABILITIES } from "../../../src/kvm/mitigations.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { type HostOverrides, hostSpec } from "../../support/host-spec.ts";

const of = (overrides: HostOverrides): Readonly<Record<Vulnerability, VulnerabilityStatus>> =>
  resolveHost(hostSpec(overrides)).vulnerabilities;
const line = (cpu: CpuName, kernel: KernelName, bug: Vulnerability, rest: HostOverrides = {}): string =>
  of({ cpu, kernel, ...rest })[bug].sysfs;

const PRCTL = "Mitigation: Speculative Store Bypass disabled via prctl";
const BARRIERS = "Mitigation: usercopy/swapgs barriers and __user pointer sanitization";
const CLEAR = "Mitigation: Clear CPU buffers; SMT vulnerable";
const THUNKS = "Mitigation: Aligned branch/return thunks";
const STUFFED = "Mitigation: Retpolines, Stuffing RSB";
const NO = "Not affected";

/** Everything that a host prints on 6.12, but for the bugs that no CPU of the catalogue has. */
type Column = Partial<Record<Vulnerability, string>>;
const ON_612: Readonly<Record<CpuName, Column>> = {
  "haswell-ep": {
    meltdown: "Mitigation: PTI",
    l1tf: "Mitigation: PTE Inversion; VMX: conditional cache flushes, SMT vulnerable",
    mds: CLEAR,
    tsx_async_abort: NO,
    mmio_stale_data: CLEAR,
    itlb_multihit: "KVM: Mitigation: Split huge pages",
    spectre_v2:
      "Mitigation: Retpolines; IBPB: conditional; IBRS_FW; STIBP: conditional; RSB filling; PBRSB-eIBRS: Not affected; BHI: Not affected",
    vmscape: "Mitigation: IBPB before exit to userspace",
  },
  "broadwell-ep": { tsx_async_abort: CLEAR, mds: CLEAR, retbleed: NO, gather_data_sampling: NO },
  "skylake-sp": {
    tsx_async_abort: CLEAR,
    mmio_stale_data: CLEAR,
    retbleed: "Mitigation: IBRS",
    gather_data_sampling: "Mitigation: Microcode",
    indirect_target_selection: NO,
    spectre_v2: "Mitigation: IBRS; IBPB: conditional; STIBP: conditional; RSB filling; PBRSB-eIBRS: Not affected; BHI: Not affected",
    vmscape: "Mitigation: IBPB before exit to userspace",
  },
  "cascade-lake": {
    meltdown: NO,
    l1tf: NO,
    mds: NO,
    tsx_async_abort: CLEAR,
    mmio_stale_data: CLEAR,
    retbleed: "Mitigation: Enhanced IBRS",
    gather_data_sampling: "Mitigation: Microcode",
    indirect_target_selection: THUNKS,
    spectre_v2:
      "Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; RSB filling; PBRSB-eIBRS: SW sequence; BHI: SW loop, KVM: SW loop",
    vmscape: "Mitigation: IBPB before exit to userspace",
  },
  "icelake-sp": {
    tsx_async_abort: NO,
    mmio_stale_data: CLEAR,
    retbleed: NO,
    gather_data_sampling: "Mitigation: Microcode",
    indirect_target_selection: THUNKS,
    itlb_multihit: NO,
    vmscape: NO,
  },
  "sapphire-rapids": {
    mmio_stale_data: NO,
    gather_data_sampling: NO,
    spectre_v2: "Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; RSB filling; PBRSB-eIBRS: SW sequence; BHI: BHI_DIS_S",
    vmscape: "Mitigation: IBPB before exit to userspace",
  },
  "epyc-naples": {
    retbleed: "Mitigation: untrained return thunk; SMT vulnerable",
    spec_rstack_overflow: "Mitigation: Safe RET",
    tsa: NO,
    spectre_v2: "Mitigation: Retpolines; IBPB: conditional; STIBP: disabled; RSB filling; PBRSB-eIBRS: Not affected; BHI: Not affected",
    vmscape: "Mitigation: IBPB before exit to userspace",
  },
  "epyc-rome": {
    retbleed: "Mitigation: untrained return thunk; SMT enabled with STIBP protection",
    spec_rstack_overflow: "Mitigation: Safe RET",
    spectre_v2: "Mitigation: Retpolines; IBPB: conditional; STIBP: always-on; RSB filling; PBRSB-eIBRS: Not affected; BHI: Not affected",
  },
  "epyc-milan": {
    retbleed: NO,
    spec_rstack_overflow: "Mitigation: Safe RET",
    tsa: "Mitigation: Clear CPU buffers",
    spectre_v2:
      "Mitigation: Retpolines; IBPB: conditional; IBRS_FW; STIBP: always-on; RSB filling; PBRSB-eIBRS: Not affected; BHI: Not affected",
  },
  "epyc-genoa": {
    retbleed: NO,
    spec_rstack_overflow: "Mitigation: Safe RET",
    tsa: "Mitigation: Clear CPU buffers",
    spectre_v2:
      "Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; STIBP: always-on; RSB filling; PBRSB-eIBRS: Not affected; BHI: Not affected",
    meltdown: NO,
    l1tf: NO,
    mds: NO,
  },
};

test.each(CPU_NAMES)("%s on 6.12 with current microcode", (cpu) => {
  const lines = Object.fromEntries(Object.entries(of({ cpu, kernel: "linux-6.12" })).map(([bug, { sysfs }]) => [bug, sysfs]));
  expect(lines).toMatchObject({
    spectre_v1: BARRIERS,
    spec_store_bypass: PRCTL,
    srbds: NO,
    reg_file_data_sampling: NO,
    old_microcode: "",
    ...ON_612[cpu],
  });
});

/** The base of spectre_v2's line, by kernel era. */
test.each<[CpuName, KernelName, string]>([
  ["skylake-sp", "linux-5.10", "Mitigation: Full generic retpoline, IBPB: conditional, IBRS_FW, STIBP: conditional, RSB filling"],
  ["skylake-sp", "linux-5.17", "Mitigation: Retpolines, IBPB: conditional, IBRS_FW, STIBP: conditional, RSB filling"],
  ["skylake-sp", "linux-5.15", "Mitigation: IBRS, IBPB: conditional, STIBP: conditional, RSB filling, PBRSB-eIBRS: Not affected"],
  ["skylake-sp", "linux-5.19", "Mitigation: IBRS, IBPB: conditional, STIBP: conditional, RSB filling"],
  ["skylake-sp", "linux-6.8", "Mitigation: IBRS, IBPB: conditional, STIBP: conditional, RSB filling, PBRSB-eIBRS: Not affected"],
  ["broadwell-ep", "linux-5.19", "Mitigation: Retpolines, IBPB: conditional, IBRS_FW, STIBP: conditional, RSB filling"],
  ["cascade-lake", "linux-5.10", "Mitigation: Enhanced IBRS, IBPB: conditional, RSB filling"],
  ["cascade-lake", "linux-5.15", "Mitigation: Enhanced IBRS, IBPB: conditional, RSB filling, PBRSB-eIBRS: SW sequence"],
  ["cascade-lake", "linux-6.4", "Mitigation: Enhanced / Automatic IBRS, IBPB: conditional, RSB filling, PBRSB-eIBRS: SW sequence"],
  ["epyc-rome", "linux-5.10", "Mitigation: Full AMD retpoline, IBPB: conditional, IBRS_FW, STIBP: conditional, RSB filling"],
  ["epyc-naples", "linux-5.10", "Mitigation: Full AMD retpoline, IBPB: conditional, STIBP: disabled, RSB filling"],
  ["epyc-rome", "linux-5.19", "Mitigation: Retpolines, IBPB: conditional, STIBP: always-on, RSB filling"],
  ["epyc-genoa", "linux-5.19", "Mitigation: Retpolines, IBPB: conditional, IBRS_FW, STIBP: always-on, RSB filling"],
])("spectre_v2 of %s on %s", (cpu, kernel, wanted) => {
  expect(line(cpu, kernel, "spectre_v2")).toBe(wanted);
});

test("seccomp was part of the default against store bypass until 5.16", () => {
  expect(line("skylake-sp", "linux-5.15", "spec_store_bypass")).toBe(`${PRCTL} and seccomp`);
  expect(line("skylake-sp", "linux-5.17", "spec_store_bypass")).toBe(PRCTL);
});

/** What old microcode leaves open. */
test.each<[CpuName, Vulnerability, string]>([
  ["skylake-sp", "mds", "Vulnerable: Clear CPU buffers attempted, no microcode; SMT vulnerable"],
  ["cascade-lake", "tsx_async_abort", "Vulnerable: Clear CPU buffers attempted, no microcode; SMT vulnerable"],
  ["icelake-sp", "mmio_stale_data", "Vulnerable: Clear CPU buffers attempted, no microcode; SMT vulnerable"],
  ["icelake-sp", "gather_data_sampling", "Vulnerable: No microcode"],
  ["skylake-sp", "old_microcode", "Vulnerable"],
  ["skylake-sp", "ghostwrite", NO],
  ["epyc-rome", "old_microcode", NO],
  ["epyc-naples", "spec_rstack_overflow", "Mitigation: Safe RET"],
  ["epyc-milan", "spec_rstack_overflow", "Vulnerable: Safe RET, no microcode"],
  ["epyc-genoa", "tsa", "Vulnerable: No microcode"],
])("%s on 6.18 with old microcode: %s", (cpu, bug, wanted) => {
  expect(line(cpu, "linux-6.18", bug, { mitigations: { microcode: "old" } })).toBe(wanted);
});

/** One mode of one bug. */
test.each<[CpuName, Vulnerability, Partial<MitigationSettings>, string, MitigationState]>([
  ["epyc-rome", "retbleed", { retbleed: "ibpb" }, "Mitigation: IBPB; SMT enabled with STIBP protection", "mitigated"],
  ["epyc-rome", "retbleed", { retbleed: "off" }, "Vulnerable", "vulnerable"],
  ["epyc-rome", "spec_rstack_overflow", { retbleed: "ibpb" }, "Mitigation: IBPB", "mitigated"],
  ["epyc-rome", "vmscape", { retbleed: "ibpb" }, "Mitigation: IBPB on VMEXIT", "mitigated"],
  ["epyc-milan", "vmscape", { srso: "ibpb-vmexit" }, "Mitigation: IBPB on VMEXIT", "mitigated"],
  ["epyc-milan", "spec_rstack_overflow", { srso: "off" }, "Vulnerable", "vulnerable"],
  ["epyc-milan", "spec_rstack_overflow", { srso: "microcode" }, "Vulnerable: Microcode, no safe RET", "vulnerable"],
  ["epyc-milan", "spec_rstack_overflow", { srso: "ibpb-vmexit" }, "Mitigation: IBPB on VMEXIT only", "mitigated"],
  ["epyc-milan", "spec_rstack_overflow", { srso: "ibpb", microcode: "old" }, "Vulnerable: No microcode", "vulnerable"],
  ["epyc-genoa", "tsa", { tsa: "user" }, "Mitigation: Clear CPU buffers: user/kernel boundary", "mitigated"],
  ["epyc-genoa", "tsa", { tsa: "vm" }, "Mitigation: Clear CPU buffers: VM", "mitigated"],
  ["epyc-genoa", "tsa", { tsa: "off" }, "Vulnerable", "vulnerable"],
  ["skylake-sp", "vmscape", { vmscape: "off" }, "Vulnerable", "vulnerable"],
  ["haswell-ep", "itlb_multihit", { all: "off" }, "KVM: Vulnerable", "vulnerable"],
  [
    "haswell-ep",
    "spectre_v1",
    { all: "off" },
    "Vulnerable: __user pointer sanitization and usercopy barriers only; no swapgs barriers",
    "vulnerable",
  ],
  ["cascade-lake", "indirect_target_selection", { spectre_v2: "off" }, "Vulnerable", "vulnerable"],
  ["cascade-lake", "indirect_target_selection", { its: "off" }, "Vulnerable", "vulnerable"],
  ["icelake-sp", "indirect_target_selection", { its: "vmexit" }, "Mitigation: Vulnerable, KVM: Not affected", "mitigated"],
  ["cascade-lake", "indirect_target_selection", { its: "vmexit" }, THUNKS, "mitigated"],
  ["skylake-sp", "indirect_target_selection", { its: "stuff" }, NO, "not_affected"],
  ["cascade-lake", "indirect_target_selection", { its: "stuff" }, THUNKS, "mitigated"],
  ["cascade-lake", "indirect_target_selection", { its: "stuff", spectre_v2: "retpoline" }, STUFFED, "mitigated"],
  ["cascade-lake", "indirect_target_selection", { its: "stuff", spectre_v2: "eibrs,retpoline" }, STUFFED, "mitigated"],
  ["cascade-lake", "indirect_target_selection", { retbleed: "stuff", spectre_v2: "retpoline" }, STUFFED, "mitigated"],
  ["cascade-lake", "indirect_target_selection", { spectre_v2: "eibrs,lfence" }, "Vulnerable", "vulnerable"],
  ["cascade-lake", "retbleed", { its: "stuff", spectre_v2: "retpoline" }, "Mitigation: Stuffing", "mitigated"],
  ["cascade-lake", "retbleed", { retbleed: "stuff" }, "Mitigation: Enhanced IBRS", "mitigated"],
  ["cascade-lake", "retbleed", { spectre_v2: "eibrs,lfence" }, "Mitigation: Enhanced IBRS", "mitigated"],
  ["skylake-sp", "retbleed", { retbleed: "stuff" }, "Mitigation: Stuffing", "mitigated"],
  ["skylake-sp", "retbleed", { retbleed: "stuff", spectre_v2: "ibrs" }, "Mitigation: IBRS", "mitigated"],
  ["skylake-sp", "retbleed", { retbleed: "stuff", spectre_v2: "off" }, "Vulnerable", "vulnerable"],
  ["skylake-sp", "retbleed", { retbleed: "stuff", all: "off" }, "Vulnerable", "vulnerable"],
  ["haswell-ep", "retbleed", { retbleed: "stuff" }, NO, "not_affected"],
  ["epyc-rome", "retbleed", { retbleed: "stuff" }, "Mitigation: untrained return thunk; SMT enabled with STIBP protection", "mitigated"],
  ["icelake-sp", "gather_data_sampling", { gds: "off" }, "Vulnerable", "vulnerable"],
  ["icelake-sp", "gather_data_sampling", { gds: "force" }, "Mitigation: Microcode", "mitigated"],
  ["icelake-sp", "gather_data_sampling", { gds: "force", microcode: "old" }, "Mitigation: AVX disabled, no microcode", "mitigated"],
  ["icelake-sp", "gather_data_sampling", { gds: "off", microcode: "old" }, "Vulnerable: No microcode", "vulnerable"],
  ["skylake-sp", "itlb_multihit", { itlb_multihit: "off" }, "KVM: Vulnerable", "vulnerable"],
  ["skylake-sp", "spec_store_bypass", { spec_store_bypass: "off" }, "Vulnerable", "vulnerable"],
  ["skylake-sp", "spec_store_bypass", { spec_store_bypass: "seccomp" }, `${PRCTL} and seccomp`, "mitigated"],
])("%s, %s with %j", (cpu, bug, mitigations, sysfs, state) => {
  expect(of({ cpu, kernel: "linux-6.12", mitigations })[bug]).toMatchObject({ sysfs, state });
});

test.each<[CpuName, Partial<MitigationSettings>, string]>([
  ["cascade-lake", { bhi: "off" }, "BHI: Vulnerable"],
  ["cascade-lake", { bhi: "vmexit" }, "BHI: Vulnerable, KVM: SW loop"],
  ["sapphire-rapids", { spectre_v2: "retpoline" }, "BHI: Retpoline"],
  ["sapphire-rapids", { all: "off" }, "PBRSB-eIBRS: Vulnerable; BHI: Vulnerable"],
])("the end of spectre_v2's line on %s with %j", (cpu, mitigations, words) => {
  expect(line(cpu, "linux-6.12", "spectre_v2", { mitigations })).toMatch(new RegExp(`; ${words}$`));
});

test("enhanced IBRS stays on beside retpolines or LFENCE, which kernels know since March 2022", () => {
  const beginning = (kernel: KernelName, mode: "eibrs,retpoline" | "eibrs,lfence", cpu: CpuName = "cascade-lake") =>
    line(cpu, kernel, "spectre_v2", { mitigations: { spectre_v2: mode } }).split(/[,;]/)[0];
  expect(beginning("linux-6.12", "eibrs,retpoline")).toBe("Mitigation: Enhanced / Automatic IBRS + Retpolines");
  expect(beginning("linux-6.12", "eibrs,lfence")).toBe("Mitigation: Enhanced / Automatic IBRS + LFENCE");
  expect(beginning("linux-5.17", "eibrs,retpoline")).toBe("Mitigation: Enhanced IBRS + Retpolines");
  expect(beginning("linux-5.10", "eibrs,retpoline")).toBe("Mitigation: Enhanced IBRS");
  expect(beginning("linux-6.12", "eibrs,retpoline", "broadwell-ep")).toBe("Mitigation: Retpolines");
});

test("retpolines beside enhanced IBRS cover branch history on Sapphire Rapids, LFENCE does not", () => {
  const sapphire = (mode: "eibrs,retpoline" | "eibrs,lfence") =>
    line("sapphire-rapids", "linux-6.12", "spectre_v2", { mitigations: { spectre_v2: mode } });
  expect(sapphire("eibrs,retpoline")).toMatch(/; BHI: Retpoline$/);
  expect(sapphire("eibrs,lfence")).toMatch(/; BHI: BHI_DIS_S$/);
});

test("a kernel before 6.2 does not know retbleed=stuff and stays with legacy IBRS", () => {
  const stuff = { mitigations: { retbleed: "stuff" } } as const;
  expect(line("skylake-sp", "linux-6.1", "retbleed", stuff)).toBe("Mitigation: IBRS");
  expect(line("skylake-sp", "linux-6.4", "retbleed", stuff)).toBe("Mitigation: Stuffing");
  expect(line("skylake-sp", "linux-6.4", "spectre_v2", stuff)).toMatch(/^Mitigation: Retpolines, /);
  expect(line("skylake-sp", "linux-5.10", "retbleed", stuff)).toBe("");
});

test("its: on says that the backport is there, without call depth tracking", () => {
  const on510 = (its: "on" | "stuff") => line("cascade-lake", "linux-5.10", "indirect_target_selection", { mitigations: { its } });
  expect(on510("on")).toBe(THUNKS);
  expect(on510("stuff")).toBe(THUNKS);
});

test("Zen 1 and 2 without SMT need nothing against SRSO", () => {
  expect(line("epyc-rome", "linux-6.12", "spec_rstack_overflow", { smt: false })).toBe("Mitigation: SMT disabled");
  expect(line("epyc-milan", "linux-6.12", "spec_rstack_overflow", { smt: false })).toBe("Mitigation: Safe RET");
});

test("distributions' backports and explicit modes bring the file to an old kernel", () => {
  const c84 = (rest: HostOverrides, bug: Vulnerability) => of({ kernel: "c84", ...rest })[bug].sysfs;
  expect(c84({ patches: ["vmscape"] }, "vmscape")).toBe("Mitigation: IBPB before exit to userspace");
  expect(c84({ mitigations: { vmscape: "ibpb" } }, "vmscape")).toBe("Mitigation: IBPB before exit to userspace");
  expect(c84({ patches: ["its"], cpu: "cascade-lake" }, "indirect_target_selection")).toBe(THUNKS);
  expect(c84({ patches: ["mmio_stale_data"], cpu: "icelake-sp" }, "mmio_stale_data")).toBe(CLEAR);
  expect(c84({ patches: ["retbleed"] }, "retbleed")).toBe("Mitigation: IBRS");
  for (const bhi of [{ patches: ["bhi"] }, { mitigations: { bhi: "on" } }] as const) {
    expect(c84({ ...bhi, cpu: "icelake-sp" }, "spectre_v2")).toBe(
      "Mitigation: Enhanced IBRS; IBPB: conditional; RSB filling; BHI: SW loop, KVM: SW loop",
    );
  }
});

test("a host prints a line exactly for the bugs that its kernel knows, and not affected only without the bug", () => {
  for (const cpu of CPU_NAMES) {
    for (const kernel of KERNEL_NAMES) {
      const statuses = of({ cpu, kernel });
      for (const bug of VULNERABILITIES) {
        const { sysfs, state } = statuses[bug];
        // On Haswell microcode took RTM away, and TAA with it.
        const has = (CPUS[cpu].affectedBy as readonly Vulnerability[]).includes(bug) && (bug !== "tsx_async_abort" || CPUS[cpu].hasRtm);
        expect(sysfs !== "", `${cpu} ${kernel} ${bug}`).toBe(KERNELS[kernel].traits.knows.includes(bug));
        if (sysfs !== "") expect(sysfs === NO, `${cpu} ${kernel} ${bug}`).toBe(!has);
        expect(state === "not_affected", `${cpu} ${kernel} ${bug}`).toBe(!has);
      }
    }
  }
});

test("mitigations=off leaves no bug mitigated", () => {
  for (const cpu of CPU_NAMES) {
    const statuses = of({ cpu, kernel: "linux-6.18", mitigations: { all: "off" } });
    expect(Object.values(statuses).filter(({ state }) => state === "mitigated")).toEqual([]);
  }
});
