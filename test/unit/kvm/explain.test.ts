import * as fc from "fast-check";
import { expect, test } from "vitest";
import { explainHost } from "../../../src/kvm/explain.ts";
import type { Explanation } from "../../../src/kvm/explanation.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { arbitrarySpec } from "../../support/arbitrary-spec.ts";
import { type HostOverrides, hostSpec } from "../../support/host-spec.ts";

const find = (overrides: HostOverrides, subject: string, predicate: string): Explanation | undefined =>
  explainHost(resolveHost(hostSpec(overrides))).find((row) => row.subject === subject && row.predicate === predicate);

test("on a DPDK host the TSC_DEADLINE fastpath is not live for a VM, and the reason is pi_inject_timer", () => {
  const dpdk = { cmdline: { nohz_full: "8-63" }, guests: { web: { placement: "housekeeping" } } } as const;
  expect(find(dpdk, "host", "fastpath tsc_deadline")?.value).toBe("live");
  expect(find(dpdk, "web-1", "fastpath tsc_deadline")).toEqual({
    topic: "vm",
    subject: "web-1",
    predicate: "fastpath tsc_deadline",
    value: "no_hv_timer",
    why:
      "it needs kvm_can_use_hv_timer(): pi_inject_timer=1 (nohz_full=8-63 sets HK_FLAG_TIMER) && apicv_active: " +
      "kvm_can_post_timer_interrupt() is true for every VM, so kvm_can_use_hv_timer() is false; the kernel lacks 1714a4eb6fb0",
    source: "x86.c handle_fastpath_set_tscdeadline",
  });
  expect(find({ ...dpdk, patches: ["timer-pi-per-vm"] }, "web-1", "fastpath tsc_deadline")?.value).toBe("live");
});

test("the per-vCPU patch may give two vCPUs of a VM different timers", () => {
  const host = { cpus: 8, cmdline: { nohz_full: "4-7" }, patches: ["timer-pi-per-vcpu"], guests: { web: { placement: "2-5" } } } as const;
  expect(find(host, "web-1", "timer mode")?.value).toBe("hv_timer (vCPUs 0-1), posted (vCPUs 2-3)");
});

test.each([
  ["x2apic", "live"],
  ["x2apic-cluster", "logical_destination"],
  ["xapic", "not_x2apic"],
] as const)("an %s guest's IPIs: %s", (apic, value) => {
  expect(find({ guests: { web: { apic } } }, "web-1", "fastpath icr")?.value).toBe(value);
});

test("a guest says how it interrupts all its vCPUs", () => {
  const all = (web: NonNullable<HostOverrides["guests"]>[string]): string | undefined =>
    find({ guests: { web: { vcpus: 20, ...web } } }, "web-1", "IPIs to all other vCPUs")?.value;
  const noPv = { ipi: false, eoi: true, haltpoll: false };
  expect(all({ kernel: "linux-5.8" })).toBe("by shorthand");
  expect(all({ kernel: "linux-4.18" })).toBe("hypercalls: 1");
  expect(all({ kernel: "linux-4.18", pv: noPv })).toBe("writes of the ICR: 19");
  expect(all({ kernel: "linux-4.18", pv: noPv, apic: "x2apic-cluster" })).toBe("writes of the ICR: 2");
  expect(all({ vcpus: 1 })).toBeUndefined();
});

