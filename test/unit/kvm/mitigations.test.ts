import { expect, test } from "vitest";
import type { Vulnerability } from "../../../src/hw/cpu-model.ts";
import type { CpuName } from "../../../src/hw/cpus.ts";
import type { KernelName } from "../../../src/kvm/kernels.ts";
import type { MitigationState } from "../../../src/kvm/mitigation.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { type HostOverrides, hostSpec } from "../../support/host-spec.ts";

type Lines = Readonly<Record<Vulnerability, string>>;

const statusOf = (overrides: HostOverrides, bug: Vulnerability) => resolveHost(hostSpec(overrides)).vulnerabilities[bug];
const line = (overrides: HostOverrides, bug: Vulnerability): string => statusOf(overrides, bug).sysfs;
const lines = (overrides: HostOverrides): Lines => {
  const all = resolveHost(hostSpec(overrides)).vulnerabilities;
  return Object.fromEntries(Object.entries(all).map(([bug, status]) => [bug, status.sysfs])) as Lines;
};

const KERNELS_OF_THE_ERA: readonly KernelName[] = ["linux-4.18", "linux-5.8", "rhel-8.2", "rhel-8.4", "c82", "c84"];
const BY_CPU: Readonly<Record<"skylake-sp" | "cascade-lake" | "icelake-sp", Partial<Lines>>> = {
  "skylake-sp": {
    meltdown: "Mitigation: PTI",
    spectre_v2: "Mitigation: Full generic retpoline, IBPB: conditional, IBRS_FW, STIBP: conditional, RSB filling",
    l1tf: "Mitigation: PTE Inversion; VMX: conditional cache flushes, SMT vulnerable",
    mds: "Mitigation: Clear CPU buffers; SMT vulnerable",
    tsx_async_abort: "Mitigation: Clear CPU buffers; SMT vulnerable",
    mmio_stale_data: "",
    retbleed: "",
  },
  "cascade-lake": {
    meltdown: "Not affected",
    spectre_v2: "Mitigation: Enhanced IBRS, IBPB: conditional, RSB filling",
    l1tf: "Not affected",
    mds: "Not affected",
    tsx_async_abort: "Mitigation: Clear CPU buffers; SMT vulnerable",
    mmio_stale_data: "",
    retbleed: "",
  },
  "icelake-sp": {
    meltdown: "Not affected",
    spectre_v2: "Mitigation: Enhanced IBRS, IBPB: conditional, RSB filling",
    l1tf: "Not affected",
    mds: "Not affected",
    tsx_async_abort: "Not affected",
    mmio_stale_data: "",
    retbleed: "",
  },
};

test.each(KERNELS_OF_THE_ERA.flatMap((kernel) => (Object.keys(BY_CPU) as (keyof typeof BY_CPU)[]).map((cpu) => [cpu, kernel] as const)))(
  "%s on %s prints the sysfs lines of its time",
  (cpu, kernel) => {
    expect(lines({ cpu, kernel })).toMatchObject(BY_CPU[cpu]);
  },
);

test("TAA on old microcode is attempted for nothing on both CPUs that have it", () => {
  const attempted = "Vulnerable: Clear CPU buffers attempted, no microcode; SMT vulnerable";
  const mitigations = { microcode: "old" } as const;
  expect(statusOf({ cpu: "cascade-lake", mitigations }, "tsx_async_abort")).toEqual({
    state: "vulnerable",
    sysfs: attempted,
    why: "MDS_NO=1 without the TSX_CTRL MSR: VERW does not clear",
  });
  expect(lines({ mitigations }).tsx_async_abort).toBe(attempted);
  expect(lines({ mitigations }).mds).toBe(attempted);
});

test.each<[CpuName, "current" | "old"]>([
  ["skylake-sp", "current"],
  ["skylake-sp", "old"],
  ["cascade-lake", "current"],
  ["cascade-lake", "old"],
])("without TSX there is no TAA on %s, %s microcode", (cpu, microcode) => {
  expect(line({ cpu, tsx: "off", mitigations: { microcode } }, "tsx_async_abort")).toBe("Mitigation: TSX disabled");
});

test("a Haswell has TAA where microcode left it its TSX, an EPYC never has", () => {
  const taa = (rest: HostOverrides) => line({ cpu: "haswell-ep", ...rest }, "tsx_async_abort");
  expect([taa({}), taa({ tsx: "off" })]).toEqual(["Not affected", "Not affected"]);
  expect(taa({ tsx: "on" })).toBe("Mitigation: Clear CPU buffers; SMT vulnerable");
  expect(taa({ cpu: "epyc-milan", tsx: "on" })).toBe("Not affected");
});

