import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseHostSpecFile } from "../../src/config/host-file.ts";
import { loadConfig } from "../../src/config/load.ts";
import { QUIET } from "../../src/guest/workload.ts";
import { configOf, errorsOf, lines, tempDir } from "./temp-config.ts";

const FLEET = "groups: [{ name: a, count: 1, guests: { q: { workload: queue } } }]";
const withWorkload = (text: string, fleet = FLEET) => ({ "fleet.yaml": fleet, "workloads/queue.yaml": text });

describe("a workload of one's own", () => {
  test("is what its file says, and does nothing else", async () => {
    const config = await configOf(withWorkload("{ requests_per_second: 1200, work_ns: 90000, background: { cpuid: 3 } }"));
    expect(config.hosts[0]?.spec.guests["q"]?.workload).toEqual({
      ...QUIET,
      name: "queue",
      doc: "",
      source: "",
      requests_per_second: 1200,
      work_ns: 90_000,
      background: { ...QUIET.background, cpuid: 3 },
    });
  });

  test("is looked for beside the file that a command takes", async () => {
    const dir = tempDir({ "spec.yaml": "guests: { q: { workload: queue } }", "workloads/queue.yaml": "busy_vcpus: 1" });
    const parsed = await parseHostSpecFile(join(dir, "spec.yaml"));
    expect(parsed.ok && parsed.value.guests["q"]?.workload).toMatchObject({ name: "queue", busy_vcpus: 1 });
  });

  test("changes the content of a configuration, and the specification of its hosts, when it is edited", async () => {
    const dir = tempDir(withWorkload("work_ns: 1000"));
    const load = async () => {
      const loaded = await loadConfig(dir);
      if (!loaded.ok) throw new Error(lines(loaded.errors).join("\n"));
      return [loaded.hash, JSON.stringify(loaded.config.hosts[0]?.spec)];
    };
    const [hash, spec] = await load();
    writeFileSync(join(dir, "workloads/queue.yaml"), "work_ns: 1001");
    const [edited, editedSpec] = await load();
    expect(edited).not.toBe(hash);
    expect(editedSpec).not.toBe(spec);
  });
});

describe("an error", () => {
  test("names the key of the file, what was expected and what came", async () => {
    expect(await errorsOf(withWorkload("{ requests_per_sec: 3, remote_wake_chance: 2, background: { cpuid: -1 } }"))).toEqual([
      'queue.yaml:1:3: requests_per_sec: unknown key; did you mean "requests_per_second"?',
      "queue.yaml:1:44: remote_wake_chance: expected a number from 0 to 1, came 2",
      "queue.yaml:1:68: background.cpuid: expected a number from 0 to 10000000, came -1",
    ]);
  });

  test("in a guest's workload suggests the nearest one that exists, of either kind", async () => {
    const errors = await errorsOf(withWorkload("", FLEET.replace("queue", "queeu")));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/guests\.q\.workload: expected idle \| .* \| queue, came "queeu"; did you mean "queue"\?$/);
  });

  test("says that a name of the catalogue is taken", async () => {
    expect(await errorsOf({ "fleet.yaml": "", "workloads/web.yaml": "" })).toEqual([
      'web.yaml: expected a name of its own, came "web", which is a workload of the catalogue',
    ]);
  });

  test("says how many different ones a host runs", async () => {
    const names = Array.from({ length: 17 }, (_, i) => `w${i}`);
    const guests = names.map((workload) => `${workload}: { vcpus: 1, workload: ${workload} }`).join(", ");
    const files = Object.fromEntries(names.map((workload) => [`workloads/${workload}.yaml`, ""]));
    const errors = await errorsOf({ "fleet.yaml": `groups: [{ name: a, count: 1, guests: { ${guests} } }]`, ...files });
    expect(errors).toEqual([expect.stringContaining("expected at most 16 different workloads of workloads/, came 17")]);
  });
});