test("an AMD host says what SVM lacks, and which APIC its guests get", () => {
  const milan = { cpu: "epyc-milan", kernel: "linux-6.6", kvm: { avic: "on" }, guests: { web: {}, old: { apic: "xapic" } } } as const;
  expect(find(milan, "host", "fastpath preemption_timer")?.why).toBe("SVM has no preemption timer, hence no such exits");
  expect(find(milan, "host", "kvm_intel.preemption_timer")).toBeUndefined();
  expect(find(milan, "host", "kvm_amd.nrips")?.value).toBe("Y");
  expect(find(milan, "web-1", "fastpath tsc_deadline")?.why).toContain("never true on SVM (until 0a94b2042419, 6.18)");
  expect(find(milan, "web-1", "timer mode")?.value).toBe("hrtimer");
  // x2APIC without x2AVIC: hybrid.
  expect(find(milan, "web-1", "EOI exits")).toMatchObject({ value: "true", why: expect.stringContaining("hybrid AVIC") as string });
  expect(find(milan, "web-1", "IPIs that do not exit")?.value).toBe("none");
  expect(find(milan, "web-1", "fastpath icr")?.value).toBe("live");
  expect(find(milan, "old-1", "EOI exits")?.value).toBe("false");
  expect(find(milan, "old-1", "IPIs that do not exit")?.value).toBe("to running vCPUs");
  expect(find(milan, "old-1", "fastpath icr")?.value).toBe("no such exits");
  const erratum = { cpu: "epyc-rome", kernel: "linux-6.18", kvm: { avic: "on" }, guests: { old: { apic: "xapic" } } } as const;
  expect(find(erratum, "old-1", "IPIs that do not exit")).toMatchObject({
    value: "none",
    why: expect.stringContaining("erratum 1235") as string,
  });
  const inhibited = { ...milan, kernel: "linux-5.15" } as const;
  expect(find(inhibited, "web-1", "apicv_active")).toMatchObject({
    value: "false",
    why: expect.stringContaining("x2APIC guest inhibits") as string,
  });
});

test("a bug without a file on this kernel is said to have none", () => {
  expect(find({}, "host", "/sys/devices/system/cpu/vulnerabilities/retbleed")?.value).toBe("no such file (vulnerable)");
  expect(find({}, "host", "/sys/devices/system/cpu/vulnerabilities/mds")?.value).toBe("Mitigation: Clear CPU buffers; SMT vulnerable");
});

test("the reason for no VERW on a Skylake is in the list", () => {
  expect(find({}, "host", "VERW before entry")).toMatchObject({
    value: "none",
    why: expect.stringContaining("vmx_l1d_should_flush") as string,
  });
});

test("no line of any explanation is empty, and each predicate stands once per subject", () => {
  fc.assert(
    fc.property(arbitrarySpec, (spec) => {
      const rows = explainHost(resolveHost(spec));
      for (const row of rows) {
        for (const text of Object.values(row)) expect(String(text)).toMatch(/^\S/);
        expect(`${row.value} ${row.why}`).not.toMatch(/undefined|\[object|NaN/);
      }
      expect(new Set(rows.map(({ subject, predicate }) => `${subject} ${predicate}`)).size).toBe(rows.length);
    }),
  );
});

test("a piece of mitigation work that runs says its cycles, one that does not says none", () => {
  expect(find({}, "host", "vmentry_l1d_flush")?.cycles).toBeGreaterThan(0);
  expect(find({}, "host", "VERW before entry")).not.toHaveProperty("cycles");
  expect(find({ kernel: "linux-6.8" }, "host", "VERW before entry")?.cycles).toBeGreaterThan(0);
  expect(find({ mitigations: { all: "off" } }, "host", "vmentry_l1d_flush")).not.toHaveProperty("cycles");
});

test("a guest that shares CPUs is told its scheduling domain, and who balances it", () => {
  const place = (overrides: HostOverrides): string =>
    explainHost(resolveHost(hostSpec({ cpus: 16, ...overrides })))
      .filter(({ predicate }) => predicate === "scheduling domain")
      .map(({ subject, value, why }) => `${subject}: ${value}; ${why}`)
      .join("\n");
  const web = { count: 2, vcpus: 8, dedicated: false, placement: "2-5" } as const;
  expect(place({ kernel: "linux-6.6", guests: { web: { ...web, count: 1 }, db: { vcpus: 2 } } })).toBe(
    "web-1: CPUs 2-5, 8 vCPUs; dedicated: false, placement: 2-5: EEVDF balances vCPUs over them",
  );
  expect(place({ kernel: "linux-6.1", guests: { web } })).toContain("web-2: CPUs 2-5, 16 vCPUs; dedicated: false, placement: 2-5: CFS");
  expect(place({ cmdline: { isolcpus: "2-5" }, guests: { web } })).toContain("isolcpus= takes CPUs out of the scheduling domains");
  expect(place({ guests: { db: { vcpus: 2 } } })).toBe("");
});
