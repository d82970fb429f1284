/** A VM that moves among hosts of every kind loses no interrupt and gets none twice. */
import * as fc from "fast-check";
import { assert } from "../../src/lib/assert.ts";
import { describe, expect, it } from "vitest";
import { KvmHost } from "../../src/kvm/host.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import type { ResolvedHost } from "../../src/kvm/resolved.ts";
import { hostSpec, type HostOverrides } from "../support/host-spec.ts";
import { namedCounters } from "../support/counter-names.ts";
import { OP, type Program } from "../../src/guest/program.ts";
import { ScriptProgram, type Line } from "../../src/guest/script.ts";
import { bootLedger, type LedgerProgram } from "../support/ledger-program.ts";

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
  "the timer fastpaths off, no polling": { fastpath: { tsc_deadline: "off", preemption_timer: "off" }, kvm: { halt_poll: "off" } },
};
/** The same among AMD's, where there is no preemption timer. */
const AMD: Readonly<Record<string, HostOverrides>> = {
  AVIC: { cpu: "epyc-milan", kernel: "linux-6.6", kvm: { avic: "on" } },
  "x2AVIC and posted timers": { cpu: "epyc-milan", kernel: "linux-6.18", kvm: { avic: "on" }, cmdline: { nohz_full: "2-7" } },
  "no AVIC": { cpu: "epyc-milan", kernel: "linux-6.1" },
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
const travels = fc.record({
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
type Travel = typeof travels extends fc.Arbitrary<infer T> ? T : never;

const VM = "g-1";

/** Three hosts and the VM on the first; each host has its own clock. */
class Journey<P extends Program = LedgerProgram> {
  readonly programs: readonly P[];
  readonly hosts: readonly {
    readonly with: ResolvedHost;
    readonly without: ResolvedHost;
    readonly host: KvmHost;
    readonly older: number;
  }[];
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
      return { with: own, without, host, older: i === 0 ? 0 : older[i - 1]! };
    });
  }

  get here() {
    return this.hosts[this.at]!;
  }

  run(cycles: number): void {
    this.now += cycles;
    this.here.host.advance(this.now + this.here.older);
  }

  move(to: number, downtime: number): void {
    const { host, without } = this.here;
    host.control.pause(VM);
    for (let n = 0; !host.control.isPaused(VM); n++) {
      assert(n < 100_000, "a VM that is asked to stop does so within 50 million cycles");
      this.run(500);
    }
    for (const { since } of host.vcpus) this.pausedCycles += host.now - since + downtime;
    const saved = host.control.takeOut(VM, without);
    this.now += downtime;
    this.at = to;
    this.run(0);
    this.here.host.configure(this.here.with, { name: VM, saved, elapsed: downtime });
  }

  /** Goes everywhere. */
  travel(all: Travel["moves"]): void {
    for (const { to, stays, downtime } of all) {
      this.run(stays);
      this.move(to, downtime);
    }
  }
}

/** A thread that comes to a CPU asks the one it was on for its VMCS; there a vCPU stood in a fastpath that it was to leave. */
const ASKS_A_FASTPATH_FOR_ITS_VMCS: Travel = {
  hosts: ["the vendor's cohort without the ICR fastpath", "all fastpaths", "all fastpaths"],
  dedicated: false,
  disable_exits: [],
  vcpus: 3,
  xapic: false,
  seed: 1498461607,
  older: [0, 0],
  moves: [
    { to: 1, stays: 1_165_513, downtime: 408_795 },
    { to: 0, stays: 215_206, downtime: 0 },
    { to: 0, stays: 1, downtime: 0 },
  ],
  timer: "tscDeadline",
};

