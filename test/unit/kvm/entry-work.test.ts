import { expect, test } from "vitest";
import type { CpuName } from "../../../src/hw/cpus.ts";
import type { KernelName } from "../../../src/kvm/kernels.ts";
import type { EntryWork } from "../../../src/kvm/mitigation.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { type HostOverrides, hostSpec } from "../../support/host-spec.ts";

const workOf = (overrides: HostOverrides): EntryWork => resolveHost(hostSpec(overrides)).entryWork;

test("on Cascade Lake c84 with TSX and old microcode VERW runs and clears nothing; taa: off takes it away", () => {
  const host = { cpu: "cascade-lake", kernel: "c84", tsx: "on" } as const;
  const before = workOf({ ...host, mitigations: { microcode: "old" } });
  expect(before.verw).toBe("legacy");
  expect(before.verwWhy).toBe(
    "mds_user_clear is on (tsx_async_abort), attempted but clearing nothing: MDS_NO=1 without the TSX_CTRL MSR: VERW does not clear",
  );
  const after = workOf({ ...host, mitigations: { microcode: "old", taa: "off" } });
  expect(after.verw).toBe("none");
  expect(after.verwWhy).toBe("mds_user_clear is off: tsx_async_abort off");
});

test("on Cascade Lake current microcode makes the same VERW clear buffers", () => {
  expect(workOf({ cpu: "cascade-lake" }).verw).toBe("clears_buffers");
  expect(workOf({ cpu: "cascade-lake", tsx: "off" }).verw).toBe("none");
});

test("on Skylake c84 the conditional L1D flush keeps VERW from ever running, with and without TAA", () => {
  for (const taa of ["auto", "off"] as const) {
    const work = workOf({ mitigations: { taa } });
    expect(work.l1dFlush).toBe("cond");
    expect(work.verw).toBe("none");
    expect(work.verwWhy).toBe(
      "vmx_l1d_should_flush is on (l1tf, conditional), so vmx_vcpu_enter_exit takes that arm and never reaches mds_user_clear",
    );
  }
});

test("without the L1D-flush key a Skylake executes VERW for MDS and TAA", () => {
  const work = workOf({ mitigations: { l1tf: "off" } });
  expect(work).toMatchObject({ l1dFlush: "never", verw: "clears_buffers", verwWhy: "mds_user_clear is on (mds and tsx_async_abort)" });
  expect(workOf({ mitigations: { l1tf: "never", microcode: "old" } }).verw).toBe("legacy");
});

test("an Ice Lake on these kernels does none of it", () => {
  expect(workOf({ cpu: "icelake-sp" })).toMatchObject({ verw: "none", l1dFlush: "never", pti: false, retpolines: false, ibrs: "enhanced" });
});

test("mitigations=off leaves no work at all", () => {
  expect(workOf({ mitigations: { all: "off" } })).toMatchObject({
    verw: "none",
    verwForAssignedDevice: "none",
    l1dFlush: "never",
    retpolines: false,
    rsbFill: false,
    ibrs: "none",
    pti: false,
  });
});

test("retpolines and legacy IBRS fill the RSB, enhanced IBRS does not", () => {
  expect(workOf({})).toMatchObject({ retpolines: true, rsbFill: true, ibrs: "none" });
  expect(workOf({ mitigations: { retbleed: "ibrs" } })).toMatchObject({ retpolines: false, rsbFill: true, ibrs: "legacy" });
  expect(workOf({ mitigations: { spectre_v2: "ibrs" } })).toMatchObject({ retpolines: false, rsbFill: true, ibrs: "legacy" });
  expect(workOf({ cpu: "cascade-lake" })).toMatchObject({ retpolines: false, rsbFill: false, ibrs: "enhanced" });
});

