import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { configOf, lines, loadFiles, specOf, tempDir } from "./temp-config.ts";

describe("switches", () => {
  test.each([
    ["auto", "auto"],
    ["on", "on"],
    ["true", "on"],
    ["1", "on"],
    ["off", "off"],
    ["false", "off"],
    ["0", "off"],
  ])("%s is the switch position %s", async (written, position) => {
    expect((await specOf(`fastpath: { icr: ${written} }`)).fastpath.icr).toBe(position);
    expect((await specOf(`tsx: ${written}`)).tsx).toBe(position);
  });

  test.each(["off", "false", "0"])("a mitigation is turned off by %s, also where YAML reads a boolean", async (written) => {
    const { mitigations, guests } = await specOf(`mitigations: { taa: ${written} }, guests: { web: { mitigations: ${written} } }`);
    expect(mitigations.taa).toBe("off");
    expect(guests["web"]?.mitigations).toBe("off");
  });

  test("a switch of which the kernel has no say takes its default for auto", async () => {
    const { smt, cpu_pm } = await specOf("smt: auto, cpu_pm: auto");
    expect({ smt, cpu_pm }).toEqual({ smt: true, cpu_pm: false });
  });

  test("on and off work for a guest's own switches too", async () => {
    const { guests } = await specOf("guests: { web: { vpmu: off, nohz: 1, cpu_pm: on, dedicated: off } }");
    expect(guests["web"]).toMatchObject({ vpmu: false, nohz: true, cpu_pm: true, dedicated: false });
  });

  test("vCPUs share CPUs in the enterprise cloud, unless a guest says otherwise", async () => {
    const { guests } = await specOf("scenario: enterprise-cloud, guests: { web: {}, db: { dedicated: true } }");
    expect([guests["web"]?.dedicated, guests["db"]?.dedicated]).toEqual([false, true]);
    expect((await specOf("guests: { web: {} }")).guests["web"]?.dedicated).toBe(true);
  });

  test("nohz_full takes a boolean or a list", async () => {
    expect((await specOf("cmdline: { nohz_full: on }")).cmdline.nohz_full).toBe(true);
    expect((await specOf("cmdline: { nohz_full: 2-63 }")).cmdline.nohz_full).toBe("2-63");
  });

  test("halt_poll and lapic_timer_advance may be off however YAML reads it", async () => {
    const { kvm } = await specOf("kvm: { halt_poll: off, lapic_timer_advance: false }");
    expect(kvm).toMatchObject({ halt_poll: "off", lapic_timer_advance: "off" });
  });
});

describe("defaults", () => {
  test("an empty body is a complete host", async () => {
    const spec = await specOf("");
    expect(spec).toMatchObject({ cpu: "skylake-sp", cpus: 64, kernel: "c84", host_hz: 250, cstates: "c6", smt: true, guests: {} });
    expect(spec.kvm).toMatchObject({ halt_poll_ns: 200_000, halt_poll: "adaptive" });
  });

  test("the frequency follows the CPU model unless it is said", async () => {
    const skylake = await specOf("cpu: skylake-sp");
    const icelake = await specOf("cpu: icelake-sp");
    expect(icelake.ghz).not.toBe(skylake.ghz);
    expect((await specOf("cpu: icelake-sp, ghz: 3.1")).ghz).toBe(3.1);
  });

  test("an empty file is a fleet without hosts", async () => {
    expect(await configOf("")).toMatchObject({ seed: 1, epoch: null, hosts: [], groups: [], overrides: [] });
  });

  test("an epoch is an instant", async () => {
    expect((await configOf("epoch: 2026-01-31T00:00:00Z")).epoch).toBe(Date.UTC(2026, 0, 31));
  });
});

describe("null", () => {
  test("takes a group's key back from the fleet's defaults to the built-in default", async () => {
    const { hosts } = await configOf("defaults: { kernel: c82, cpus: 32 }\ngroups: [{ name: a, count: 1, kernel: null }]");
    expect(hosts[0]?.spec).toMatchObject({ kernel: "c84", cpus: 32 });
  });

  test("in an override removes a guest, a key or a whole map", async () => {
    const { hosts } = await configOf(`
groups: [{ name: a, count: 1, fastpath: { icr: off, hlt: on }, kvm: { halt_poll_ns: 0, enable_ipiv: off }, guests: { web: {}, db: {} } }]
overrides: [{ match: {}, set: { fastpath: null, kvm: { halt_poll_ns: null }, guests: { web: null } } }]`);
    const spec = hosts[0]?.spec;
    expect(spec?.fastpath).toMatchObject({ icr: "auto", hlt: "auto" });
    expect(spec?.kvm).toMatchObject({ halt_poll_ns: 200_000, enable_ipiv: "off" });
    expect(Object.keys(spec?.guests ?? {})).toEqual(["db"]);
  });

  test("in a later file takes back what an earlier one said", async () => {
    const config = await configOf({
      "fleet.yaml": "seed: 5\ncohorts: { canary: 10%, half: 0.5 }\ndefaults: { kernel: c82, cpus: 8 }\ngroups: [{ name: a, count: 1 }]",
      "z.yaml": "seed: null\ncohorts: { canary: null }\ndefaults: { kernel: null }",
    });
    expect(config.seed).toBe(1);
    expect([...config.cohorts]).toEqual([["half", 0.5]]);
    expect(config.hosts[0]?.spec).toMatchObject({ kernel: "c84", cpus: 8 });
  });
});

