import { expect, test } from "vitest";
import { parseHostPatch, parseMatch } from "../../src/config/patch.ts";

test("a merge patch is normalised and keeps its nulls", () => {
  expect(parseHostPatch({ fastpath: { icr: false }, guests: { web: null }, ghz: null })).toEqual({
    ok: true,
    value: { fastpath: { icr: "off" }, guests: { web: null }, ghz: null },
  });
});

test("a wrong patch names every key", () => {
  const result = parseHostPatch({ kernal: "c84", cpus: 0 }, "body");
  expect(result.ok ? [] : result.errors).toEqual([
    {
      file: "body",
      line: 0,
      column: 0,
      key: "cpus",
      message: "expected a whole number from 1 to 1024, came 0",
      expected: "a whole number from 1 to 1024",
      came: "0",
    },
    { file: "body", line: 0, column: 0, key: "kernal", message: "unknown key", suggestion: "kernel" },
  ]);
});

test.each(['{ "__proto__": { "cpus": 1 } }', '{ "guests": { "__proto__": {} } }', '{ "guests": { "constructor": {} } }'])(
  "%s is refused",
  (text) => {
    const result = parseHostPatch(JSON.parse(text));
    expect(result.ok ? [] : result.errors.map(({ message }) => message)).toEqual(["this key is refused everywhere"]);
  },
);

test.each([[null], ["x"], [[1]], [undefined]])("%j is no patch", (value) => {
  expect(parseHostPatch(value).ok).toBe(false);
});

test("a selection takes one name or a list for each key", () => {
  expect(parseMatch({ group: "a", host: ["x", "y-*"] })).toEqual({ ok: true, value: { group: ["a"], host: ["x", "y-*"] } });
  expect(parseMatch({ grup: "a" })).toMatchObject({ ok: false, errors: [{ key: "grup", suggestion: "group" }] });
});
