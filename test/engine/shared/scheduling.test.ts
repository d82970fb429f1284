/** Who gets the CPUs that vCPUs share, for how long, and what a switch costs. */
import { describe, expect, it } from "vitest";
import { KvmHost } from "../../../src/kvm/host.ts";
import { viewCounters } from "../../../src/kvm/host-view.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { STATE, type Vcpu } from "../../../src/kvm/vcpu.ts";
import { namedCounters } from "../../support/counter-names.ts";
import { hostSpec, type HostOverrides } from "../../support/host-spec.ts";

const MS = 2.5e6;
const KERNELS = ["linux-6.1", "linux-6.6"] as const;

/** Guests of one vCPU that compute for ever, and nothing else on the CPUs of a list. */
const busy = (count: number, placement: string, host: HostOverrides = {}): KvmHost => {
  const guests = { busy: { count, vcpus: 1, workload: "packets", dedicated: false, placement } } as const;
  return new KvmHost(resolveHost(hostSpec({ cpus: 8, ...host, guests })), 1);
};
const counter = (host: KvmHost, name: string): number => Number(namedCounters(viewCounters(host)).get(name));
const after = (host: KvmHost, ms: number): KvmHost => {
  host.advance(ms * MS);
  return host;
};
/** Useful cycles of each vCPU relative to the time. */
const shares = (host: KvmHost): number[] => host.vcpus.map(({ program }) => program.workCycles / host.now);

/** Stretches of a vCPU's waiting and running, in ms, as they are seen every quarter of a millisecond. */
function stretches(host: KvmHost, vcpu: Vcpu, ms: number): number[] {
  const lengths: number[] = [];
  let since = 0;
  let waits = vcpu.state === STATE.steal;
  for (let at = 0.25; at <= ms; at += 0.25) {
    host.advance(at * MS);
    if ((vcpu.state === STATE.steal) === waits) continue;
    lengths.push(at - since);
    since = at;
    waits = !waits;
  }
  return lengths;
}

describe.each(KERNELS)("on %s", (kernel) => {
  it("two busy vCPUs on one CPU get half of it each, and wait the other half", () => {
    const host = after(busy(2, "2", { kernel }), 2000);
    for (const share of shares(host)) expect(share).toBeCloseTo(0.5, 1);
    expect(counter(host, "vcpu steal") / (2 * host.now)).toBeCloseTo(0.5, 3);
    expect(counter(host, "cpu guest") / host.now).toBeGreaterThan(0.99);
  });

  it("three busy vCPUs on two CPUs get two thirds each in the long run, by load balancing", () => {
    for (const share of shares(after(busy(3, "2-3", { kernel }), 8000))) expect(share).toBeCloseTo(0.665, 1);
  });

  it("two busy vCPUs on two CPUs have one each and never wait", () => {
    const host = after(busy(2, "2-3", { kernel }), 500);
    expect([counter(host, "vcpu steal"), counter(host, "component ibpb")]).toEqual([0, 0]);
  });
});

it("CFS divides a period of 24 ms among two threads, at ticks; EEVDF takes turns each base slice, at the next tick", () => {
  const turn = (kernel: (typeof KERNELS)[number], host_hz: number): number => {
    const host = busy(2, "2", { kernel, host_hz });
    const lengths = stretches(host, host.vcpus[0]!, 600).slice(1);
    return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  };
  // The first tick after 12 ms ran out; a tick comes exactly at 12 ms, and finds them not exceeded.
  expect(turn("linux-6.1", 250)).toBeGreaterThan(12);
  expect(turn("linux-6.1", 250)).toBeLessThan(16.5);
  expect(turn("linux-6.6", 1000)).toBeCloseTo(3, 0);
  expect(turn("linux-6.6", 250)).toBeCloseTo(4, 0);
});

it("a vCPU that wakes up goes to an idle CPU of its guest's before it waits for a busy one", () => {
  // The fourth sleeper starts where the busy one is, which never leaves its CPU.
  const waiting = (placement: string): number => {
    const guests = {
      busy: { count: 1, vcpus: 1, workload: "packets", dedicated: false, placement: "2" },
      web: { count: 4, vcpus: 1, workload: "web", load: 0.1, dedicated: false, placement },
    } as const;
    const host = after(new KvmHost(resolveHost(hostSpec({ cpus: 16, guests })), 1), 2000);
    const wakeups = counter(host, "stat halt_wakeup");
    expect(wakeups).toBeGreaterThan(500);
    return counter(host, "vcpu steal") / wakeups / MS;
  };
  expect(waiting("2-5")).toBeLessThan(0.001);
  expect(waiting("2")).toBeGreaterThan(0.1);
});

