import { describe, expect, test } from "vitest";
import { bareLoop } from "../../bench/bare-loop.ts";
import { interleave, median, ratio, type Method, type Variant } from "../../bench/interleave.ts";

/** Variants whose cost is known, on a clock that only they advance. */
function laboratory() {
  let ms = 0;
  let slowdown = 1;
  const order: string[] = [];
  const method: Method = { slices: 40, sliceMs: 12, warmUpMs: 50, now: () => ms };
  const variant = (name: string, nsPerExit: number): Variant => ({
    name,
    run(exits) {
      order.push(name);
      // A neighbour on the machine: slow for 100 ms, quiet for 100 ms.
      slowdown = Math.floor(ms / 100) % 2 === 0 ? 3 : 1;
      ms += (exits * nsPerExit * slowdown) / 1e6;
      return exits;
    },
  });
  return { method, variant, order };
}

describe("interleaved slices", () => {
  test("the ratio of the fastest slices is the ratio of the costs, whoever else uses the machine", () => {
    const { method, variant } = laboratory();
    const timings = interleave([variant("engine", 50), variant("oracle", 120)], method);
    expect(ratio(timings, "engine", "oracle").min).toBeCloseTo(2.4, 5);
    expect(ratio(timings, "oracle", "engine").min).toBeCloseTo(1 / 2.4, 5);
  });

  test("every variant runs in every slice and each goes first in its turn", () => {
    const { method, variant, order } = laboratory();
    const timings = interleave([variant("a", 50), variant("b", 50), variant("c", 50)], method);
    expect([...timings.values()].map((slices) => slices.length)).toEqual([40, 40, 40]);
    const measured = order.slice(-120);
    expect(measured.slice(0, 6)).toEqual(["a", "b", "c", "b", "c", "a"]);
  });

  test("a variant that handles fewer exits than asked is an error, not a record", () => {
    const { method } = laboratory();
    const lazy: Variant = { name: "lazy", run: (exits) => exits - 1 };
    expect(() => interleave([lazy], method)).toThrow("lazy handled 999 exits; expected at least 1000");
  });

  test("a name that was not measured is an error", () => {
    const { method, variant } = laboratory();
    expect(() => ratio(interleave([variant("a", 1)], method), "a", "b")).toThrow("no variant b; there are a");
  });

  test("the median of an even number of values lies between the middle two", () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
  });
});

test("the bare loop handles as many exits as asked", () => {
  const loop = bareLoop();
  expect([loop.run(1), loop.run(1000)]).toEqual([1, 1000]);
});
