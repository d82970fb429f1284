/** What must hold on hosts whose vCPUs share CPUs, whatever runs there. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMPONENT_NAMES } from "../../../src/cost/components.ts";
import { CPU_USES, VCPU_STATES } from "../../../src/kvm/counters.ts";
import { CELLS, type Cell } from "../../../src/kvm/exits.ts";
import { cellOf } from "../../../src/kvm/exit-kinds.ts";
import { KvmHost } from "../../../src/kvm/host.ts";
import type { HostSpec } from "../../../src/kvm/host-spec.ts";
import { viewCounters } from "../../../src/kvm/host-view.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { PHASE, STATE } from "../../../src/kvm/vcpu.ts";
import { bootWorkload } from "../../../src/kvm/vm.ts";
import { arbitrarySharedSpec } from "../../support/arbitrary-shared-spec.ts";
import { arbitrarySpec } from "../../support/arbitrary-spec.ts";
import { exitLabel, namedCounters } from "../../support/counter-names.ts";

type Counters = ReadonlyMap<string, bigint>;
const sum = (counters: Counters, names: readonly string[]): bigint => names.reduce((total, name) => total + (counters.get(name) ?? 0n), 0n);
const view = (host: KvmHost): Map<string, bigint> => namedCounters(viewCounters(host), host.resolved.cpu.vendor);
const LABELS = [...CELLS.intel, ...CELLS.amd].map((cell: Cell) => exitLabel(cell));
const STATES = VCPU_STATES.map((name) => `vcpu ${name}`);
const USES = CPU_USES.map((name) => `cpu ${name}`);

/** A few milliseconds apart, so that ticks and slices fall in between. */
const looks = fc.array(fc.integer({ min: 1, max: 15_000_000 }), { minLength: 3, maxLength: 10 });

/** Counters that only grow: everything but what configuration sets. */
const shrunk = (before: Counters, after: Counters): string[] =>
  [...before].filter(([name, value]) => (after.get(name) ?? 0n) < value).map(([name]) => name);

function always(look: (host: KvmHost, now: number) => void, numRuns = 60): void {
  fc.assert(
    fc.property(arbitrarySharedSpec, fc.integer(), looks, (spec, seed, gaps) => {
      const host = new KvmHost(resolveHost(spec), seed);
      let now = 0;
      for (const gap of gaps) {
        host.advance((now += gap));
        look(host, now);
      }
    }),
    { numRuns },
  );
}

/** The tick of a busy CPU wakes an idle one for a thread that had to give way. */
const TWO_TICKS = 2 * 2.5e9 * 0.004;

/** Everyone is where he may be, alone, and nobody waits in vain. */
function checkPlaces(host: KvmHost): void {
  const { queues } = host.runQueues;
  const onCpu = host.vcpus.filter((vcpu) => vcpu.state < STATE.blocked);
  expect(new Set(onCpu.map(({ cpu }) => cpu)).size).toBe(onCpu.length);
  for (const vcpu of onCpu) expect(host.physicalCpus.occupant[vcpu.cpu]).toBe(vcpu);
  for (const vcpu of host.vcpus) {
    const { task } = vcpu;
    if (task === null) {
      expect(vcpu.state).not.toBe(STATE.steal);
      continue;
    }
    expect(task.allowed.has[vcpu.cpu]).toBe(true);
    const queue = queues[vcpu.cpu]!;
    if (vcpu.state < STATE.blocked) expect(queue.curr).toBe(task);
    if (vcpu.state === STATE.steal) expect([queue.curr === task, queue.waiting.includes(task)]).toContain(true);
    if (vcpu.state === STATE.steal) expect([PHASE.running, PHASE.resuming]).toContain(vcpu.phase);
  }
  for (const queue of queues) {
    for (const { allowed, thread } of queue?.waiting ?? []) {
      if (!allowed.balanced || host.now - thread.since <= TWO_TICKS) continue;
      expect(allowed.cpus.filter((cpu) => queues[cpu]!.curr === null)).toEqual([]);
    }
  }
}

