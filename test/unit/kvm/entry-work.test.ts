import { expect, test } from "vitest";
import { CPUS } from "../../../src/hw/cpus.ts";
import { entryWork } from "../../../src/kvm/entry-work.ts";
import type { KernelTraits } from "../../../src/kvm/kernel.ts";
import { KERNELS } from "../../../src/kvm/kernels.ts";
import type { EntryWork, MitigationContext } from "../../../src/kvm/mitigation.ts";
import { MITIGATIONS } from "../../../src/kvm/mitigations.ts";
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

/** A kernel of our own making that knows MMIO stale data, as 5.19 and later do. */
const later = (cpu: keyof typeof CPUS, traits: Partial<KernelTraits>, rtm = true): MitigationContext => ({
  cpu: CPUS[cpu],
  traits: { ...KERNELS["linux-5.8"].traits, knows: [...KERNELS["linux-5.8"].traits.knows, "mmio_stale_data"], ...traits },
  settings: hostSpec().mitigations,
  rtm,
  smt: true,
});

test("MMIO stale data alone costs only VMs with an assigned device", () => {
  expect(entryWork(later("icelake-sp", {}))).toMatchObject({ verw: "none", verwForAssignedDevice: "clears_buffers" });
  expect(MITIGATIONS.mmio_stale_data.status(later("icelake-sp", {})).sysfs).toBe("Mitigation: Clear CPU buffers; SMT vulnerable");
  expect(entryWork(later("cascade-lake", {}))).toMatchObject({ verw: "clears_buffers", verwForAssignedDevice: "clears_buffers" });
  expect(entryWork(later("cascade-lake", {}, false))).toMatchObject({ verw: "none", verwForAssignedDevice: "clears_buffers" });
});

test("kernels with VERW in vmenter.S execute it beside a conditional flush", () => {
  expect(entryWork(later("skylake-sp", { verw: "always" }))).toMatchObject({ verw: "clears_buffers", l1dFlush: "cond" });
});
