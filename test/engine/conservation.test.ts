import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMPONENT_NAMES } from "../../src/cost/components.ts";
import { CPU_USES, EXIT_CYCLE_EDGES, VCPU_STATES } from "../../src/kvm/counters.ts";
import { CELLS } from "../../src/kvm/exits.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import type { HostSpec } from "../../src/kvm/host-spec.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { STATE } from "../../src/kvm/vcpu.ts";
import { arbitrarySpec } from "../support/arbitrary-spec.ts";
import { exitLabel, namedCounters } from "../support/counter-names.ts";

type Counters = ReadonlyMap<string, bigint>;
const of = (counters: Counters, name: string): bigint => counters.get(name) ?? 0n;
const sum = (counters: Counters, names: readonly string[]): bigint => names.reduce((total, name) => total + of(counters, name), 0n);
const view = (host: KvmHost): Map<string, bigint> => namedCounters(viewCounters(host), host.resolved.cpu.vendor);

const LABELS = [...CELLS.intel, ...CELLS.amd].map(exitLabel);
const EXITS = LABELS.map((label) => `exits ${label}`);
const CYCLES = LABELS.map((label) => `cycles ${label}`);
const COMPONENTS = COMPONENT_NAMES.map((name) => `component ${name}`);
const STATES = VCPU_STATES.map((name) => `vcpu ${name}`);
const USES = CPU_USES.map((name) => `cpu ${name}`);
const EDGES = [...EXIT_CYCLE_EDGES.map((edge) => `up to ${edge}`), "above"];

/** Exits of a reason on all paths. */
const exitsOf = (counters: Counters, reason: string): bigint =>
  sum(
    counters,
    EXITS.filter((name) => name.startsWith(`exits ${reason} `)),
  );

/** Instants at which somebody looks: every few hundred microseconds, not at any event in particular. */
const looks = fc.array(fc.integer({ min: 1, max: 2_000_000 }), { minLength: 3, maxLength: 12 });

function at(
  spec: HostSpec,
  seed: number,
  instants: readonly number[],
  look: (counters: Counters, host: KvmHost, now: bigint) => void,
): void {
  const host = new KvmHost(resolveHost(spec), seed);
  let now = 0;
  for (const gap of instants) {
    now += gap;
    host.advance(now);
    look(view(host), host, BigInt(now));
  }
}

function holdsOnAnyHost(look: (counters: Counters, host: KvmHost, now: bigint) => void): void {
  fc.assert(
    fc.property(arbitrarySpec, fc.integer(), looks, (spec, seed, instants) => at(spec, seed, instants, look)),
    { numRuns: 40 },
  );
}

