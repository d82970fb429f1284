import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QUIET } from "../../src/guest/workload.ts";
import { WORKLOAD_NAMES } from "../../src/guest/workloads.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { oracleSpec } from "../support/arbitrary-spec.ts";
import { guestSpec, hostSpec, type HostOverrides } from "../support/host-spec.ts";
import { compare } from "../support/oracle/compare.ts";

/** Hosts that differ in what decides over exits, timers, interrupts and halting. */
const HOSTS: Readonly<Record<string, HostOverrides>> = {
  "the preemption timer": {},
  "no fastpath (linux-4.18)": { kernel: "linux-4.18" },
  "no ICR fastpath": { fastpath: { icr: "off" } },
  "hrtimers only": { kvm: { preemption_timer: "off" } },
  "APICv off": { kvm: { enable_apicv: "off" } },
  "posted timers (cpu-pm, nohz_full)": { cpu_pm: true, cmdline: { nohz_full: "2-7" }, guests: { g: { placement: "isolated" } } },
  "posted timers into HLT only": { kvm: { pi_inject_timer: "on" }, guests: { g: { disable_exits: ["hlt"] } } },
  "MWAIT in the guest, no posted timers": { cpu_pm: true, kvm: { pi_inject_timer: "off" } },
  "a nohz_full host before the fix": { cmdline: { nohz_full: "4-7" }, kernel: "linux-5.8" },
  "L1TF off, mitigations off": { mitigations: { all: "off" } },
  "an unconditional L1D flush": { mitigations: { l1tf: "always" } },
  "no halt polling": { kvm: { halt_poll: "off" } },
  "permanent halt polling, shallow C-states": { kvm: { halt_poll: "always" }, cstates: "c1" },
  "Ice Lake with a fixed timer advance": { cpu: "icelake-sp", kvm: { lapic_timer_advance: 2500 }, host_hz: 1000 },
  "xAPIC guests without APICv": { kvm: { enable_apicv: "off" }, guests: { g: { apic: "xapic" } } },
  "HLT fastpath (linux-6.12)": { kernel: "linux-6.12" },
  "HLT fastpath without APICv": { kernel: "linux-6.16", kvm: { enable_apicv: "off" } },
  "every fastpath (linux-6.18)": { kernel: "linux-6.18", guests: { g: { apic: "x2apic-cluster" } } },
  "an EPYC without AVIC (linux-5.8)": { cpu: "epyc-rome", kernel: "linux-5.8" },
  "an EPYC without AVIC, xAPIC guests": { cpu: "epyc-naples", kernel: "linux-6.6", guests: { g: { apic: "xapic" } } },
  "an EPYC with every fastpath of SVM, without AVIC": { cpu: "epyc-milan", kernel: "linux-6.18" },
  "AVIC on its own (xAPIC guests)": { cpu: "epyc-milan", kernel: "linux-6.1", kvm: { avic: "on" }, guests: { g: { apic: "xapic" } } },
  "hybrid AVIC (x2APIC guests without x2AVIC)": { cpu: "epyc-milan", kernel: "linux-6.6", kvm: { avic: "on" } },
  x2AVIC: { cpu: "epyc-genoa", kernel: "linux-6.18" },
  "x2AVIC without halt polling": { cpu: "epyc-genoa", kernel: "linux-6.18", kvm: { halt_poll: "off" } },
  "x2AVIC that completes no IPI": { cpu: "epyc-genoa", kernel: "linux-6.18", kvm: { enable_ipiv: "off" } },
  "posted timers on an EPYC": {
    cpu: "epyc-genoa",
    kernel: "linux-6.18",
    cpu_pm: true,
    cmdline: { nohz_full: "2-7" },
    guests: { g: { placement: "isolated" } },
  },
  "cluster-mode guests that keep their tick": { guests: { g: { apic: "x2apic-cluster", nohz: false, hz: 1000 } } },
};

const MS = 50;
const CYCLES = MS * 2.5e6;

describe("the engine and the oracle tell the same exits and counters", () => {
  for (const [name, overrides] of Object.entries(HOSTS)) {
    const { g: guest = {} } = overrides.guests ?? {};
    it.each(WORKLOAD_NAMES)(`%s: ${name}`, (workload) => {
      // Messages make a vCPU exit twenty times as often as anything else.
      const vcpus = workload === "hackbench" ? 2 : 3;
      const spec = hostSpec({ cpus: 8, ...overrides, guests: { g: { vcpus, workload, ...guest } } });
      const { exits, difference } = compare({ resolved: resolveHost(spec), seed: 11, cycles: CYCLES });
      expect(difference).toBeNull();
      expect(exits).toBeGreaterThan(0);
    });
  }

  it.each(Object.entries(HOSTS))("calls of a function on all CPUs: %s", (_name, overrides) => {
    const background = { ...QUIET.background, call_function: 3000 };
    const calls = { ...QUIET, name: "calls", doc: "", source: "a test", busy_vcpus: 1, requests_per_second: 1000, background };
    const { g: guest = {} } = overrides.guests ?? {};
    for (const ways of [
      { kernel: "linux-4.18", pv: { ipi: true, eoi: true, haltpoll: false } },
      { kernel: "linux-4.18", pv: { ipi: false, eoi: false, haltpoll: false } },
      { kernel: "linux-5.8" },
    ] as const) {
      const spec = hostSpec({ cpus: 8, ...overrides, guests: { g: { vcpus: 4, workload: calls, ...ways, ...guest } } });
      const { exits, difference } = compare({ resolved: resolveHost(spec), seed: 17, cycles: CYCLES / 5 });
      expect(difference).toBeNull();
      expect(exits).toBeGreaterThan(0);
    }
  });

  it("on a DPDK host whose ordinary guests share the housekeeping CPUs", () => {
    const guests = {
      dpdk: { vcpus: 4, workload: "packets", placement: "isolated", cpu_pm: true },
      web: { vcpus: 2, workload: "web", placement: "housekeeping" },
      redis: { count: 2, vcpus: 1, workload: "redis", placement: "housekeeping" },
    } as const;
    for (const kernel of ["c84", "linux-5.8"] as const) {
      for (const patches of [[], ["timer-pi-per-vm"], ["timer-pi-per-vcpu"]] as const) {
        const resolved = resolveHost(hostSpec({ cpus: 12, kernel, patches, cmdline: { nohz_full: "4-11" }, guests }));
        const { exits, difference } = compare({ resolved, seed: 5, cycles: CYCLES });
        expect(difference).toBeNull();
        expect(exits).toBeGreaterThan(300);
      }
    }
  });

  it("with kernels to come: ICR that re-enters, TSC_DEADLINE without condition", () => {
    for (const workload of ["web", "hackbench"] as const) {
      for (const enable_apicv of ["on", "off"] as const) {
        const resolved = resolveHost(hostSpec({ cpus: 8, kvm: { enable_apicv }, guests: { g: guestSpec({ vcpus: 3, workload }) } }));
        const traits = { ...resolved.traits, icr: "reenter", icrAccepts: "any_fast", tscDeadline: "unconditional" } as const;
        expect(compare({ resolved: { ...resolved, traits }, seed: 3, cycles: CYCLES }).difference).toBeNull();
      }
    }
  });

  it("on any host", () => {
    fc.assert(
      fc.property(oracleSpec, fc.integer(), (spec, seed) => {
        expect(compare({ resolved: resolveHost(spec), seed, cycles: CYCLES / 5 }).difference).toBeNull();
      }),
      { numRuns: 60 },
    );
  });
});
