import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { FILE_BYTES_MAX } from "../../src/config/source.ts";
import { errorsOf, lines, tempDir } from "./temp-config.ts";

test("all errors of a file come at once, each with its line and column", async () => {
  const errors = await errorsOf(`seed: one
defaults:
  kernal: c84
  cpu: skylake
groups:
  - name: a
    count: "3"
    guests:
      web: { vcpus: 0, workload: wbe }
  - count: 1
overrides:
  - match: { cohort: canary }
    set: { fastpath: { icr: ja } }
`);
  expect(errors).toEqual([
    'fleet.yaml:1:7: seed: expected a whole number from 0 to 9007199254740991, came "one"',
    'fleet.yaml:3:3: defaults.kernal: unknown key; did you mean "kernel"?',
    expect.stringMatching(/^fleet\.yaml:4:8: defaults\.cpu: expected .*skylake-sp.*, came "skylake"; did you mean "skylake-sp"\?$/),
    'fleet.yaml:7:12: groups[0].count: expected a whole number from 0 to 10000, came "3"',
    "fleet.yaml:9:21: groups[0].guests.web.vcpus: expected a whole number from 1 to 1024, came 0",
    expect.stringMatching(/^fleet\.yaml:9:34: groups\[0\]\.guests\.web\.workload: expected .*, came "wbe"; did you mean "web"\?$/),
    "fleet.yaml:10:5: groups[1].name: missing; expected a name of a-z, 0-9 and -, that begins with a letter (at most 40 characters)",
    'fleet.yaml:12:22: overrides[0].match.cohort: expected a cohort that is defined (none), came "canary"',
    'fleet.yaml:13:29: overrides[0].set.fastpath.icr: expected auto | on | off | true | false | 0 | 1, came "ja"',
  ]);
});

test("errors of several files come in the order in which the files are read", async () => {
  const errors = await errorsOf({ "b.yaml": "sed: 2", "fleet.yaml": "sede: 1", "a.yaml": "x: 1" }, "groups: []");
  expect(errors).toEqual([
    'fleet.yaml:1:1: sede: unknown key; did you mean "seed"?',
    "a.yaml:1:1: x: unknown key",
    'b.yaml:1:1: sed: unknown key; did you mean "seed"?',
    "overrides.yaml:1:1: groups: unknown key",
  ]);
});

test("a key that stands one level further down is suggested with its path", async () => {
  expect(await errorsOf("defaults: { pi_inject_timer: on }")).toEqual([
    'fleet.yaml:1:13: defaults.pi_inject_timer: unknown key; did you mean "kvm.pi_inject_timer"?',
  ]);
});

describe("what YAML itself refuses", () => {
  test("a syntax error says where", async () => {
    expect(await errorsOf("seed: 1\ngroups: [\n")).toEqual([expect.stringMatching(/^fleet\.yaml:3:1: not valid YAML: /)]);
  });

  test("a key that stands twice is an error beside the others", async () => {
    expect(await errorsOf("defaults:\n  cpus: 4\n  cpus: x\n")).toEqual([
      "fleet.yaml:3:3: defaults.cpus: expected each key once in a map, came a second time",
      'fleet.yaml:3:9: defaults.cpus: expected a whole number from 1 to 1024, came "x"',
    ]);
  });

  test("a second document in a file is refused", async () => {
    expect(await errorsOf("seed: 1\n---\nseed: 2\n")).toEqual([
      "fleet.yaml:2:1: expected one YAML document in the file, came a second one",
    ]);
  });

  test("aliases that multiply are refused", async () => {
    const levels = Array.from({ length: 9 }, (_, i) => `  - &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`);
    const errors = await errorsOf(`groups:\n  - &a0 [x]\n${levels.join("\n")}\n`);
    expect(errors).toEqual([expect.stringContaining("expected at most 100 aliases")]);
  });

  test("a few aliases are fine, and an error in one is found at its anchor", async () => {
    const yaml = "defaults:\n  guests:\n    a: &g { vcpus: 2, hz: 60 }\n    b: *g\n";
    expect(await errorsOf(yaml.replace("60", "100"))).toEqual([]);
    expect(await errorsOf(yaml)).toEqual([
      "fleet.yaml:3:27: defaults.guests.a.hz: expected 100 | 250 | 300 | 1000, came 60",
      "fleet.yaml:3:27: defaults.guests.b.hz: expected 100 | 250 | 300 | 1000, came 60",
    ]);
  });
});

