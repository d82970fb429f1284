import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { completeHostSpec } from "../../src/config/defaults.ts";
import type { HostSpecPatch } from "../../src/config/host-schema.ts";
import { reconcile } from "../../src/config/reconcile.ts";
import type { HostAction, HostPlan } from "../../src/fleet/action.ts";

const plan = (name: string, patch: HostSpecPatch = {}, rest: Partial<HostPlan> = {}): HostPlan => ({
  name,
  group: "g",
  zone: "z",
  labels: {},
  cohort: "none",
  spec: completeHostSpec(patch),
  ...rest,
});
const byName = (plans: readonly HostPlan[]): Map<string, HostPlan> => new Map(plans.map((host) => [host.name, host]));
const change = (before: HostSpecPatch, after: HostSpecPatch): string[] =>
  reconcile(byName([plan("a", before)]), [plan("a", after)]).map(({ kind }) => kind);

/** What the fleet does with actions, as far as plans go. */
function apply(running: ReadonlyMap<string, HostPlan>, actions: readonly HostAction[]): Map<string, HostPlan> {
  const after = new Map(running);
  for (const action of actions) {
    if (action.kind === "remove") after.delete(action.name);
    else after.set(action.host.name, action.host);
  }
  return after;
}

const someFleet = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom("a", "b", "c", "d", "e"),
      patch: fc.record(
        {
          cpus: fc.constantFrom(8, 64),
          smt: fc.boolean(),
          fastpath: fc.record({ icr: fc.constantFrom("on" as const, "off" as const) }),
          guests: fc.constantFrom({ web: { vcpus: 2 } }, { web: { vcpus: 4 } }, { db: { vcpus: 4 } }, {}),
        },
        { requiredKeys: [] },
      ),
      zone: fc.constantFrom("x", "y"),
    }),
    { selector: ({ name }) => name },
  )
  .map((hosts) => hosts.map(({ name, patch, zone }) => plan(name, patch, { zone })));

test("an equal fleet needs no action", () => {
  fc.assert(
    fc.property(someFleet, (fleet) => {
      expect(reconcile(byName(fleet), structuredClone(fleet))).toEqual([]);
    }),
  );
});

test("the actions turn what runs into what is wanted", () => {
  fc.assert(
    fc.property(someFleet, someFleet, (running, wanted) => {
      const after = apply(byName(running), reconcile(byName(running), wanted));
      expect(after).toEqual(byName(wanted));
    }),
  );
});

test("a host gets at most one action, and only if something of it differs", () => {
  fc.assert(
    fc.property(someFleet, someFleet, (running, wanted) => {
      const named = reconcile(byName(running), wanted).map((action) => (action.kind === "remove" ? action.name : action.host.name));
      expect(new Set(named).size).toBe(named.length);
    }),
  );
});

describe("a host is rebooted only by", () => {
  test.each<[string, HostSpecPatch, HostSpecPatch, string[]]>([
    ["its CPU model", { ghz: 2.5 }, { ghz: 2.5, cpu: "icelake-sp" }, ["reboot"]],
    ["its frequency", {}, { ghz: 3 }, ["reboot"]],
    ["its number of CPUs", { cpus: 32 }, { cpus: 64 }, ["reboot"]],
    ["the vCPUs of a guest that stays", { guests: { web: { vcpus: 2 } } }, { guests: { web: { vcpus: 4 } } }, ["reboot"]],
  ])("%s", (_, before, after, actions) => expect(change(before, after)).toEqual(actions));

  test.each<[string, HostSpecPatch, HostSpecPatch]>([
    ["a fastpath", {}, { fastpath: { icr: "off" } }],
    ["a kernel", {}, { kernel: "c82" }],
    ["nohz_full", {}, { cmdline: { nohz_full: true } }],
    ["a guest that comes", {}, { guests: { web: { vcpus: 2 } } }],
    ["a guest that goes", { guests: { web: { vcpus: 2 } } }, {}],
    ["more VMs of a guest", { guests: { web: { count: 1 } } }, { guests: { web: { count: 2 } } }],
  ])("and not by %s", (_, before, after) => expect(change(before, after)).toEqual(["change"]));
});

test("a new zone, label or cohort is a change of the host", () => {
  const running = byName([plan("a")]);
  for (const rest of [{ zone: "y" }, { labels: { team: "x" } }, { cohort: "canary" }]) {
    expect(reconcile(running, [plan("a", {}, rest)]).map(({ kind }) => kind)).toEqual(["change"]);
  }
});

test("removals come first, then the hosts in the order in which they are wanted", () => {
  const running = byName([plan("a"), plan("b"), plan("c")]);
  const actions = reconcile(running, [plan("z"), plan("b", { smt: false })]);
  expect(actions.map((action) => [action.kind, action.kind === "remove" ? action.name : action.host.name])).toEqual([
    ["remove", "a"],
    ["remove", "c"],
    ["add", "z"],
    ["change", "b"],
  ]);
});