test("without SMT the suffixes say so", () => {
  const { l1tf, mds, tsx_async_abort: taa, spectre_v2: v2 } = lines({ smt: false });
  expect(l1tf).toBe("Mitigation: PTE Inversion; VMX: conditional cache flushes, SMT disabled");
  expect(mds).toBe("Mitigation: Clear CPU buffers; SMT disabled");
  expect(taa).toBe("Mitigation: Clear CPU buffers; SMT disabled");
  expect(v2).toContain("STIBP: disabled");
});

test("mitigations=off leaves a Skylake vulnerable to all that its kernel knows", () => {
  expect(lines({ mitigations: { all: "off" } })).toMatchObject({
    meltdown: "Vulnerable",
    spectre_v2: "Vulnerable, IBPB: disabled, STIBP: disabled",
    l1tf: "Mitigation: PTE Inversion; VMX: vulnerable",
    mds: "Vulnerable; SMT vulnerable",
    tsx_async_abort: "Vulnerable",
    mmio_stale_data: "",
    retbleed: "",
  });
});

test("mds=off alone takes nothing from a Skylake, for TAA asks for the same VERW", () => {
  const both = "Mitigation: Clear CPU buffers; SMT vulnerable";
  for (const mitigations of [{ mds: "off" }, { taa: "off" }] as const) {
    const { mds, tsx_async_abort: taa } = lines({ mitigations });
    expect([mds, taa]).toEqual([both, both]);
  }
  const off = lines({ mitigations: { mds: "off", taa: "off" } });
  expect([off.mds, off.tsx_async_abort]).toEqual(["Vulnerable; SMT vulnerable", "Vulnerable"]);
});

test.each<[string, string, MitigationState]>([
  ["always", "Mitigation: PTE Inversion; VMX: cache flushes, SMT vulnerable", "mitigated"],
  ["cond", "Mitigation: PTE Inversion; VMX: conditional cache flushes, SMT vulnerable", "mitigated"],
  ["never", "Mitigation: PTE Inversion; VMX: vulnerable", "vulnerable"],
  ["off", "Mitigation: PTE Inversion; VMX: vulnerable", "vulnerable"],
])("l1tf: %s prints %s", (l1tf, sysfs, state) => {
  expect(statusOf({ mitigations: { l1tf: l1tf as "off" } }, "l1tf")).toMatchObject({ sysfs, state });
});

test("kvm_intel.vmentry_l1d_flush outlives mitigations=off", () => {
  expect(line({ smt: false, mitigations: { all: "off", l1tf: "always" } }, "l1tf")).toBe(
    "Mitigation: PTE Inversion; VMX: cache flushes, SMT disabled",
  );
});

test("retbleed: ibrs implies the backport and moves a Skylake's spectre_v2 to IBRS", () => {
  const skylake = lines({ mitigations: { retbleed: "ibrs" } });
  expect(skylake.retbleed).toBe("Mitigation: IBRS");
  expect(skylake.spectre_v2).toBe("Mitigation: IBRS, IBPB: conditional, STIBP: conditional, RSB filling");
  expect(line({ cpu: "cascade-lake", mitigations: { retbleed: "ibrs" } }, "retbleed")).toBe("Mitigation: Enhanced IBRS");
  expect(line({ cpu: "icelake-sp", mitigations: { retbleed: "ibrs" } }, "retbleed")).toBe("Not affected");
});

test("spectre_v2's explicit mode wins over what retbleed would like", () => {
  const { retbleed, spectre_v2: v2 } = lines({ mitigations: { retbleed: "ibrs", spectre_v2: "retpoline" } });
  expect(retbleed).toBe("Vulnerable");
  expect(v2).toContain("Full generic retpoline");
});

test("eibrs on a CPU without it falls back to the automatic choice", () => {
  expect(line({ mitigations: { spectre_v2: "eibrs" } }, "spectre_v2")).toContain("Full generic retpoline");
});

test("a bug that the kernel does not know has no file, and the silicon's truth as its state", () => {
  expect(statusOf({}, "retbleed")).toMatchObject({ state: "vulnerable", sysfs: "" });
  expect(statusOf({ cpu: "cascade-lake" }, "retbleed")).toMatchObject({ state: "mitigated", sysfs: "" });
  expect(statusOf({ cpu: "icelake-sp" }, "retbleed")).toMatchObject({ state: "not_affected", sysfs: "" });
  expect(statusOf({ cpu: "icelake-sp" }, "mmio_stale_data")).toMatchObject({ state: "vulnerable", sysfs: "" });
});
