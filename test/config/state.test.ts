import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { planHosts } from "../../src/config/plan.ts";
import { removeOverrides, renderState, type StateOverride, upsertOverride, writeState } from "../../src/config/state.ts";
import { tempDir } from "./temp-config.ts";

const host = (name: string): StateOverride["match"] => ({ host: [name] });

describe("a patch", () => {
  test("is merged into the entry of the same match, which so never grows in number", () => {
    let entries: StateOverride[] = [];
    for (const icr of ["on", "off", "on"] as const) entries = upsertOverride(entries, { match: host("a"), set: { fastpath: { icr } } });
    entries = upsertOverride(entries, { match: host("a"), set: { fastpath: { hlt: "off" }, smt: false }, reason: "why" });
    expect(entries).toEqual([{ match: host("a"), set: { fastpath: { icr: "on", hlt: "off" }, smt: false }, reason: "why" }]);
  });

  test("wins over later entries without bringing back older keys of its match", () => {
    const first = upsertOverride([], { match: host("a"), set: { smt: false, cpu_pm: true } });
    const second = upsertOverride(first, { match: {}, set: { smt: true, cpu_pm: false } });
    expect(upsertOverride(second, { match: host("a"), set: { cpu_pm: true } })).toEqual([
      { match: host("a"), set: { smt: false } },
      { match: {}, set: { smt: true, cpu_pm: false } },
      { match: host("a"), set: { cpu_pm: true } },
    ]);
  });

  test("has the effect of being applied last, whatever came before", () => {
    const match = fc.constantFrom<StateOverride["match"]>({}, { host: ["g-001"] }, { host: ["g-00*"] }, { group: ["g"] });
    const set = fc.record<StateOverride["set"]>(
      {
        smt: fc.constantFrom(true, false, null),
        fastpath: fc.constantFrom(null, { icr: "on" as const }, { hlt: "off" as const, icr: null }),
        guests: fc.constantFrom(null, { web: { vcpus: 2 } }, { web: null }, { web: { load: 2 }, db: { hz: 100 } }),
      },
      { requiredKeys: [] },
    );
    const groups = [{ name: "g", count: 2, zone: "z", labels: {}, spec: { guests: { web: { vcpus: 8 } }, smt: false } }];
    const specs = (overrides: readonly StateOverride[]) =>
      planHosts({
        cohorts: new Map(),
        defaults: {},
        groups,
        overrides: overrides.map(({ match: m, set: s }) => ({ match: m, set: s })),
      }).hosts.map(({ spec }) => spec);
    fc.assert(
      fc.property(fc.array(fc.record({ match, set }), { maxLength: 6 }), (patches) => {
        const kept = patches.reduce<StateOverride[]>((entries, patch) => upsertOverride(entries, patch), []);
        expect(specs(kept)).toEqual(specs(patches));
      }),
      { numRuns: 500 },
    );
  });
});

test("taking back removes all that was said for a match, in whatever order its names stand", () => {
  const entries: StateOverride[] = [
    { match: { host: ["a", "b"] }, set: { smt: true } },
    { match: {}, set: { smt: false } },
  ];
  expect(removeOverrides(entries, { host: ["b", "a"] })).toEqual([entries[1]]);
});

test("what is written is loaded again", async () => {
  const [dir, state] = [tempDir({ "fleet.yaml": "groups: [{ name: a, count: 1, ghz: 3 }]" }), join(tempDir(), "state")];
  const text = renderState([
    { match: host("a-*"), set: { fastpath: { icr: "off" }, ghz: null, guests: { web: null } }, reason: 'a "why": #1' },
  ]);
  await writeState(state, text);
  expect(readFileSync(join(state, "overrides.yaml"), "utf8")).toBe(text);
  const loaded = await loadConfig(dir, state);
  expect(loaded.ok && loaded.config.hosts[0]?.spec).toMatchObject({ fastpath: { icr: "off" }, ghz: 2.5 });
  expect(loaded.ok && loaded.config.overrides[0]).toMatchObject({ fromState: true, hosts: 1, reason: 'a "why": #1' });
});
