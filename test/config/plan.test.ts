import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cohortRanks, cohortSize } from "../../src/config/cohorts.ts";
import { HOST_DEFAULTS } from "../../src/config/defaults.ts";
import { globMatches } from "../../src/config/glob.ts";
import { groupOf, hostName, planHosts } from "../../src/config/plan.ts";
import { configOf } from "./temp-config.ts";

describe("names of hosts", () => {
  test("are the group's name and a number of three digits", async () => {
    const { hosts } = await configOf("groups: [{ name: public-skx, count: 12 }, { name: one, count: 1 }, { name: empty, count: 0 }]");
    expect([hosts[0]?.name, hosts[11]?.name, hosts[12]?.name, hosts.length]).toEqual(["public-skx-001", "public-skx-012", "one-001", 13]);
  });

  test("are wider above 999, where no other host is renamed", () => {
    expect([hostName("a", 998), hostName("a", 999), hostName("a", 9999)]).toEqual(["a-999", "a-1000", "a-10000"]);
  });
});

describe("a match", () => {
  const fleet = (match: string): string => `
cohorts: { canary: 25%, half: 50% }
groups:
  - { name: skx, count: 8, zone: bj-a, kernel: c82 }
  - { name: icx, count: 8, zone: bj-b, cpu: icelake-sp, scenario: enterprise-cloud }
overrides:
  - { match: {}, set: { kernel: linux-5.8 } }
  - { match: ${match}, set: { cpus: 4 } }`;
  const matched = async (match: string): Promise<string[]> =>
    (await configOf(fleet(match))).hosts.filter(({ spec }) => spec.cpus === 4).map(({ name }) => name);

  test.each([
    ["{ host: skx-003 }", 1],
    ["{ host: [skx-003, icx-001] }", 2],
    ['{ host: "*-00?" }', 16],
    ["{ group: skx }", 8],
    ["{ zone: bj-* }", 16],
    ["{ zone: bj-b, group: skx }", 0],
    ["{ cpu: icelake-sp }", 8],
    ["{ scenario: enterprise-cloud }", 8],
    ["{ kernel: c82 }", 8],
    ["{ kernel: linux-5.8 }", 0],
    ["{ cohort: canary }", 4],
    ["{ cohort: half }", 8],
    ["{ cohort: none }", 8],
    ['{ cohort: "*" }', 16],
    ["{ cohort: half, group: icx }", 4],
    ["{}", 16],
  ])("%s reaches %i hosts", async (match, count) => {
    expect(await matched(match)).toHaveLength(count);
  });

  test("overrides of one host by name keep their place among the others", async () => {
    const { hosts, overrides } = await configOf(`groups: [{ name: a, count: 3 }]
overrides:
  - { match: { host: a-002 }, set: { cpus: 2, smt: off } }
  - { match: { host: "a-*" }, set: { cpus: 4 } }
  - { match: { host: [a-002, a-002] }, set: { kernel: c82 } }`);
    expect(hosts.map(({ spec }) => [spec.cpus, spec.smt, spec.kernel])).toEqual([
      [4, true, "c84"],
      [4, false, "c82"],
      [4, true, "c84"],
    ]);
    expect(overrides.map((override) => override.hosts)).toEqual([1, 3, 1]);
  });

  test("later overrides win", async () => {
    const { hosts } = await configOf(`groups: [{ name: a, count: 1 }]
overrides: [{ match: {}, set: { cpus: 4, smt: off } }, { match: {}, set: { cpus: 8 } }]`);
    expect(hosts[0]?.spec).toMatchObject({ cpus: 8, smt: false });
  });
});

