/** What must hold on every host while it runs, whatever its kernel, parameters and guests. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CPUS } from "../../src/hw/cpus.ts";
import { EXIT_KINDS } from "../../src/kvm/exit-kinds.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import type { HostSpec } from "../../src/kvm/host-spec.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { kernelOf } from "../../src/kvm/kernel-choice.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { STATE, TIMER } from "../../src/kvm/vcpu.ts";
import { arbitraryAmdSpec, arbitrarySpec } from "../support/arbitrary-spec.ts";
import { namedCounters } from "../support/counter-names.ts";
import { type HostOverrides, hostSpec } from "../support/host-spec.ts";

const MS = 2.5e6;
const on = (spec: HostSpec, seed = 1): KvmHost => new KvmHost(resolveHost(spec), seed);
const countersOf = (host: KvmHost) => namedCounters(viewCounters(host), host.resolved.cpu.vendor);
const counter = (host: KvmHost, name: string): number => Number(countersOf(host).get(name));
const total = (host: KvmHost, prefix: string): number =>
  [...countersOf(host)].filter(([name]) => name.startsWith(prefix)).reduce((sum, [, value]) => sum + Number(value), 0);
const looks = fc.array(fc.integer({ min: 1, max: MS }), { minLength: 4, maxLength: 12 });

/** Looks at any host at some instants. */
function always(look: (host: KvmHost) => void, change: (spec: HostSpec) => HostSpec | null = (spec) => spec): void {
  fc.assert(
    fc.property(arbitrarySpec, fc.integer(), looks, (any, seed, gaps) => {
      const spec = change(any);
      fc.pre(spec !== null);
      const host = on(spec, seed);
      let now = 0;
      for (const gap of gaps) {
        host.advance((now += gap));
        look(host);
      }
    }),
    { numRuns: 60 },
  );
}

describe("the guest's timer", () => {
  it("is a preemption timer or a posted one or neither, never both", () => {
    always((host) => {
      for (const vcpu of host.vcpus) {
        expect(vcpu.canPostTimer && vcpu.canUseHvTimer).toBe(false);
        if (vcpu.timer === TIMER.hv) expect(vcpu.canUseHvTimer).toBe(true);
        if (vcpu.timer === TIMER.posting) expect(vcpu.canPostTimer).toBe(true);
      }
    });
    const neither = on(hostSpec({ cpus: 8, kvm: { preemption_timer: "off" } }));
    neither.advance(50 * MS);
    expect([counter(neither, "expirations preemption_timer"), counter(neither, "expirations posted")]).toEqual([0, 0]);
    expect(counter(neither, "expirations hrtimer")).toBeGreaterThan(0);
  });

  it("is never posted to a VM without disabled exits once the fix is in, whatever the command line says", () => {
    const fixed = (spec: HostSpec): HostSpec | null => {
      if (kernelOf(spec.kernel).traits.postedTimer === "absent") return null;
      const guests = Object.fromEntries(
        Object.entries(spec.guests).map(([kind, guest]) => [
          kind,
          { ...guest, cpu_pm: false, disable_exits: ["pause", "cstate"] as const },
        ]),
      );
      return { ...spec, guests, patches: ["timer-pi-per-vm"] };
    };
    always((host) => expect(counter(host, "expirations posted")).toBe(0), fixed);
  });

  it("never counts as a preemption timer while its vCPU polls or sleeps", () => {
    always((host) => {
      for (const vcpu of host.vcpus) {
        if (vcpu.state === STATE.poll || vcpu.state === STATE.blocked) expect(vcpu.timer).not.toBe(TIMER.hv);
        if (vcpu.timer === TIMER.hv && vcpu.state !== STATE.guest) expect(vcpu.timerAt).toBe(Infinity);
      }
    });
  });

  it("of a vCPU on an isolated CPU runs on a CPU that is not isolated", () => {
    always(({ vcpus, resolved }) => {
      for (const vcpu of vcpus) {
        const armed = vcpu.timer === TIMER.armed || vcpu.timer === TIMER.posting;
        if (!armed || resolved.traits.hrtimerPinned) continue;
        expect([vcpu.timerCpu, resolved.nohzFull[vcpu.timerCpu]]).toEqual([vcpu.timerCpu, false]);
      }
    });
  });

  it("is posted for nohz_full=, not for isolcpus= alone", () => {
    const guests = { g: { vcpus: 2, placement: "isolated", cpu_pm: true } } as const;
    const posted = (cmdline: { nohz_full?: string; isolcpus?: string }): number => {
      const host = on(hostSpec({ cpus: 8, kernel: "linux-5.8", cmdline, guests }));
      host.advance(50 * MS);
      return counter(host, "expirations posted");
    };
    expect(posted({ isolcpus: "4-7" })).toBe(0);
    expect(posted({ isolcpus: "nohz,domain,4-7" })).toBe(0);
    expect(posted({ nohz_full: "4-7" })).toBeGreaterThan(5);
  });
});

