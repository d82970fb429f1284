import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exitBucket, latencyBucket } from "../../../src/kvm/accounting.ts";
import { EXIT_CYCLE_EDGES, LATENCY_EDGES } from "../../../src/kvm/counters.ts";

/** The first edge that is not below the value: Prometheus' `le`. */
function search(edges: readonly number[], value: number): number {
  const found = edges.findIndex((edge) => value <= edge);
  return found === -1 ? edges.length : found;
}

describe.each([
  { name: "an exit's cycles", bucket: exitBucket, edges: EXIT_CYCLE_EDGES as readonly number[] },
  { name: "a latency", bucket: latencyBucket, edges: LATENCY_EDGES },
])("the bucket of $name", ({ bucket, edges }) => {
  it("is that of a linear search, at each edge and beside it", () => {
    const values = edges.flatMap((edge) => [edge - 1, edge, edge + 1]);
    expect(values.map(bucket)).toEqual(values.map((value) => search(edges, value)));
  });

  it("is that of a linear search, anywhere", () => {
    const value = fc.oneof(fc.nat({ max: 70_000 }), fc.nat({ max: 2 ** 24 }), fc.nat({ max: Number.MAX_SAFE_INTEGER }));
    fc.assert(
      fc.property(value, (cycles) => {
        expect(bucket(cycles)).toBe(search(edges, cycles));
      }),
      { numRuns: 2000 },
    );
  });

  it("is the first one for nothing and the last one for everything", () => {
    expect([bucket(0), bucket(Number.MAX_SAFE_INTEGER)]).toEqual([0, edges.length]);
  });
});