/** Every travel of a run; each looks at its end. */
function everyJourney(look: (journey: Journey) => void): void {
  fc.assert(
    fc.property(travels, ({ moves: all, ...start }) => {
      const journey = new Journey(start, bootLedger(start.vcpus, start.seed, start.timer));
      journey.travel(all);
      // All that is under way comes to its end.
      for (const program of journey.programs) program.quiet = true;
      // Who shares CPUs may wait for one, for a few of its slices of ten milliseconds and more.
      journey.run(start.dedicated ? 5_000_000 : 200_000_000);
      look(journey);
    }),
    { numRuns: 100, examples: [[ASKS_A_FASTPATH_FOR_ITS_VMCS]] },
  );
}

describe("a VM that moves from host to host", () => {
  it("gets one timer interrupt for each deadline and one IPI for each announcement, fetches every request, and is in one place at a time", () => {
    everyJourney((journey) => {
      for (const { wrong, late, armings, armed, mailbox, ring } of journey.programs) {
        expect(wrong).toEqual([]);
        expect({ armed, mailbox, ring }).toEqual({ armed: null, mailbox: 0, ring: 0 });
        expect(late).toHaveLength(armings);
      }
      const all = journey.hosts.map(({ host }) => namedCounters(viewCounters(host)));
      const sum = (counters: ReadonlyMap<string, bigint>, prefix: string): bigint =>
        [...counters].reduce((total, [name, value]) => (name.startsWith(prefix) ? total + value : total), 0n);
      const vcpuTime = all.reduce((total, counters) => total + sum(counters, "vcpu "), 0n);
      // Neither host counts a vCPU's time from its last exit on one to its first entry on the other.
      expect(vcpuTime + BigInt(journey.pausedCycles)).toBe(BigInt(journey.programs.length) * BigInt(journey.now));
      all.forEach((counters, i) => {
        const { host } = journey.hosts[i]!;
        expect(sum(counters, "cpu ")).toBe(BigInt(host.physicalCpus.count) * counters.get("emulated cycles")!);
        expect(sum(counters, "component ")).toBe(sum(counters, "cycles "));
        expect([...counters].filter(([, value]) => value < 0n)).toEqual([]);
      });
    });
  });

  it("executes the same instructions and takes the same interrupts as one that stays, whatever fastpaths it meets", () => {
    const step = fc.constantFrom(OP.cpuid, OP.portIo, OP.otherMsr, OP.doorbell, OP.hypercall, OP.tscDeadline);
    const script = fc.array(step, { minLength: 5, maxLength: 40 }).map((ops) =>
      // Each interrupt comes before the next deadline is armed, even from a housekeeping CPU that has to leave C6.
      ops.map((op): Line => ({ compute: 600_000, op, ...(op === OP.tscDeadline ? { after: 100_000 } : {}) })),
    );
    fc.assert(
      fc.property(travels, script, ({ moves: all, ...start }, lines) => {
        const [moves, stays] = [all, []].map((way) => {
          const program = new ScriptProgram(lines);
          const journey = new Journey(start, [program]);
          journey.travel(way);
          journey.run(30_000_000);
          return program;
        });
        expect(moves!.op).toBe(OP.done);
        expect([moves!.op, moves!.taken]).toEqual([stays!.op, stays!.taken]);
        expect(moves!.taken).toHaveLength(lines.filter(({ op }) => op === OP.tscDeadline).length);
      }),
      { numRuns: 60 },
    );
  });

  it("keeps the pace of a periodic timer, which stands still on the way", () => {
    const period = 700_000;
    fc.assert(
      fc.property(travels, ({ moves: all, ...start }) => {
        const program = new ScriptProgram([{ compute: 1000, op: OP.periodic, operand: period }]);
        const journey = new Journey(start, [program]);
        journey.travel(all);
        journey.run(20_000_000);
        const periods = (journey.now - journey.pausedCycles) / period;
        expect(program.taken.length).toBeLessThanOrEqual(periods);
        // A period that ends while the last interrupt waits for a housekeeping CPU in C6, or for the exit of a stop, comes late.
        expect(program.taken.length).toBeGreaterThan(periods - 2 - all.length);
      }),
      { numRuns: 60 },
    );
  });
});
