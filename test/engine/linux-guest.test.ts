import { describe, expect, test } from "vitest";
import type { OwnWorkload } from "../../src/guest/workload-choice.ts";
import { QUIET, type Workload } from "../../src/guest/workload.ts";
import type { GuestSpec } from "../../src/kvm/host-spec.ts";
import { AT, MISSES } from "../../src/kvm/counters.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import { bootWorkload } from "../../src/kvm/vm.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { hostSpec, type HostOverrides } from "../support/host-spec.ts";

const own = (figures: Partial<Workload>): OwnWorkload => ({ ...QUIET, name: "own", doc: "", source: "a test", ...figures });
const SECONDS = 0.4;

/** Exits a second of a guest by reason, MSR_WRITE by what was written. */
function rates(workload: OwnWorkload, guest: Partial<GuestSpec> = {}, host: HostOverrides = {}): (what: string) => number {
  const resolved = resolveHost(hostSpec({ cpus: 8, ...host, guests: { g: { vcpus: 1, workload, ...guest } } }));
  const kvm = new KvmHost(resolved, 7);
  const counts = new Map<string, number>();
  const seconds = SECONDS * 2.5e9;
  kvm.advance(seconds / 4);
  kvm.observe((_vcpu, { reason, handlers }) => {
    const what = reason === "MSR_WRITE" ? `MSR_WRITE ${handlers.intel}` : reason;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  });
  kvm.advance(seconds / 4 + seconds);
  return (what) => (counts.get(what) ?? 0) / SECONDS;
}

const DEADLINE = "MSR_WRITE tscDeadline";

describe("a guest that sleeps between requests", () => {
  const requests = own({ requests_per_second: 500, soft_timers_per_second: 5 });
  const writesPerHalt = (guest: Partial<GuestSpec>, workload = requests): number => {
    const rate = rates(workload, guest);
    return rate(DEADLINE) / rate("HLT");
  };

  test("moves its tick's timer by four writes a sleep before Linux 5.15, by three from then on", () => {
    expect(writesPerHalt({ kernel: "linux-5.10" })).toBeCloseTo(4, 0);
    expect(writesPerHalt({ kernel: "linux-5.15" })).toBeCloseTo(3, 0);
  });

  test("writes only its ticks when it keeps them", () => {
    const rate = rates(requests, { nohz: false, hz: 250 });
    expect(rate(DEADLINE)).toBeGreaterThan(240);
    expect(rate(DEADLINE)).toBeLessThan(260);
    expect(rate("HLT")).toBeGreaterThan(600);
  });

  test("writes nothing for an interrupt that wakes no thread", () => {
    const rate = rates(own({ quiet_interrupts_per_second: 500 }));
    expect(rate("HLT")).toBeGreaterThan(400);
    expect(rate(DEADLINE)).toBeLessThan(10);
  });

  test("rings the doorbell once for each piece of work that was asked for", () => {
    const rate = rates(own({ requests_per_second: 300, doorbell_chance: 1 }));
    expect(rate("EPT_MISCONFIG") / rate("HLT")).toBeGreaterThan(0.9);
    expect(rates(own({ busy_vcpus: "all", doorbell_chance: 1 }))("EPT_MISCONFIG")).toBe(0);
  });

  test("rings the doorbell of an assigned device without an exit", () => {
    const rate = rates(own({ requests_per_second: 300, doorbell_chance: 1 }), { assigned_device: true });
    expect(rate("EPT_MISCONFIG")).toBe(0);
    expect(rate("HLT")).toBeGreaterThan(200);
  });
});

