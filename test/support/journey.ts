/** A VM that travels among hosts of every kind, for tests of what becomes of it. */
import * as fc from "fast-check";
import type { Program } from "../../src/guest/program.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import type { ResolvedHost } from "../../src/kvm/resolved.ts";
import { assert } from "../../src/lib/assert.ts";
import { hostSpec, type HostOverrides } from "./host-spec.ts";
import type { LedgerProgram } from "./ledger-program.ts";

/** In GHz; the time of a journey is counted in cycles of a host of this frequency. */
export const USUAL_GHZ = 2.5;

/** Hosts between which a timer changes its mode, an exit its path, an interrupt its way. */
const HOSTS: Readonly<Record<string, HostOverrides>> = {
  "all fastpaths": {},
  "no fastpaths (4.18)": { kernel: "linux-4.18" },
  "every fastpath (6.18)": { kernel: "linux-6.18" },
  "posted before the fix": { kernel: "linux-5.8", cmdline: { nohz_full: "2-7" } },
  "posted where exits are disabled": { kernel: "linux-6.1", cmdline: { nohz_full: "2-7" } },
  hrtimers: { kvm: { preemption_timer: "off" } },
  "no APICv": { kvm: { enable_apicv: "off" } },
  "the vendor's cohort without the ICR fastpath": { kernel: "c82", fastpath: { icr: "off" } },
  "a slower clock": { ghz: 2.1 },
  "a faster clock, hrtimers": { ghz: 3.3, kvm: { preemption_timer: "off" } },
  "the timer fastpaths off, no polling": { fastpath: { tsc_deadline: "off", preemption_timer: "off" }, kvm: { halt_poll: "off" } },
};
/** The same among AMD's, where there is no preemption timer. */
const AMD: Readonly<Record<string, HostOverrides>> = {
  AVIC: { cpu: "epyc-milan", kernel: "linux-6.6", kvm: { avic: "on" } },
  "x2AVIC and posted timers": { cpu: "epyc-milan", kernel: "linux-6.18", kvm: { avic: "on" }, cmdline: { nohz_full: "2-7" } },
  "no AVIC": { cpu: "epyc-milan", kernel: "linux-6.1" },
  "no AVIC, a slower clock": { cpu: "epyc-milan", kernel: "linux-6.1", ghz: 1.9 },
};
const namesOf = (hosts: Readonly<Record<string, HostOverrides>>) => fc.constantFrom(...Object.keys(hosts));
const threeOf = (hosts: Readonly<Record<string, HostOverrides>>) => fc.tuple(namesOf(hosts), namesOf(hosts), namesOf(hosts));

/** QEMU's command line of the VM, the same everywhere. */
const exitsDisabled = fc.constantFrom([], ["hlt"] as const, ["hlt", "mwait", "pause"] as const, ["pause"] as const);
const itinerary = fc.array(
  fc.record({
    to: fc.nat(2),
    /** Cycles on the host before it leaves, and on the way. */
    stays: fc.integer({ min: 1, max: 1_500_000 }),
    downtime: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 3_000_000 })),
  }),
  { minLength: 1, maxLength: 8 },
);
export const travels = fc.record({
  hosts: fc.oneof({ weight: 3, arbitrary: threeOf(HOSTS) }, { weight: 1, arbitrary: threeOf(AMD) }),
  /** Or its vCPUs, up to three, share two CPUs. */
  dedicated: fc.boolean(),
  disable_exits: exitsDisabled,
  vcpus: fc.integer({ min: 1, max: 3 }),
  xapic: fc.boolean(),
  seed: fc.nat(),
  /** How long the second and the third host have been up when the first boots. */
  older: fc.tuple(fc.nat(10_000_000), fc.nat(10_000_000)),
  moves: itinerary,
  timer: fc.constantFrom("tscDeadline", "oneShot"),
});
export type Travel = typeof travels extends fc.Arbitrary<infer T> ? T : never;

const VM = "g-1";

interface TravelledHost {
  readonly with: ResolvedHost;
  readonly without: ResolvedHost;
  readonly host: KvmHost;
  readonly older: number;
  /** Its cycles in one of the journey's. */
  readonly pace: number;
}

/** Three hosts and the VM on the first; each host has its own clock. */
export class Journey<P extends Program = LedgerProgram> {
  readonly programs: readonly P[];
  readonly hosts: readonly TravelledHost[];
  now = 0;
  at = 0;
  /** Of all vCPUs, from their last exit on a host to their first entry on the next. */
  pausedCycles = 0;

  constructor({ hosts, disable_exits, xapic, seed, older, dedicated }: Omit<Travel, "moves">, programs: readonly P[]) {
    this.programs = programs;
    const vcpus = programs.length;
    this.hosts = hosts.map((name, i) => {
      const place = dedicated ? {} : { dedicated, placement: "2-3" };
      const guest = { vcpus, disable_exits, apic: xapic ? "xapic" : "x2apic", ...place } as const;
      const own = resolveHost(hostSpec({ cpus: 8, ...HOSTS[name], ...AMD[name], guests: { g: guest } }));
      const without = { ...own, guests: [] };
      const host = new KvmHost(i === 0 ? own : without, seed + i, () => this.programs, 2 ** 24);
      return { with: own, without, host, older: i === 0 ? 0 : older[i - 1]!, pace: own.tscHz / (USUAL_GHZ * 1e9) };
    });
  }

  get here(): TravelledHost {
    return this.hosts[this.at]!;
  }

  /** Some hosts have clocks of another frequency, so that all figures are rounded to their cycles. */
  get isScaled(): boolean {
    return this.hosts.some(({ pace }) => pace !== 1);
  }

  run(cycles: number): void {
    this.now += cycles;
    const { host, older, pace } = this.here;
    host.advance(older + Math.floor(this.now * pace));
  }

  move(to: number, downtime: number): void {
    const { host, without, pace } = this.here;
    host.control.pause(VM);
    for (let n = 0; !host.control.isPaused(VM); n++) {
      assert(n < 100_000, "a VM that is asked to stop does so within 50 million cycles");
      this.run(500);
    }
    for (const { since } of host.vcpus) this.pausedCycles += (host.now - since) / pace + downtime;
    const saved = host.control.takeOut(VM, without);
    this.now += downtime;
    this.at = to;
    this.run(0);
    this.here.host.configure(this.here.with, { name: VM, saved, elapsed: Math.round(downtime * this.here.pace) });
  }

  /** Goes everywhere. */
  travel(all: Travel["moves"]): void {
    for (const { to, stays, downtime } of all) {
      this.run(stays);
      this.move(to, downtime);
    }
  }
}