it("a busy guest is preempted by one that wakes up after a long sleep, at once under CFS", () => {
  const guests = {
    busy: { count: 1, vcpus: 1, workload: "packets", dedicated: false, placement: "2" },
    timer: { count: 1, vcpus: 1, workload: "cyclictest", dedicated: false, placement: "2" },
  } as const;
  const host = after(new KvmHost(resolveHost(hostSpec({ cpus: 8, kernel: "linux-6.1", guests })), 1), 1000);
  // It wakes a thousand times for a few microseconds, and waits less than 0.1 ms each time.
  expect(counter(host, "stat halt_wakeup")).toBeGreaterThan(900);
  expect(counter(host, "vcpu steal") / MS / counter(host, "stat halt_wakeup")).toBeLessThan(0.1);
  // Each time the busy one left the guest by a reschedule interrupt and lost its CPU.
  expect(counter(host, "stat preemption_reported")).toBeGreaterThan(900);
});

describe("a switch between two vCPUs", () => {
  const barriers = (host: HostOverrides): number => {
    const one = after(busy(2, "2", host), 1000);
    return counter(one, "component ibpb") / one.resolved.cpu.cycles.ibpb.value;
  };

  it("costs a barrier of the branch predictors, unless nothing is done against spectre_v2", () => {
    expect(barriers({ kernel: "linux-6.6" })).toBeGreaterThan(100);
    expect(barriers({ kernel: "linux-6.6", mitigations: { spectre_v2: "off" } })).toBe(0);
  });

  it("is counted by KVM as a preemption by the host from 5.19 on", () => {
    const switches = (kernel: "linux-6.1" | "linux-5.15"): number => {
      const host = after(busy(2, "2", { kernel }), 1000);
      return counter(host, "stat preemption_reported");
    };
    expect(switches("linux-6.1")).toBeGreaterThan(60);
    expect(switches("linux-5.15")).toBe(0);
  });

  it("to another CPU interrupts the old one, which has the vCPU's VMCS", () => {
    // Three vCPUs on two CPUs move about; without device interrupts, only ticks and these reach them.
    const moved = after(busy(3, "2-3", { kernel: "linux-6.1" }), 4000);
    const pinned = after(busy(2, "2-3", { kernel: "linux-6.1" }), 4000);
    const perSecond = (host: KvmHost): number => counter(host, "exits EXTERNAL_INTERRUPT kernel") / 4;
    expect(perSecond(moved)).toBeGreaterThan(perSecond(pinned) + 10);
  });
});

it("halt polling stops as soon as another thread is runnable on the CPU", () => {
  const polls = (placement: string): { invalid: number; wasted: number } => {
    const guests = { web: { count: 2, vcpus: 1, workload: "web", dedicated: false, placement } } as const;
    const spec = hostSpec({ cpus: 8, kvm: { halt_poll: "always" }, guests });
    const host = after(new KvmHost(resolveHost(spec), 1), 1000);
    return { invalid: counter(host, "polls invalid"), wasted: counter(host, "cpu halt_poll") };
  };
  const [together, apart] = [polls("2"), polls("2-3")];
  expect(apart.invalid).toBe(0);
  expect(together.invalid).toBeGreaterThan(100);
  expect(together.wasted).toBeLessThan(apart.wasted * 0.9);
});

it("a guest whose timer ends its sleep costs the vCPU that has its CPU an exit", () => {
  // The busy guest's CPU is the sleeper's only one: its hrtimers fire there.
  const exits = (cpu: string): number => {
    const guests = {
      busy: { count: 1, vcpus: 1, workload: "packets", dedicated: false, placement: "2" },
      idle: { count: 4, vcpus: 1, workload: "idle", dedicated: false, placement: cpu },
    } as const;
    const host = new KvmHost(resolveHost(hostSpec({ cpus: 8, guests })), 1);
    let count = 0;
    host.observe((vcpu, { reason }) => {
      if (vcpu.index === 0 && reason === "EXTERNAL_INTERRUPT") count++;
    });
    after(host, 2000);
    return count;
  };
  expect(exits("2")).toBeGreaterThan(exits("3") + 25);
});

it("a nohz_full CPU ticks while two vCPUs share it, and not while one has it alone", () => {
  const ticks = (count: number): number => {
    const host = after(busy(count, "4", { kernel: "linux-6.1", cmdline: { nohz_full: "4-7" } }), 1000);
    return counter(host, "exits EXTERNAL_INTERRUPT kernel");
  };
  expect(ticks(1)).toBeLessThan(20);
  expect(ticks(2)).toBeGreaterThan(240);
});

it("vCPUs stay where they are on CPUs of isolcpus=, which no scheduling domain balances", () => {
  const work = (isolcpus: boolean | string): number[] => shares(after(busy(3, "4-5", { cmdline: { isolcpus } }), 4000));
  // Two start on CPU 4, one on CPU 5.
  const [first, second, third] = work("4-5") as [number, number, number];
  expect([first, third].map((share) => Math.round(share * 10))).toEqual([5, 5]);
  expect(second).toBeGreaterThan(0.99);
  for (const share of work(false)) expect(share).toBeCloseTo(0.665, 1);
});