describe("keys that would reach a prototype", () => {
  test.each(["__proto__", "constructor", "prototype"])("%s is refused wherever it stands", async (key) => {
    const errors = await errorsOf(`${key}: { x: 1 }\ndefaults:\n  guests:\n    ${key}: { vcpus: 1 }\n`);
    expect(errors).toEqual([
      `fleet.yaml:1:1: ${key}: this key is refused everywhere`,
      `fleet.yaml:4:5: defaults.guests.${key}: this key is refused everywhere`,
    ]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});

describe("names", () => {
  test("a group's name stands once over all files", async () => {
    const errors = await errorsOf({ "fleet.yaml": "groups:\n  - { name: a, count: 1 }\n", "x.yaml": "groups: [{ name: a, count: 2 }]" });
    expect(errors).toEqual([
      expect.stringMatching(/^x\.yaml:1:18: groups\[0\]\.name: expected a name of its own, came "a", which .*fleet\.yaml:2 has$/),
    ]);
  });

  test.each(["A", "1a", "a_b", "a.b", ""])("a group may not be named %j", async (name) => {
    expect(await errorsOf(`groups: [{ name: "${name}", count: 1 }]`)).toEqual([expect.stringContaining("groups[0].name: expected a name")]);
  });

  test("a label may not have the name of a metric's label", async () => {
    expect(await errorsOf("groups: [{ name: a, count: 1, labels: { host: x, Team: y, rack: 7 } }]")).toEqual([
      'fleet.yaml:1:41: groups[0].labels.host: expected a label name that no metric uses, came "host"',
      expect.stringContaining("groups[0].labels.Team: expected a label name of a-z"),
      "fleet.yaml:1:65: groups[0].labels.rack: expected text (put numbers in quotes), came 7",
    ]);
  });

  test("a group has at most eight labels", async () => {
    const labels = Array.from({ length: 9 }, (_, i) => `l${i}: x`).join(", ");
    expect(await errorsOf(`groups: [{ name: a, count: 1, labels: { ${labels} } }]`)).toEqual([
      expect.stringContaining("expected at most 8 labels"),
    ]);
  });

  test("a cohort may not be named none, which is a host without one", async () => {
    expect(await errorsOf("cohorts: { none: 10% }")).toEqual([expect.stringContaining("cohorts.none: expected another name")]);
  });
});

describe("cohorts", () => {
  test.each(["10", "101%", "-1%", "ten", "1.1"])("a share of %s is refused", async (share) => {
    expect(await errorsOf(`cohorts: { canary: ${share} }`)).toEqual([expect.stringContaining("expected a share such as 10% or 0.1")]);
  });

  test("a match that names an undefined cohort is an error with a suggestion", async () => {
    expect(await errorsOf("cohorts: { canary: 10% }\noverrides:\n  - { match: { cohort: canray }, set: {} }")).toEqual([
      'fleet.yaml:3:24: overrides[0].match.cohort: expected a cohort that is defined (canary, none), came "canray"; did you mean "canary"?',
    ]);
  });
});

test("what a broken file may have defined is not reported as missing", async () => {
  const errors = await errorsOf({
    "fleet.yaml": "groups: [{ name: a, count: 1, guests: { web: { vcpus: 80 } } }]\noverrides: [{ match: { cohort: canary }, set: {} }]",
    "x.yaml": "cohorts: { canary: 10%\ndefaults: { cpus: 128 }\n",
  });
  expect(errors.filter((error) => !error.startsWith("x.yaml"))).toEqual([]);
  expect(errors.length).toBeGreaterThan(0);
});

describe("specifications that cannot be emulated", () => {
  test("a guest with more vCPUs than the host has CPUs is reported where that was last said", async () => {
    const yaml = `defaults: { cpus: 8 }
groups:
  - { name: a, count: 3, guests: { web: { vcpus: 4 } } }
overrides:
  - match: { host: a-002 }
    set:
      guests: { web: { vcpus: 16 } }
`;
    expect(await errorsOf(yaml)).toEqual([
      expect.stringMatching(
        /^fleet\.yaml:7:31: overrides\[0\]\.set\.guests\.web\.vcpus: host a-002, with the override of .*fleet\.yaml:5: .*8.*16$/,
      ),
    ]);
  });

  test("guests that do not fit the host are reported once for all its hosts", async () => {
    const errors = await errorsOf("groups:\n  - { name: a, count: 50, cpus: 8, guests: { web: { count: 9, vcpus: 4 } } }\n");
    expect(errors).toEqual([expect.stringMatching(/^fleet\.yaml:2:60: groups\[0\]\.guests\.web\.count: host a-001: .*36/)]);
  });

  test("they are found beside the schema's errors of other groups", async () => {
    const errors = await errorsOf(
      "groups:\n  - { name: a, count: 1, cpus: 2, guests: { web: { vcpus: 4 } } }\n  - { name: b, count: 1, cpu: z80 }\n",
    );
    expect(errors).toHaveLength(2);
  });
});

describe("files", () => {
  test("a directory that does not exist is an error", async () => {
    const result = await loadConfig("/does/not/exist");
    expect(result.ok ? [] : lines(result.errors)).toEqual([expect.stringContaining("expected a directory with a file fleet.yaml")]);
  });

  test("a directory without fleet.yaml is an error", async () => {
    expect(await errorsOf({ "other.yaml": "seed: 1" })).toEqual([
      expect.stringContaining("expected a file fleet.yaml in this directory, came none"),
    ]);
  });

  test("a file above 4 MiB is refused unread", async () => {
    const dir = tempDir();
    writeFileSync(join(dir, "fleet.yaml"), `# ${"x".repeat(FILE_BYTES_MAX)}`);
    const result = await loadConfig(dir);
    expect(result.ok ? [] : lines(result.errors)).toEqual([
      `fleet.yaml: expected a file of at most ${FILE_BYTES_MAX} bytes, came ${FILE_BYTES_MAX + 2}`,
    ]);
  });

  test("a file that is no map is an error", async () => {
    expect(await errorsOf("- a\n- b\n")).toEqual(["fleet.yaml:1:1: expected a map, came a list"]);
  });

  test("more hosts than can be planned are refused before they are made", async () => {
    const groups = Array.from({ length: 11 }, (_, i) => `  - { name: g${i}, count: 10000 }`).join("\n");
    expect(await errorsOf(`groups:\n${groups}\n`)).toEqual([expect.stringContaining("groups[10].count: expected at most 100000 hosts")]);
  });
});
