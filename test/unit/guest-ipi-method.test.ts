/** How a Linux guest reaches all its other CPUs. */
import { expect, it } from "vitest";
import { sendsToOthers } from "../../src/guest/ipi-method.ts";
import { OP } from "../../src/guest/program.ts";

const OLD = { apic: "x2apic", pvIpi: false, shorthand: false } as const;
const ops = (...of: Parameters<typeof sendsToOthers>): readonly (readonly [number, number])[] =>
  sendsToOthers(...of).map(({ op, operand }) => [op, operand] as const);

it("by a shorthand where the kernel has it, PV IPIs or not", () => {
  for (const pvIpi of [true, false]) expect(ops(80, 0, { ...OLD, pvIpi, shorthand: true })).toEqual([[OP.ipiShorthand, 0]]);
});

it("by one hypercall for 128 APIC IDs, from the first target on", () => {
  expect(ops(80, 0, { ...OLD, pvIpi: true })).toEqual([[OP.ipiHypercall, 1]]);
  expect(ops(130, 0, { ...OLD, pvIpi: true })).toEqual([
    [OP.ipiHypercall, 1],
    [OP.ipiHypercall, 129],
  ]);
});

it("by one write for each cluster of sixteen, or for each CPU in physical mode", () => {
  expect(ops(80, 3, { ...OLD, apic: "x2apic-cluster" })).toEqual([0, 16, 32, 48, 64].map((first) => [OP.ipiCluster, first]));
  expect(ops(4, 1, OLD)).toEqual([0, 2, 3].map((one) => [OP.ipi, one]));
  expect(ops(8, 0, { ...OLD, apic: "xapic" })).toEqual([[OP.ipiCluster, 0]]);
  expect(ops(9, 0, { ...OLD, apic: "xapic" })).toHaveLength(8);
});

it("not at all with a single CPU", () => {
  expect(ops(1, 0, { ...OLD, pvIpi: true })).toEqual([]);
});