test("call depth tracking takes legacy IBRS' place with retpolines and a filled RSB", () => {
  const skylake = { cpu: "skylake-sp", kernel: "linux-6.4" } as const;
  expect(workOf(skylake)).toMatchObject({ ibrs: "legacy", retpolines: false, callDepth: false });
  expect(workOf({ ...skylake, mitigations: { retbleed: "stuff" } })).toMatchObject({
    ibrs: "none",
    retpolines: true,
    rsbFill: true,
    callDepth: true,
  });
  const cascadeLake = { cpu: "cascade-lake", kernel: "linux-6.16" } as const;
  expect(workOf({ ...cascadeLake, mitigations: { its: "stuff" } }).callDepth).toBe(false);
  expect(workOf({ ...cascadeLake, mitigations: { its: "stuff", spectre_v2: "eibrs,retpoline" } })).toMatchObject({
    ibrs: "enhanced",
    callDepth: true,
  });
});

test("retpolines beside enhanced IBRS fill the RSB, LFENCE needs one call", () => {
  const work = (mode: "eibrs,retpoline" | "eibrs,lfence", kernel: KernelName = "linux-6.12") =>
    workOf({ cpu: "cascade-lake", kernel, mitigations: { spectre_v2: mode } });
  expect(work("eibrs,retpoline")).toMatchObject({ ibrs: "enhanced", retpolines: true, rsbFill: true, rsbOneCall: false });
  expect(work("eibrs,lfence")).toMatchObject({ ibrs: "enhanced", retpolines: true, rsbFill: false, rsbOneCall: true });
  expect(work("eibrs,lfence", "linux-5.17")).toMatchObject({ rsbFill: true, rsbOneCall: false });
});

test("MMIO stale data alone costs only VMs with an assigned device", () => {
  const on = (cpu: "icelake-sp" | "cascade-lake", overrides: HostOverrides = {}) => workOf({ cpu, kernel: "linux-5.19", ...overrides });
  expect(on("icelake-sp")).toMatchObject({ verw: "none", verwForAssignedDevice: "clears_buffers", verwToUserspace: "none" });
  expect(on("cascade-lake")).toMatchObject({ verw: "clears_buffers", verwForAssignedDevice: "clears_buffers" });
  expect(on("cascade-lake", { tsx: "off" })).toMatchObject({ verw: "none", verwForAssignedDevice: "clears_buffers" });
});

test("on RHEL 8 and 5.10 an Ice Lake with an assigned device executes no VERW, for nothing there knows of MMIO stale data", () => {
  for (const kernel of ["rhel-8.1", "rhel-8.4", "linux-5.10"] as const) {
    expect(workOf({ cpu: "icelake-sp", kernel })).toMatchObject({ verw: "none", verwForAssignedDevice: "none" });
  }
});

/** What a Skylake does before each entry, by the kernel's era. */
test.each<[KernelName, EntryWork["verw"], string]>([
  ["rhel-8.1", "none", "vmx_l1d_should_flush"],
  ["linux-5.10", "none", "vmx_l1d_should_flush"],
  ["linux-5.15", "none", "vmx_l1d_should_flush"],
  ["linux-5.19", "none", "vmx_l1d_should_flush"],
  ["linux-6.1", "clears_buffers", "X86_FEATURE_CLEAR_CPU_BUF is on"],
  ["linux-6.4", "none", "vmx_l1d_should_flush"],
  ["linux-6.6", "clears_buffers", "X86_FEATURE_CLEAR_CPU_BUF is on"],
  ["linux-6.12", "clears_buffers", "X86_FEATURE_CLEAR_CPU_BUF is on"],
  ["linux-6.18", "clears_buffers", "X86_FEATURE_CLEAR_CPU_BUF_VM is on"],
])("a Skylake with the conditional flush on %s: VERW %s", (kernel, verw, why) => {
  const work = workOf({ kernel });
  expect(work).toMatchObject({ verw, l1dFlush: "cond", verwToUserspace: "clears_buffers" });
  expect(work.verwWhy).toContain(why);
});