describe("at any instant, exactly", () => {
  it("every exit is in one bucket of its histogram", () => {
    holdsOnAnyHost((counters) => {
      const buckets = EXITS.map((name) => [
        name,
        sum(
          counters,
          EDGES.map((edge) => `${name} ${edge}`),
        ),
      ]);
      expect(buckets).toEqual(EXITS.map((name) => [name, of(counters, name)]));
    });
  });

  it("the components add up to the cycles of all exits", () => {
    holdsOnAnyHost((counters) => expect(sum(counters, COMPONENTS)).toBe(sum(counters, CYCLES)));
  });

  it("the states of the vCPUs add up to their number times the time", () => {
    holdsOnAnyHost((counters, host, now) => expect(sum(counters, STATES)).toBe(BigInt(host.vcpus.length) * now));
  });

  it("the uses of the CPUs add up to their number times the time", () => {
    holdsOnAnyHost((counters, host, now) => expect(sum(counters, USES)).toBe(BigInt(host.physicalCpus.count) * now));
  });

  it("every capable exit is a hit or a miss", () => {
    const hitsOrMisses = (counters: Counters, name: string): bigint =>
      sum(
        counters,
        [...counters.keys()].filter((key) => key === `hits ${name}` || key.startsWith(`misses ${name} `)),
      );
    holdsOnAnyHost((counters, host) => {
      const amd = host.resolved.cpu.vendor === "amd";
      const exits = (msr: string): bigint => exitsOf(counters, `${amd ? "msr" : "MSR_WRITE"}(${msr})`);
      expect(hitsOrMisses(counters, "preemption_timer")).toBe(exitsOf(counters, "PREEMPTION_TIMER"));
      // On SVM no kernel before 6.18 could have taken a write of TSC_DEADLINE on its fastpath.
      const { capable } = host.resolved.fastpath.tsc_deadline;
      expect(capable || amd).toBe(true);
      expect(hitsOrMisses(counters, "tsc_deadline")).toBe(capable ? exits("tsc_deadline") : 0n);
      const icr = hitsOrMisses(counters, "icr") - exits("icr");
      // An xAPIC guest's IPIs are capable, too: in x2APIC mode they would hit.
      if (host.vms.some(({ guest }) => guest.spec.apic === "xapic")) expect(icr).toBeGreaterThanOrEqual(0n);
      else expect(icr).toBe(0n);
    });
  });

  it("KVM's own statistics tell of the same exits, but for those that re-entered before 6.4", () => {
    holdsOnAnyHost((counters, host) => {
      const all = sum(counters, EXITS);
      const reentered = host.resolved.traits.exitsStatCountsReentry ? 0n : sum(counters, ["hits tsc_deadline", "hits preemption_timer"]);
      expect(of(counters, "stat exits")).toBeLessThanOrEqual(all);
      expect(of(counters, "stat exits")).toBeGreaterThanOrEqual(all - reentered);
      const names = { intel: ["HLT", "EXTERNAL_INTERRUPT"], amd: ["hlt", "interrupt"] } as const;
      const [hlt, interrupt] = names[host.resolved.cpu.vendor];
      expect(of(counters, "stat halt_exits")).toBe(exitsOf(counters, hlt));
      expect(of(counters, "stat irq_exits")).toBe(exitsOf(counters, interrupt));
      const polling = of(counters, "stat halt_attempted_poll") - sum(counters, ["polls success", "polls fail"]);
      expect(polling).toBe(BigInt(host.vcpus.filter((vcpu) => vcpu.state === STATE.poll).length));
    });
  });

  it("nothing is negative", () => {
    holdsOnAnyHost((counters) => expect([...counters].filter(([, value]) => value < 0n)).toEqual([]));
  });
});

/** The same host with other settings: what may change without a reboot. */
const changes = fc
  .tuple(arbitrarySpec, arbitrarySpec, arbitrarySpec)
  .map(([first, ...others]) => [
    first,
    ...others.map((other) => ({ ...other, cpu: first.cpu, cpus: first.cpus, ghz: first.ghz, smt: first.smt })),
  ]);

describe("between any two looks", () => {
  const growing = (seen: Counters, now: Counters): string[] =>
    [...now].filter(([name, value]) => value < of(seen, name)).map(([name]) => name);

  it("every counter only grows", () => {
    fc.assert(
      fc.property(arbitrarySpec, fc.integer(), looks, (spec, seed, instants) => {
        let seen: Counters = new Map();
        at(spec, seed, instants, (counters) => {
          expect(growing(seen, counters)).toEqual([]);
          seen = counters;
        });
      }),
      { numRuns: 80 },
    );
  });

  it("every counter only grows and all sums hold while the configuration changes", () => {
    fc.assert(
      fc.property(changes, fc.integer(), looks, (specs, seed, instants) => {
        const host = new KvmHost(resolveHost(specs[0]!), seed);
        let now = 0;
        let vcpuTime = 0n;
        let exits = 0n;
        host.observe(() => exits++);
        let seen: Counters = new Map();
        for (const [i, gap] of instants.entries()) {
          vcpuTime += BigInt(gap * host.vcpus.length);
          now += gap;
          host.advance(now);
          host.configure(resolveHost(specs[i % specs.length]!));
          const counters = view(host);
          expect(growing(seen, counters)).toEqual([]);
          seen = counters;
          expect(sum(counters, STATES)).toBe(vcpuTime);
          expect(sum(counters, USES)).toBe(BigInt(host.physicalCpus.count * now));
          expect(sum(counters, COMPONENTS)).toBe(sum(counters, CYCLES));
          expect(sum(counters, EXITS)).toBe(exits);
        }
      }),
      { numRuns: 80 },
    );
  });

  it("no exit is lost that sleeps through two changes of the configuration", () => {
    fc.assert(
      fc.property(arbitrarySpec, fc.integer(), looks, (spec, seed, instants) => {
        const host = new KvmHost(resolveHost(spec), seed);
        let exits = 0n;
        host.observe(() => exits++);
        let now = 0;
        for (const gap of instants) {
          host.advance((now += gap));
          host.configure(resolveHost(spec));
        }
        expect(sum(view(host), EXITS)).toBe(exits);
      }),
      { numRuns: 60 },
    );
  });
});