describe("a guest with cpuidle-haltpoll", () => {
  const often = own({ requests_per_second: 8000, work_ns: 20_000, soft_timers_per_second: 5 });
  const haltpoll = { pv: { ipi: true, eoi: true, haltpoll: true } } as const;

  test("halts less, for it polls before, and the host does not poll for it", () => {
    const [with_, without] = [rates(often, haltpoll), rates(often)];
    expect(with_("HLT")).toBeLessThan(0.6 * without("HLT"));
    expect(with_(DEADLINE)).toBeLessThan(0.6 * without(DEADLINE));
    const polls = (kernel: "c84" | "linux-4.18"): number => {
      const host = new KvmHost(resolveHost(hostSpec({ cpus: 8, kernel, guests: { g: { vcpus: 1, workload: often, ...haltpoll } } })), 7);
      host.advance(2.5e8);
      return host.tally.low[AT.haltPolls]! + host.tally.low[AT.haltPolls + 1]!;
    };
    expect(polls("c84")).toBe(0);
    // A kernel without KVM_FEATURE_POLL_CONTROL cannot be asked.
    expect(polls("linux-4.18")).toBeGreaterThan(50);
  });

  test("needs no IPI to wake a vCPU that polls", () => {
    const passing = own({ messages_per_vcpu: 1, remote_wake_chance: 1, work_ns: 20_000 });
    const ipis = (guest: Partial<GuestSpec>): number => rates(passing, { vcpus: 3, ...guest })("MSR_WRITE icr");
    expect(ipis(haltpoll)).toBeLessThan(0.5 * ipis({}));
  });

  test("halts where its sleeps are longer than any poll", () => {
    expect(rates(own({ requests_per_second: 100 }), haltpoll)("HLT")).toBeGreaterThan(80);
  });
});

describe("a busy vCPU", () => {
  test("never halts, and its timer exits are its ticks", () => {
    const rate = rates(own({ busy_vcpus: "all" }), { hz: 1000 });
    expect(rate("HLT")).toBe(0);
    expect(Math.abs(rate(DEADLINE) - 1000)).toBeLessThan(10);
    expect(Math.abs(rate("PREEMPTION_TIMER") - 1000)).toBeLessThan(10);
  });

  test("is one of several when the workload says so", () => {
    const one = rates(own({ busy_vcpus: 1 }), { vcpus: 4, hz: 1000 });
    expect(Math.abs(one("PREEMPTION_TIMER") - 1000)).toBeLessThan(10);
  });

  test("meets the host's tick, whatever the guest does", () => {
    const rate = rates(own({ busy_vcpus: "all" }), {}, { host_hz: 1000 });
    expect(rate("EXTERNAL_INTERRUPT")).toBeGreaterThan(950);
    expect(rate("EXTERNAL_INTERRUPT")).toBeLessThan(1100);
  });
});

describe("a thread that sleeps until a time", () => {
  test("wakes its vCPU once an interval", () => {
    const rate = rates(own({ interval_ns: 2_000_000 }), { hz: 100 });
    expect(Math.abs(rate("HLT") - 500)).toBeLessThan(15);
  });
});

describe("load that comes and goes", () => {
  const bursts = own({
    requests_per_second: 2000,
    work_ns: 10_000,
    rhythm: { shape: "bursts", period_s: 0.1, busy_share: 0.5, quiet_load: 0.02 },
  });
  const exitsBetween = (host: KvmHost, from: number, to: number): number => {
    let exits = 0;
    host.observe(null);
    host.advance(Math.round(from * 2.5e9));
    host.observe(() => exits++);
    host.advance(Math.round(to * 2.5e9));
    return exits;
  };
  const boot = (rebaseCycles?: number): KvmHost =>
    new KvmHost(resolveHost(hostSpec({ cpus: 8, guests: { g: { vcpus: 1, workload: bursts, hz: 100 } } })), 7, bootWorkload, rebaseCycles);

  test("exits in its bursts, and hardly between them", () => {
    const host = boot();
    const [busy, quiet, again] = [exitsBetween(host, 0.21, 0.24), exitsBetween(host, 0.26, 0.29), exitsBetween(host, 0.31, 0.34)];
    expect(busy).toBeGreaterThan(10 * quiet);
    expect(again).toBeGreaterThan(10 * quiet);
  });

  test("keeps its phase however often the host moves its time axis", () => {
    const [one, many] = [boot(), boot(2 ** 26)];
    expect(exitsBetween(many, 0.21, 0.29)).toBe(exitsBetween(one, 0.21, 0.29));
    expect(many.rebases).toBeGreaterThan(5);
  });
});

describe("messages between vCPUs", () => {
  const passing = { messages_per_vcpu: 2, remote_wake_chance: 1, work_ns: 20_000 };

  test("take an IPI when they preempt, and mostly none when they wait for a busy vCPU", () => {
    const ipis = (preempt_chance: number): number => {
      const rate = rates(own({ ...passing, preempt_chance }), { vcpus: 2 });
      return rate("MSR_WRITE icr");
    };
    expect(ipis(1)).toBeGreaterThan(1.3 * ipis(0));
  });
});

