import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Action, HostPlan } from "../../src/fleet/action.ts";
import { Fleet } from "../../src/fleet/fleet.ts";
import type { HostSnapshot } from "../../src/fleet/snapshot.ts";
import { cellOf } from "../../src/kvm/exit-kinds.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import type { HostSpec } from "../../src/kvm/host-spec.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { bootWorkload } from "../../src/kvm/vm.ts";
import { arbitrarySpec } from "../support/arbitrary-spec.ts";
import { exitLabel, namedCounters } from "../support/counter-names.ts";

/** What can be known of a run: its exits in order, and its counters. */
interface Run {
  readonly exits: readonly string[];
  readonly counters: ReadonlyMap<string, bigint>;
}

/** Runs a host through slices that end at `borders`; `atBorder` may do something there. */
function run(
  spec: HostSpec,
  seed: number,
  borders: readonly number[],
  atBorder?: (host: KvmHost, border: number) => void,
  rebase?: number,
): Run {
  const host = new KvmHost(resolveHost(spec), seed, bootWorkload, rebase);
  const exits: string[] = [];
  host.observe((vcpu, kind, total, end) => {
    const since = end + host.rebases * host.rebaseCycles;
    exits.push(`${vcpu.index} ${exitLabel(cellOf(kind, host.resolved.cpu.vendor))} ${total} ${since}`);
  });
  for (const [i, border] of borders.entries()) {
    host.advance(border);
    atBorder?.(host, i);
  }
  return { exits, counters: namedCounters(viewCounters(host), host.resolved.cpu.vendor) };
}

const END = 12_000_000;
/** Slice borders up to END: anywhere, and with runs of slices of one cycle. */
const slicing = fc
  .array(fc.tuple(fc.integer({ min: 1, max: END - 1 }), fc.integer({ min: 0, max: 40 })), { maxLength: 12 })
  .map((starts) => starts.flatMap(([start, cycles]) => Array.from({ length: cycles + 1 }, (_, i) => start + i)))
  .map((borders) => [...new Set([...borders, END])].filter((border) => border <= END).toSorted((a, b) => a - b));

describe("a host", () => {
  it("does the same however its time is sliced, down to single cycles", () => {
    fc.assert(
      fc.property(arbitrarySpec, fc.integer(), slicing, (spec, seed, borders) => {
        expect(run(spec, seed, borders)).toEqual(run(spec, seed, [END]));
      }),
      { numRuns: 50 },
    );
  });

  it("does the same however often its time axis is moved back", () => {
    fc.assert(
      fc.property(arbitrarySpec, fc.integer(), slicing, fc.integer({ min: 16, max: 22 }), (spec, seed, borders, bits) => {
        const change = (host: KvmHost, border: number): void => {
          if (border % 10 === 0) host.configure(resolveHost({ ...spec, host_hz: [100, 250, 1000][border % 3]! }));
        };
        expect(run(spec, seed, borders, change, 2 ** bits)).toEqual(run(spec, seed, borders, change));
      }),
      { numRuns: 40 },
    );
  });

  it("is not changed by looking at it, nor by a configuration that says the same again", () => {
    fc.assert(
      fc.property(arbitrarySpec, fc.integer(), slicing, (spec, seed, borders) => {
        const again = (host: KvmHost, border: number): void => {
          viewCounters(host);
          if (border % 10 === 0) host.configure(resolveHost(structuredClone(spec)));
        };
        expect(run(spec, seed, borders, again)).toEqual(run(spec, seed, [END]));
      }),
      { numRuns: 50 },
    );
  });

  it("does otherwise with another seed", () => {
    fc.assert(
      fc.property(arbitrarySpec, fc.integer(), (spec, seed) => {
        const [one, other] = [run(spec, seed, [END]), run(spec, seed + 1, [END])];
        fc.pre(one.exits.length > 20);
        expect(other.exits).not.toEqual(one.exits);
      }),
      { numRuns: 30 },
    );
  });
});

describe("a fleet", () => {
  const plan = (name: string, spec: HostSpec): HostPlan => ({ name, group: "g", zone: "z", labels: {}, cohort: "none", spec });
  const add = (host: HostPlan): Action => ({ kind: "add", host });
  /** Counters of a host of a fleet that is advanced in two steps, with actions in between. */
  function fleet(seed: number, first: readonly Action[], then: readonly Action[]): HostSnapshot {
    const emulation = new Fleet(seed);
    emulation.apply(first);
    emulation.advance(2_000_000);
    emulation.apply(then);
    emulation.advance(5_000_000);
    return emulation.publish().hosts.get("a")!;
  }

  it("keeps each host as it is when others come, change, reboot or go", () => {
    fc.assert(
      fc.property(arbitrarySpec, arbitrarySpec, arbitrarySpec, fc.integer(), (spec, other, later, seed) => {
        const alone = fleet(seed, [add(plan("a", spec))], []);
        const neighbours = fleet(
          seed,
          [add(plan("0", other)), add(plan("a", spec)), add(plan("b", spec)), add(plan("c", other))],
          [
            add(plan("d", later)),
            { kind: "change", host: plan("b", { ...later, cpu: spec.cpu, cpus: spec.cpus, ghz: spec.ghz }) },
            { kind: "reboot", host: plan("0", later) },
            { kind: "remove", name: "c" },
          ],
        );
        expect([neighbours.low, neighbours.high, neighbours.state]).toEqual([alone.low, alone.high, "running"]);
      }),
      { numRuns: 30 },
    );
  });

  it("gives hosts of the same specification different fates, by their names", () => {
    const emulation = new Fleet(1);
    const spec = fc.sample(arbitrarySpec, { numRuns: 20, seed: 4 }).find(({ guests }) => Object.keys(guests).length > 1)!;
    emulation.apply([add(plan("a", spec)), add(plan("b", spec))]);
    emulation.advance(20_000_000);
    const { hosts } = emulation.publish();
    expect(hosts.get("a")!.low).not.toEqual(hosts.get("b")!.low);
  });
});