/** What runs after each exit and before QEMU does: indirect branches, RSB, history, returns, IBPB. */
type After = readonly [
  ibrs: EntryWork["ibrs"],
  rsb: "fill" | "one call" | "–",
  history: boolean,
  returns: boolean,
  ibpb: EntryWork["ibpb"],
];
test.each<[CpuName, KernelName, After]>([
  ["skylake-sp", "linux-5.10", ["none", "fill", false, false, "none"]],
  ["skylake-sp", "linux-5.15", ["legacy", "fill", false, false, "none"]],
  ["skylake-sp", "linux-6.12", ["legacy", "fill", false, false, "to_userspace"]],
  ["broadwell-ep", "linux-6.12", ["none", "fill", false, false, "to_userspace"]],
  ["cascade-lake", "linux-5.10", ["enhanced", "–", false, false, "none"]],
  ["cascade-lake", "linux-6.4", ["enhanced", "one call", false, false, "none"]],
  ["cascade-lake", "linux-6.12", ["enhanced", "one call", true, false, "to_userspace"]],
  ["icelake-sp", "linux-6.12", ["enhanced", "one call", true, false, "none"]],
  ["sapphire-rapids", "linux-6.12", ["enhanced", "one call", false, false, "to_userspace"]],
  ["epyc-rome", "linux-5.10", ["none", "fill", false, false, "none"]],
  ["epyc-rome", "linux-5.19", ["none", "fill", false, true, "none"]],
  ["epyc-milan", "linux-6.4", ["none", "fill", false, false, "none"]],
  ["epyc-milan", "linux-6.8", ["none", "fill", false, true, "none"]],
  ["epyc-genoa", "linux-6.18", ["none", "–", false, true, "to_userspace"]],
])("%s on %s after an exit", (cpu, kernel, wanted) => {
  const { ibrs, rsbFill, rsbOneCall, clearBranchHistory, untrainReturns, ibpb } = workOf({ cpu, kernel });
  expect([ibrs, rsbFill ? "fill" : rsbOneCall ? "one call" : "–", clearBranchHistory, untrainReturns, ibpb]).toEqual(wanted);
});

test("an IBPB after each exit, by retbleed or SRSO, replaces the one before user space", () => {
  const milan = { cpu: "epyc-milan", kernel: "linux-6.12" } as const;
  expect(workOf({ ...milan, mitigations: { srso: "ibpb" } })).toMatchObject({ ibpb: "on_vmexit", untrainReturns: false });
  expect(workOf({ ...milan, mitigations: { srso: "ibpb", microcode: "old" } }).ibpb).toBe("to_userspace");
  expect(workOf({ cpu: "epyc-rome", kernel: "linux-5.19", mitigations: { retbleed: "ibpb" } })).toMatchObject({ ibpb: "on_vmexit" });
});

test("TSA clears buffers before VMRUN and towards user space, or in one of the two places", () => {
  const genoa = (tsa: "auto" | "user" | "vm" | "off") => {
    const { verw, verwToUserspace } = workOf({ cpu: "epyc-genoa", kernel: "linux-6.16", mitigations: { tsa } });
    return [verw, verwToUserspace];
  };
  expect(genoa("auto")).toEqual(["clears_buffers", "clears_buffers"]);
  expect(genoa("vm")).toEqual(["clears_buffers", "none"]);
  expect(genoa("user")).toEqual(["none", "clears_buffers"]);
  expect(genoa("off")).toEqual(["none", "none"]);
  expect(workOf({ cpu: "epyc-milan", kernel: "linux-6.14" }).verw).toBe("none");
});

test("SPEC_CTRL is switched where guest and host want different bits of it", () => {
  const differs = (overrides: HostOverrides) => resolveHost(hostSpec(overrides)).guests[0]?.specCtrlDiffers.value;
  const sapphire = { cpu: "sapphire-rapids", kernel: "linux-6.12" } as const;
  expect(differs({ ...sapphire, guests: { web: { kernel: "linux-6.12" } } })).toBe(false);
  expect(differs({ ...sapphire, guests: { web: { kernel: "linux-5.8" } } })).toBe(true);
  expect(differs({ ...sapphire, kernel: "linux-6.4", guests: { web: { kernel: "linux-6.12" } } })).toBe(true);
  expect(differs({ ...sapphire, mitigations: { spec_ctrl_toggle: "off" } })).toBe(false);
  expect(differs({ mitigations: { spec_ctrl_toggle: "on" } })).toBe(true);
  expect(differs({ cpu: "cascade-lake", mitigations: { spectre_v2: "retpoline" } })).toBe(true);
});