test("a glob matches as the regular expression that it stands for", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "-"), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "-", "*", "?"), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      const expression = new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`);
      expect(globMatches(glob, name)).toBe(expression.test(name));
    }),
  );
});

describe("an override of ten thousand hosts by name", () => {
  test("reaches each of them, and is planned about as fast as one by a glob", () => {
    const groups = Array.from({ length: 20 }, (_, i) => groupOf({ name: `g${i}`, count: 500 }));
    const input = { cohorts: new Map([["canary", 0.1]]), defaults: {}, groups, overrides: [] };
    const names = planHosts(input).hosts.map(({ name }) => name);
    const planned = (host: readonly string[]) => {
      const start = performance.now();
      const overrides = [
        { match: { host }, set: {} },
        { match: { host, cohort: ["canary"] }, set: {} },
      ];
      const { matched } = planHosts({ ...input, overrides });
      return { matched, tookMs: performance.now() - start };
    };
    const [byGlob, byName] = [planned(["g*"]), planned(names)];
    expect([byGlob.matched, byName.matched]).toEqual([
      [10_000, 1000],
      [10_000, 1000],
    ]);
    // Asking each name about each host takes some forty times as long.
    expect(byName.tookMs).toBeLessThan(15 * byGlob.tookMs);
  });
});

describe("cohorts", () => {
  const namesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => hostName("g", i));
  const members = (share: number, count: number): Set<number> => {
    const size = cohortSize(share, count);
    return new Set(cohortRanks(namesOf(count)).flatMap((rank, i) => (rank < size ? [i] : [])));
  };

  test("a cohort has ceil(share × n) hosts, and a larger share contains the smaller", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 300 }),
        (a, b, count) => {
          const [small, large] = [Math.min(a, b), Math.max(a, b)];
          expect(members(small / 10_000, count).size).toBe(Math.ceil((small * count) / 10_000));
          expect([...members(large / 10_000, count)]).toEqual(expect.arrayContaining([...members(small / 10_000, count)]));
        },
      ),
    );
  });

  test("a host is in the smallest cohort that holds it", async () => {
    const { hosts } = await configOf("cohorts: { wide: 50%, canary: 10%, twin: 0.1 }\ngroups: [{ name: a, count: 20 }]");
    const count = (cohort: string): number => hosts.filter((host) => host.cohort === cohort).length;
    expect({ canary: count("canary"), twin: count("twin"), wide: count("wide"), none: count("none") }).toEqual({
      canary: 2,
      twin: 0,
      wide: 8,
      none: 10,
    });
  });

  test("neither the seed nor the cohort's name moves a host", async () => {
    const inCohort = async (seed: number, cohort: string): Promise<string[]> => {
      const { hosts } = await configOf(`seed: ${seed}\ncohorts: { ${cohort}: 30% }\ngroups: [{ name: a, count: 40 }]`);
      return hosts.filter((host) => host.cohort === cohort).map(({ name }) => name);
    };
    expect(await inCohort(1, "canary")).toEqual(await inCohort(2, "early"));
  });
});

test("adding a host to a group changes no other host", () => {
  const plan = (count: number) =>
    planHosts({
      cohorts: new Map(),
      defaults: { cpus: 16 },
      groups: [groupOf({ name: "a", count, kernel: "c82" }), groupOf({ name: "b", count: 3 })],
      overrides: [{ match: { host: ["a-00[1-9]", "*-002"] }, set: { smt: false } }],
    }).hosts;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1100 }), (count) => {
      const after = new Map(plan(count + 1).map((host) => [host.name, host]));
      expect(plan(count).map((host) => after.get(host.name))).toEqual(plan(count));
      expect(after.size).toBe(count + 4);
    }),
    { numRuns: 20 },
  );
});

test("hosts of equal specification share one object, also across groups", async () => {
  const { hosts } =
    await configOf(`groups: [{ name: a, count: 500 }, { name: b, count: 500 }, { name: c, count: 2, cpus: ${HOST_DEFAULTS.cpus} }]
overrides: [{ match: { host: b-003 }, set: { smt: off } }]`);
  expect(new Set(hosts.map(({ spec }) => spec)).size).toBe(2);
});