describe("without APICv", () => {
  const hackbench =
    (eoi: boolean) =>
    (spec: HostSpec): HostSpec => {
      const pv = { ipi: true, eoi, haltpoll: false };
      const guests = Object.entries(spec.guests).map(([kind, guest]) => {
        // A synthetic timer's vector has AutoEOI: its handlers end without an EOI.
        const timer = guest.timer === "hv_stimer" ? "lapic" : guest.timer;
        return [kind, { ...guest, apic: "x2apic", workload: "hackbench", timer, pv }] as const;
      });
      return { ...spec, guests: Object.fromEntries(guests), kvm: { ...spec.kvm, enable_apicv: "off", avic: "off" } };
    };

  it("each interrupt of an x2APIC guest ends with a slow MSR write, if it has no PV EOI", () => {
    always((host) => {
      const write = host.resolved.cpu.vendor === "amd" ? "msr" : "MSR_WRITE";
      const [eois, interrupts] = [counter(host, `exits ${write}(eoi) kernel`), counter(host, "stat irq_injections")];
      // Each vCPU may be in one handler, or in the exit that ends it.
      expect(interrupts - eois).toBeGreaterThanOrEqual(0);
      expect(interrupts - eois).toBeLessThanOrEqual(host.vcpus.length);
    }, hackbench(false));
  });

  it("PV EOI spares a guest most of these exits", () => {
    const eoisPerInterrupt = (eoi: boolean): number => {
      const host = on(hackbench(eoi)(hostSpec({ cpus: 8 })));
      host.advance(20 * MS);
      return counter(host, "exits MSR_WRITE(eoi) kernel") / counter(host, "stat irq_injections");
    };
    expect(eoisPerInterrupt(false)).toBeCloseTo(1, 2);
    expect(eoisPerInterrupt(true)).toBeLessThan(0.2);
  });
});

