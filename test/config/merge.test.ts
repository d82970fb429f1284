import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findForbiddenKey, mergePatch } from "../../src/config/merge.ts";

test("maps merge deeply, lists and scalars are replaced, null is kept for the layers above", () => {
  const base = { a: { x: 1, y: [1, 2] }, b: 1, c: { z: 1 } };
  expect(mergePatch<object>(base, { a: { y: [3] }, b: null, c: null, d: { e: {} } })).toEqual({
    a: { x: 1, y: [3] },
    b: null,
    c: null,
    d: { e: {} },
  });
});

test("a merge changes neither side, and an empty patch changes nothing", () => {
  const value = fc.object({ maxDepth: 3, key: fc.constantFrom("a", "b", "c"), withNullPrototype: false });
  fc.assert(
    fc.property(value, value, (base, patch) => {
      const [baseBefore, patchBefore] = [structuredClone(base), structuredClone(patch)];
      mergePatch(base, patch);
      expect([base, patch]).toEqual([baseBefore, patchBefore]);
      expect(mergePatch(base, {})).toEqual(base);
    }),
  );
});

describe("a key that reaches a prototype", () => {
  const evil: unknown[] = ['{ "__proto__": { "x": 1 } }', '{ "a": { "constructor": { "prototype": { "x": 1 } } } }'].map(
    (text) => JSON.parse(text) as unknown,
  );

  test("is refused by a merge and changes no object", () => {
    for (const patch of evil) expect(() => mergePatch({ a: {} }, patch as object)).toThrow(/expected a key of the configuration/);
    expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  });

  test("is found with its path", () => {
    expect(evil.map((patch) => findForbiddenKey(patch))).toEqual([["__proto__"], ["a", "constructor"]]);
    expect(findForbiddenKey({ a: [{ b: 1 }, JSON.parse('{ "__proto__": 1 }')] })).toEqual(["a", 1, "__proto__"]);
    expect(findForbiddenKey({ proto: [1, null, { x: "__proto__" }] })).toBeNull();
  });
});