describe("on CPUs that vCPUs share, at any instant", () => {
  it("time and cycles are conserved exactly, steal included", () => {
    let seen: Counters = new Map();
    always((host, now) => {
      const counters = view(host);
      if (now < 16_000_000) seen = new Map();
      expect(shrunk(seen, counters)).toEqual([]);
      seen = counters;
      expect(sum(counters, STATES)).toBe(BigInt(host.vcpus.length) * BigInt(now));
      expect(sum(counters, USES)).toBe(BigInt(host.physicalCpus.count) * BigInt(now));
      const cycles = LABELS.map((label) => `cycles ${label}`);
      const components = COMPONENT_NAMES.map((name) => `component ${name}`);
      expect(sum(counters, components)).toBe(sum(counters, cycles));
    });
  });

  it("a CPU runs one vCPU at most, one that may run there, and no thread waits for long while one of its CPUs idles", () => {
    always(checkPlaces);
  });

  it("the counters of time never go back, looked at cycle by cycle", () => {
    fc.assert(
      fc.property(arbitrarySharedSpec, fc.integer(), fc.integer({ min: 1, max: 60_000_000 }), (spec, seed, start) => {
        const host = new KvmHost(resolveHost(spec), seed);
        host.advance(start);
        let before = view(host);
        for (let i = 1; i <= 60; i++) {
          host.advance(start + 37 * i);
          const after = view(host);
          expect(shrunk(before, after)).toEqual([]);
          before = after;
        }
      }),
      { numRuns: 40 },
    );
  });
});

interface Run {
  readonly exits: readonly string[];
  readonly counters: Counters;
}

function run(spec: HostSpec, seed: number, borders: readonly number[], atBorder?: (host: KvmHost) => void, rebase?: number): Run {
  const host = new KvmHost(resolveHost(spec), seed, bootWorkload, rebase);
  const exits: string[] = [];
  host.observe((vcpu, kind, total, end) => {
    exits.push(
      `${vcpu.index} on ${vcpu.cpu} ${exitLabel(cellOf(kind, host.resolved.cpu.vendor))} ${total} ${end + host.rebases * host.rebaseCycles}`,
    );
  });
  for (const border of borders) {
    host.advance(border);
    atBorder?.(host);
  }
  return { exits, counters: view(host) };
}

/** The first exit or counter in which two runs differ. */
function firstDifference(a: Run, b: Run): unknown {
  const exit = a.exits.findIndex((line, i) => line !== b.exits[i]);
  if (exit >= 0) return { before: a.exits.slice(Math.max(0, exit - 3), exit), a: a.exits[exit], b: b.exits[exit] };
  const counter = [...a.counters].find(([name, value]) => b.counters.get(name) !== value);
  return counter === undefined ? null : { counter, b: b.counters.get(counter[0]) };
}

const END = 60_000_000;
const slicing = fc
  .array(fc.integer({ min: 1, max: END - 1 }), { maxLength: 12 })
  .map((borders) => [...new Set([...borders, END])].toSorted((a, b) => a - b));

describe("a host whose vCPUs share CPUs", () => {
  it("does the same however its time is sliced, looked at, configured as it is, or moved back", () => {
    fc.assert(
      fc.property(arbitrarySharedSpec, fc.integer(), slicing, fc.integer({ min: 20, max: 24 }), (spec, seed, borders, bits) => {
        const again = (host: KvmHost): void => {
          viewCounters(host);
          host.configure(resolveHost(structuredClone(spec)));
        };
        const plain = run(spec, seed, [END]);
        expect(firstDifference(run(spec, seed, borders), plain)).toBeNull();
        expect(firstDifference(run(spec, seed, borders, again), plain)).toBeNull();
        expect(firstDifference(run(spec, seed, borders, undefined, 2 ** bits), plain)).toBeNull();
      }),
      { numRuns: 40 },
    );
  });

  it("keeps its counters, and everyone on a CPU of his, when VMs come, go, share and stop sharing", () => {
    const specs = fc.array(fc.oneof(arbitrarySharedSpec, arbitrarySpec), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(specs, fc.integer(), looks, (any, seed, gaps) => {
        const [{ cpu, cpus, ghz }] = any as [HostSpec];
        const resolved = any.map((spec) => resolveHost({ ...spec, cpu, cpus, ghz }));
        const host = new KvmHost(resolved[0]!, seed);
        let now = 0;
        let vcpuTime = 0n;
        let seen: Counters = new Map();
        for (const [i, gap] of gaps.entries()) {
          vcpuTime += BigInt(gap) * BigInt(host.vcpus.length);
          host.advance((now += gap));
          host.configure(resolved[i % resolved.length]!);
          checkPlaces(host);
          const counters = view(host);
          expect(shrunk(seen, counters)).toEqual([]);
          seen = counters;
          expect(sum(counters, STATES)).toBe(vcpuTime);
          expect(sum(counters, USES)).toBe(BigInt(host.physicalCpus.count) * BigInt(now));
        }
      }),
      { numRuns: 80 },
    );
  });
});
