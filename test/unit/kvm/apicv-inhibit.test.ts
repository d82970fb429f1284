/** Why a VM runs without APICv or AVIC. */
import { describe, expect, it } from "vitest";
import { INHIBITS_OF } from "../../../src/kvm/apicv-inhibit.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { hostSpec, type HostOverrides } from "../../support/host-spec.ts";

const guestOf = (overrides: HostOverrides) => resolveHost(hostSpec(overrides)).guests[0]!;
const inhibits = (overrides: HostOverrides): readonly string[] => guestOf(overrides).apicvInhibits.map(({ name }) => name);
const AVIC = { avic: "on" } as const;
/** An xAPIC's IDs end at 254 and AVIC's table with them; x2AVIC's ends at 511. */
const wide = (vcpus: number, apic: "xapic" | "x2apic" = "x2apic") => ({ cpus: 1024, guests: { g: { vcpus, apic } } });

describe("a VM's virtual APIC", () => {
  it("is active where nothing inhibits it", () => {
    for (const host of [{}, { cpu: "epyc-genoa", kernel: "linux-6.18" }, { cpu: "epyc-milan", kernel: "linux-6.6", kvm: AVIC }] as const) {
      expect(guestOf(host)).toMatchObject({ apicvActive: { value: true }, apicvInhibits: [] });
    }
  });

  it("is disabled by the module parameter or by what the CPU lacks, and then nothing else counts", () => {
    expect(inhibits({ kvm: { enable_apicv: "off" } })).toEqual(["disabled"]);
    expect(inhibits({ cpu: "epyc-milan", kernel: "linux-5.15" })).toEqual(["disabled"]);
    expect(guestOf({ cpu: "epyc-genoa", kernel: "linux-6.16" }).apicvActive.why).toContain("kvm_amd.avic=0 is the default");
  });

  it("is inhibited by a Windows guest's synthetic timer, on either vendor's CPUs", () => {
    const guests = { g: { timer: "hv_stimer" } } as const;
    expect(inhibits({ guests })).toEqual(["hyperv"]);
    expect(inhibits({ cpu: "epyc-genoa", kernel: "linux-6.18", guests })).toEqual(["hyperv"]);
    expect(inhibits({ kvm: { enable_apicv: "off" }, guests })).toEqual(["disabled"]);
    expect(guestOf({ guests }).timerMode.value).toBe("hrtimer");
  });

  it("is inhibited for an x2APIC guest on kernels that know neither x2AVIC nor hybrid AVIC", () => {
    const host = { cpu: "epyc-milan", kvm: AVIC } as const;
    expect(inhibits({ ...host, kernel: "linux-5.19" })).toEqual(["x2apic"]);
    expect(inhibits({ ...host, kernel: "linux-5.19", guests: { g: { apic: "xapic" } } })).toEqual([]);
    expect(inhibits({ ...host, kernel: "linux-6.1" })).toEqual([]);
  });

  it("is inhibited for vCPUs whose IDs AVIC's table cannot hold", () => {
    const milan = { cpu: "epyc-milan", kernel: "linux-6.18", kvm: AVIC } as const;
    expect(inhibits({ ...milan, ...wide(255) })).toEqual([]);
    expect(inhibits({ ...milan, ...wide(256) })).toEqual(["physical_id_too_big"]);
    const genoa = { cpu: "epyc-genoa", kernel: "linux-6.18" } as const;
    expect(inhibits({ ...genoa, ...wide(512) })).toEqual([]);
    expect(inhibits({ ...genoa, ...wide(513) })).toEqual(["physical_id_too_big"]);
    expect(guestOf({ ...genoa, ...wide(513) }).apicvActive).toMatchObject({ value: false });
    expect(inhibits({ ...genoa, ...wide(513), kvm: { avic: "off" } })).toEqual(["disabled"]);
    expect(inhibits(wide(513))).toEqual([]);
  });

  it("is what older kernels insist on: they create no such vCPU", () => {
    const host = { cpu: "epyc-milan", kernel: "linux-6.12" } as const;
    expect(() => guestOf({ ...host, ...wide(256), kvm: AVIC })).toThrow(
      "expected at most 255 vCPUs, for with kvm_amd.avic=1 linux-6.12 creates no vCPU with a larger ID, came 256",
    );
    expect(inhibits({ ...host, ...wide(256) })).toEqual(["disabled"]);
  });

  it("cannot be an xAPIC of more than 255 vCPUs", () => {
    expect(() => guestOf(wide(256, "xapic"))).toThrow("expected at most 255 vCPUs, for an xAPIC's ID has eight bits, came 256");
    expect(inhibits(wide(255, "xapic"))).toEqual([]);
  });
});

it("has more reasons to be inhibited on AMD: all of Intel's, and seven of its own", () => {
  expect(INHIBITS_OF.amd).toEqual(expect.arrayContaining([...INHIBITS_OF.intel]));
  expect(INHIBITS_OF.amd.length - INHIBITS_OF.intel.length).toBe(7);
  expect(INHIBITS_OF.intel).not.toContain("pit_reinj");
});
