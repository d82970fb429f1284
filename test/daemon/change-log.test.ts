import { describe, expect, it } from "vitest";
import { ChangeLog, wordChanges } from "../../src/daemon/change-log.ts";
import type { HostPlan } from "../../src/fleet/action.ts";
import { fakeFleet, fakeHost, fakePlan } from "../support/snapshot.ts";

const before = fakeFleet([fakeHost("a"), fakeHost("b"), fakeHost("c")]);
const icrOff = (name: string): HostPlan => {
  const plan = fakePlan(name);
  return { ...plan, spec: { ...plan.spec, fastpath: { ...plan.spec.fastpath, icr: "off" } } };
};
const changed = (name: string) => fakeHost(name, { plan: icrOff(name), generation: 2 });

describe("the list of changes", () => {
  it("says host, generation, keys with old and new, and what it would take in reality", () => {
    const log = new ChangeLog();
    const [record] = log.add([{ kind: "change", host: icrOff("a") }], before, fakeFleet([changed("a")]), new Date(0));
    expect(record).toEqual({
      time: "1970-01-01T00:00:00.000Z",
      host: "a",
      kind: "change",
      generation: 2,
      keys: [{ key: "fastpath.icr", before: "auto", after: "off", takes: "module_reload" }],
      takes: "module_reload",
    });
  });

  it("names a cohort that changed, which takes nothing", () => {
    const host = fakePlan("a", { cohort: "canary" });
    const [record] = new ChangeLog().add([{ kind: "change", host }], before, before, new Date(0));
    expect(record).toMatchObject({ keys: [{ key: "cohort", before: "none", after: "canary" }], takes: "live" });
  });

  it("has the latest first and forgets the oldest", () => {
    const log = new ChangeLog();
    for (let i = 0; i < 1100; i++) log.add([{ kind: "remove", name: `h${i}` }], before, before, new Date(i));
    expect(log.changes).toHaveLength(1000);
    expect(log.changes[0]?.host).toBe("h1099");
  });
});

describe("the log of changes", () => {
  it("words hosts that changed alike in one sentence", () => {
    const actions = [
      { kind: "change", host: icrOff("a") },
      { kind: "change", host: icrOff("b") },
      { kind: "remove", name: "c" },
      { kind: "add", host: fakePlan("d") },
    ] as const;
    const records = new ChangeLog().add(actions, before, fakeFleet([changed("a"), changed("b")]), new Date(0));
    expect(wordChanges(records)).toEqual([
      { hosts: ["a", "b"], sentence: '2 hosts: fastpath.icr "auto" → "off" (in reality: module_reload)' },
      { hosts: ["c"], sentence: "c: removed" },
      { hosts: ["d"], sentence: "d: added" },
    ]);
  });
});