describe("an AMD host", () => {
  it("has no preemption timer, TSC_DEADLINE on no fastpath before 6.18, and re-enters after no exit before 6.12", () => {
    fc.assert(
      fc.property(arbitraryAmdSpec, fc.integer(), (spec, seed) => {
        const host = on(spec, seed);
        const { name } = host.resolved.kernel;
        const mayReenter = ["linux-6.12", "linux-6.14", "linux-6.16", "linux-6.18"].includes(name);
        host.observe((_, { reason, variant }) => {
          expect(reason).not.toBe("PREEMPTION_TIMER");
          if (variant === "reenter") expect(mayReenter).toBe(true);
        });
        host.advance(8 * MS);
        expect(counter(host, "expirations preemption_timer")).toBe(0);
        if (name !== "linux-6.18") expect(counter(host, "hits tsc_deadline")).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("whose vCPUs never leave their CPUs sends IPIs by AVIC without an exit, unless AVIC may complete none", () => {
    const awake = (spec: HostSpec): HostSpec => {
      const own = { vcpus: 2, workload: "hackbench", apic: "xapic", disable_exits: ["hlt"], timer: "tsc_deadline" } as const;
      const guests = Object.entries(spec.guests).map(([kind, guest]) => [kind, { ...guest, ...own }] as const);
      return { ...spec, cpu: "epyc-rome", guests: Object.fromEntries(guests), kvm: { ...spec.kvm, avic: "on" } };
    };
    always((host) => {
      // An IPI that KVM sends for an xAPIC guest is a miss.
      expect(total(host, "misses icr")).toBe(0);
      if (host.resolved.ipiVirtualization.value) expect(counter(host, "exits avic_incomplete_ipi kernel")).toBe(0);
    }, awake);
  });
});

describe("mitigations at the entry", () => {
  it("flush the L1D after each interrupt, and after no timer write, expiry or IPI that none hit", () => {
    fc.assert(
      fc.property(arbitrarySpec, fc.integer(), (any, seed) => {
        const host = on({ ...any, cpu: "skylake-sp", mitigations: { ...any.mitigations, all: "auto", l1tf: "cond" } }, seed);
        expect(host.resolved.entryWork.l1dFlush).toBe("cond");
        host.observe((vcpu, { reason }) => {
          if (reason === "EXTERNAL_INTERRUPT") expect(vcpu.flush).toBe(true);
          if (reason === "MSR_WRITE" || reason === "PREEMPTION_TIMER") expect(vcpu.flush).toBe(vcpu.interruptCycles > 0);
          // Sleeping flushes; so does a host interrupt in the exit or in its polling.
          if (reason === "HLT" && vcpu.wakeCycles > 0) expect(vcpu.flush).toBe(true);
        });
        host.advance(8 * MS);
      }),
      { numRuns: 40 },
    );
  });

  it("count calls with retbleed=stuff, where no SPEC_CTRL is written and host code is faster than under legacy IBRS", () => {
    const skylake = { cpus: 8, cpu: "skylake-sp", kernel: "linux-6.4" } as const;
    const run = (overrides: HostOverrides) => {
      const host = on(hostSpec({ ...skylake, ...overrides }));
      host.advance(20 * MS);
      const exits = counter(host, "stat exits");
      expect(exits).toBeGreaterThan(100);
      const each = (component: string): number => counter(host, `component ${component}`) / exits;
      return { specCtrl: each("spec_ctrl"), branches: each("indirect_branches"), thunks: each("return_thunks"), rsb: each("rsb") };
    };
    const ibrs = run({});
    const stuff = run({ mitigations: { retbleed: "stuff" } });
    expect(ibrs).toMatchObject({ thunks: 0, rsb: CPUS["skylake-sp"].cycles.rsbFill.value });
    expect(ibrs.specCtrl).toBeGreaterThanOrEqual(CPUS["skylake-sp"].cycles.wrmsrSpecCtrl.value);
    expect(stuff).toMatchObject({ specCtrl: 0, rsb: CPUS["skylake-sp"].cycles.rsbFill.value });
    expect(stuff.thunks).toBeGreaterThan(0);
    expect(stuff.thunks + stuff.branches).toBeLessThan(ibrs.branches);
  });

  it("reach each exit of an AMD host: untrained returns, a barrier, VERW for TSA", () => {
    const each = (component: string, overrides: HostOverrides): number => {
      const host = on(hostSpec({ cpus: 8, ...overrides }));
      host.advance(20 * MS);
      const exits = counter(host, "stat exits");
      expect(exits).toBeGreaterThan(100);
      return counter(host, `component ${component}`) / exits;
    };
    const { "epyc-rome": rome, "epyc-milan": milan } = CPUS;
    const retbleed = { cpu: "epyc-rome", kernel: "linux-5.19" } as const;
    expect(each("return_thunks", retbleed)).toBe(rome.cycles.untrainReturns.value);
    expect(each("return_thunks", { ...retbleed, mitigations: { retbleed: "off" } })).toBe(0);
    // The code that runs after a barrier pays for it, too.
    expect(each("ibpb", { ...retbleed, mitigations: { retbleed: "ibpb" } })).toBeGreaterThanOrEqual(rome.cycles.ibpb.value);
    const tsa = { cpu: "epyc-milan", kernel: "linux-6.18" } as const;
    expect(each("verw", tsa)).toBe(milan.cycles.verw.value);
    expect(each("verw", { ...tsa, mitigations: { tsa: "off" } })).toBe(0);
  });

  it("pay for a VERW that clears nothing, where TAA lacks its microcode and TSX is on", () => {
    const verw = (tsx: "on" | "off"): number => {
      const host = on(hostSpec({ cpu: "cascade-lake", cpus: 8, tsx, mitigations: { microcode: "old" } }));
      host.advance(20 * MS);
      const exits = total(host, "exits ") / 2;
      expect(exits).toBeGreaterThan(100);
      return counter(host, "component verw") / exits;
    };
    expect(verw("on")).toBe(resolveHost(hostSpec({ cpu: "cascade-lake" })).cpu.cycles.verwLegacy.value);
    expect(verw("off")).toBe(0);
  });
});

describe("fastpaths", () => {
  it("take part of the exits of their reason and none of another", () => {
    const fast = Object.values(EXIT_KINDS).filter(({ variant }) => variant !== "slow");
    expect(new Set(fast.map(({ reason }) => reason))).toEqual(new Set(["MSR_WRITE", "PREEMPTION_TIMER", "HLT", "INVD"]));
    const off = { preemption_timer: "off", tsc_deadline: "off", icr: "off", hlt: "off", invd: "off" } as const;
    always(
      (host) => expect(total(host, "hits ")).toBe(0),
      (spec) => ({ ...spec, fastpath: off }),
    );
  });
});
