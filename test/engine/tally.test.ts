import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AT, COUNTERS_LENGTH } from "../../src/kvm/counters.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { carry, Tally } from "../../src/kvm/tally.ts";
import { namedCounters } from "../support/counter-names.ts";
import { hostSpec } from "../support/host-spec.ts";

const UNIT = 2 ** 48;
const exact = (low: number, high: number): bigint => BigInt(high) * 2n ** 48n + BigInt(low);

describe("carrying", () => {
  it("keeps every value, and leaves less than one unit in the low part", () => {
    const value = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, fc.nat()), { minLength: 1 }), (values) => {
        const low = Float64Array.from(values, ([part]) => part);
        const high = Float64Array.from(values, ([, part]) => part);
        carry(low, high);
        values.forEach(([before, units], i) => {
          expect(exact(low[i]!, high[i]!)).toBe(exact(before, units));
          expect(low[i]).toBeLessThan(UNIT);
        });
      }),
    );
  });
});

describe("a tally", () => {
  it("counts exactly beyond 2^53, fold by fold", () => {
    const amounts = fc.array(fc.nat({ max: 2 ** 52 }), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(amounts, fc.nat({ max: COUNTERS_LENGTH - 1 }), (added, index) => {
        const tally = new Tally();
        let expected = 0n;
        for (const amount of added) {
          tally.add(index, amount);
          tally.fold();
          expected += BigInt(amount);
        }
        const { low, high } = tally.copy();
        expect(exact(low[index]!, high[index]!)).toBe(expected);
        expect(low.filter((part) => part !== 0).length + high.filter((part) => part !== 0).length).toBeLessThanOrEqual(2);
      }),
    );
  });

  it("goes on counting a host that stands before 2^48, at 2^53 and far beyond it", () => {
    const resolved = resolveHost(hostSpec({ cpus: 8, guests: { web: { vcpus: 2 } } }));
    const from = (low: number, high: number): Map<string, bigint> => {
      const host = new KvmHost(resolved, 1);
      host.advance(1_000_000);
      // Where years of emulation would have brought it.
      for (let i = 0; i < AT.vcpuCycles; i++) {
        host.tally.low[i] = (host.tally.low[i] as number) + low;
        host.tally.high[i] = (host.tally.high[i] as number) + high;
      }
      for (let ms = 10; ms <= 100; ms += 10) host.advance(ms * 2.5e6);
      return namedCounters(viewCounters(host));
    };
    const young = from(0, 0);
    for (const [low, high] of [
      [UNIT - 12_345, 0],
      [UNIT - 1, 31],
      [7, 2 ** 30],
    ] as const) {
      const old = from(low, high);
      const grown = [...old].filter(([name, value]) => value !== young.get(name)!);
      expect(grown).toHaveLength(AT.vcpuCycles);
      for (const [name, value] of grown) expect(value - young.get(name)!).toBe(exact(low, high));
    }
  });

  it("shows a host's time exactly when its axis was moved beyond 2^53 cycles", () => {
    const host = new KvmHost(resolveHost(hostSpec({ cpus: 8, guests: { idle: { vcpus: 2, workload: "idle" } } })), 1);
    const before = namedCounters(viewCounters(host));
    host.rebases = 3 * 2 ** 12 + 5;
    const after = namedCounters(viewCounters(host));
    const moved = BigInt(host.rebases) * BigInt(host.rebaseCycles);
    expect(moved).toBeGreaterThan(2n ** 53n);
    expect(after.get("emulated cycles")! - before.get("emulated cycles")!).toBe(moved);
    expect(after.get("cpu idle")! - before.get("cpu idle")!).toBe(8n * moved);
  });
});