describe("several files", () => {
  test("groups and overrides concatenate, maps merge deeply, lists are replaced", async () => {
    const config = await configOf({
      "fleet.yaml":
        "defaults: { fastpath: { icr: off, hlt: off }, patches: [rcuwait] }\ngroups: [{ name: a, count: 1, kernel: linux-5.8 }]",
      "b.yaml": "groups: [{ name: b, count: 1, kernel: linux-5.8 }]\noverrides: [{ match: { group: b }, set: { smt: off } }]",
      "a.yaml": "defaults: { fastpath: { hlt: on }, patches: [] }\noverrides: [{ match: { group: b }, set: { smt: on, cpus: 8 } }]",
    });
    expect(config.hosts.map(({ name }) => name)).toEqual(["a-001", "b-001"]);
    expect(config.hosts[0]?.spec).toMatchObject({ fastpath: { icr: "off", hlt: "on" }, patches: [] });
    // a.yaml comes before b.yaml, and the later override wins.
    expect(config.hosts[1]?.spec).toMatchObject({ smt: false, cpus: 8 });
  });

  test("fleet.yaml is read first, hidden files and other names are not read at all", async () => {
    const dir = tempDir({ "fleet.yaml": "", "a.yaml": "", "B.yaml": "", ".hidden.yaml": "x", "notes.txt": "x", "elsewhere/w.yaml": "x" });
    const result = await loadConfig(dir);
    expect(result.ok && result.files.map((file) => file.slice(dir.length + 1))).toEqual(["fleet.yaml", "B.yaml", "a.yaml"]);
  });

  test("the state directory's overrides come last", async () => {
    const config = await configOf(
      "groups: [{ name: a, count: 2 }]\noverrides: [{ match: {}, set: { smt: off, cpus: 8 } }]",
      "overrides: [{ match: { host: a-002 }, set: { smt: on }, reason: from a call }]",
    );
    expect(config.hosts.map(({ spec }) => [spec.smt, spec.cpus])).toEqual([
      [false, 8],
      [true, 8],
    ]);
    expect(config.overrides.map(({ fromState, hosts, line }) => ({ fromState, hosts, line }))).toEqual([
      { fromState: false, hosts: 2, line: 2 },
      { fromState: true, hosts: 1, line: 1 },
    ]);
  });

  test("a state directory that does not exist is an empty one", async () => {
    expect((await loadConfig(tempDir({ "fleet.yaml": "" }), "/does/not/exist")).ok).toBe(true);
  });

  test("the text of a state file can be tried before it is written", async () => {
    const dir = tempDir({ "fleet.yaml": "groups: [{ name: a, count: 1 }]" });
    const tried = await loadConfig(dir, "/does/not/exist", { stateText: "overrides: [{ match: {}, set: { cpus: 4 } }]" });
    expect(tried.ok && tried.config.hosts[0]?.spec.cpus).toBe(4);
  });

  test("the hash follows the content", async () => {
    const dir = tempDir({ "fleet.yaml": "seed: 1" });
    const [first, again, other] = [await loadConfig(dir), await loadConfig(dir), await loadConfig(dir, "/x", { stateText: "" })];
    expect(first.ok && again.ok && first.hash === again.hash).toBe(true);
    expect(first.ok && other.ok && first.hash !== other.hash).toBe(true);
  });
});

test("an override that matches nothing is a warning", async () => {
  const result = await loadFiles("groups: [{ name: a, count: 1 }]\noverrides:\n  - { match: { group: b }, set: {} }");
  expect(result.ok && lines(result.warnings)).toEqual(["fleet.yaml:3:14: overrides[0].match: matches no host"]);
});

test("a file that is not read because of its name is a warning", async () => {
  const result = await loadFiles({ "fleet.yaml": "", "more.yml": "seed: x", "fleet.schema.json": "{}", ".x.yml": "" });
  expect(result.ok && lines(result.warnings)).toEqual(["more.yml: is not read; expected a name that ends in .yaml"]);
});

test("rollouts and schedules may be there and empty", async () => {
  expect((await loadFiles("rollouts: []\nschedules: []")).ok).toBe(true);
});