describe("a call of a function on all CPUs", () => {
  const calls = own({ busy_vcpus: 1, background: { ...QUIET.background, call_function: 500 } });
  const pv = { ipi: false, eoi: false, haltpoll: false };
  const sent = (guest: Partial<GuestSpec>, host: HostOverrides = {}): ReturnType<typeof rates> =>
    rates(calls, { vcpus: 4, kernel: "linux-4.18", pv, ...guest }, host);
  /** Calls a second: one hypercall each. */
  const hypercalls = sent({ pv: { ...pv, ipi: true } });
  const made = hypercalls("VMCALL");

  test("is one hypercall, one write of the ICR, or one for each other CPU, as the guest's kernel sends to many", () => {
    expect(made).toBeGreaterThan(400);
    expect(hypercalls("MSR_WRITE icr")).toBe(0);
    expect(sent({})("MSR_WRITE icr") / made).toBeCloseTo(3, 1);
    expect(sent({ apic: "x2apic-cluster" })("MSR_WRITE icr") / made).toBeCloseTo(1, 1);
    const shorthand = sent({ pv: { ...pv, ipi: true }, kernel: "linux-5.8" });
    expect(shorthand("MSR_WRITE icr") / made).toBeCloseTo(1, 1);
    expect(shorthand("VMCALL")).toBe(0);
  });

  test("reaches each of them, and nobody where there is no other", () => {
    const ends = (guest: Partial<GuestSpec>): number => sent(guest, { kvm: { enable_apicv: "off" } })("MSR_WRITE eoi");
    // The busy CPU ends its ticks, too.
    expect((ends({}) - ends({ vcpus: 1 })) / made).toBeCloseTo(3, 1);
    expect(sent({ vcpus: 1 })("MSR_WRITE icr")).toBe(0);
  });

  test("takes a write of Hyper-V's ICR for each, where the guest has that", () => {
    const windows = rates({ ...calls, hyperv_apic: true }, { vcpus: 4, pv });
    expect(windows("MSR_WRITE icr") / made).toBeCloseTo(3, 1);
    expect(windows("MSR_WRITE eoi") / made).toBeGreaterThan(3);
  });

  test("goes another way once the guest has booted with it", () => {
    const resolved = (ipi: boolean) =>
      resolveHost(hostSpec({ cpus: 8, guests: { g: { vcpus: 4, workload: calls, kernel: "linux-4.18", pv: { ...pv, ipi } } } }));
    const kvm = new KvmHost(resolved(true), 7);
    const reasons: string[] = [];
    kvm.observe((_vcpu, { reason, handlers }) => reasons.push(reason === "MSR_WRITE" ? handlers.intel : reason));
    kvm.advance(0.1 * 2.5e9);
    expect([reasons.includes("VMCALL"), reasons.includes("icr")]).toEqual([true, false]);
    kvm.configure(resolved(false));
    reasons.length = 0;
    kvm.advance(0.2 * 2.5e9);
    expect([reasons.includes("VMCALL"), reasons.includes("icr")]).toEqual([false, true]);
  });

  test("by shorthand misses the ICR's fastpath, which a write for each CPU hits", () => {
    const misses = (kernel: "linux-4.18" | "linux-5.8"): number => {
      const kvm = new KvmHost(resolveHost(hostSpec({ cpus: 8, guests: { g: { vcpus: 4, workload: calls, kernel, pv } } })), 7);
      kvm.advance(SECONDS * 2.5e9);
      return kvm.tally.low[AT.misses + MISSES.intel.findIndex(({ cause }) => cause === "shorthand")] as number;
    };
    expect(misses("linux-5.8")).toBeGreaterThan(150);
    expect(misses("linux-4.18")).toBe(0);
  });
});

describe("a guest with Hyper-V's APIC registers", () => {
  const deferredCalls = { busy_vcpus: "all", background: { ...QUIET.background, self_ipi: 2000, debug_register: 500 } } as const;

  test("exits at each deferred call and at its end, with APICv too", () => {
    const rate = rates(own({ ...deferredCalls, hyperv_apic: true }));
    expect(rate("MSR_WRITE icr")).toBeGreaterThan(1800);
    expect(rate("MSR_WRITE eoi") - rate("MSR_WRITE icr")).toBeGreaterThan(200);
    expect(rate("DR_ACCESS")).toBeGreaterThan(400);
  });

  test("spares both where it uses the virtual APIC", () => {
    const rate = rates(own(deferredCalls));
    expect(rate("MSR_WRITE icr") + rate("MSR_WRITE eoi")).toBe(0);
  });
});
