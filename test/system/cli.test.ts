import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand, SMALL_FLEET } from "../support/daemon-process.ts";

const dir = mkdtempSync(join(tmpdir(), "fastpathd-"));
afterAll(() => rmSync(dir, { recursive: true }));
const write = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

describe("fastpathd", () => {
  it("exits 0 for help and version, 2 when it is called wrongly", async () => {
    const version = await runCommand(["--version"]);
    expect([version.code, /^\d+\.\d+\.\d+\n$/.test(version.stdout)]).toEqual([0, true]);
    for (const args of [
      ["--help"],
      ["serve", "--help"],
      ["check", "--help"],
      ["explain", "--help"],
      ["vmexit", "--help"],
      ["dashboards", "--help"],
      ["stat", "--help"],
      ["import", "--help"],
      ["compare", "--help"],
    ]) {
      expect((await runCommand(args)).code).toBe(0);
    }
    for (const args of [
      [],
      ["bogus"],
      ["serve", "--bogus"],
      ["serve", "--speed", "-1"],
      ["serve", "--listen", "9464"],
      ["explain"],
      ["vmexit"],
      ["dashboards"],
      ["stat"],
      ["import"],
      ["stat", "host.yaml", "--for", "10"],
      ["stat", "host.yaml", "--for", "0s"],
      ["compare", "one.yaml"],
      ["compare", "one.yaml", "two.yaml", "--for", "10"],
      ["compare", "one.yaml", "two.yaml", "--seeds", "0"],
    ]) {
      expect([args, (await runCommand(args)).code]).toEqual([args, 2]);
    }
  });
});

describe("fastpathd check", () => {
  it("prints hosts, vCPUs and series of a good configuration, and warnings beside", async () => {
    write("fleet.yaml", `${SMALL_FLEET}overrides:\n  - { match: { host: nobody }, set: { host_hz: 100 } }\n`);
    const { code, stdout, stderr } = await runCommand(["check", dir]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^skx +2 +4 +2 +\d+$/m);
    expect(stdout).toMatch(/^all +3 +6 +3 +\d+$/m);
    expect(stdout).toMatch(/the largest host has \d+ series, an Intel host may have 620/);
    expect(stderr).toMatch(/^warning: .*fleet\.yaml/);
  });

  it("prints all errors of a bad one and exits 1", async () => {
    write("fleet.yaml", "sead: 1\ngroups:\n  - { name: a, kernal: c84 }\n");
    const { code, stderr } = await runCommand(["check", dir]);
    expect(code).toBe(1);
    expect(stderr.match(/did you mean/g)).toHaveLength(2);
    expect((await runCommand(["check", join(dir, "nowhere")])).code).toBe(1);
  });
});

describe("fastpathd dashboards", () => {
  it("writes the committed files, and the rules when asked, from any working directory", async () => {
    const [out, rules] = [join(dir, "out/dashboards"), join(dir, "out/rules")];
    const { code, stdout } = await runCommand(["dashboards", "--out", out, "--rules", rules]);
    expect(code).toBe(0);
    expect(readdirSync(out).toSorted()).toEqual(readdirSync("dashboards/json").toSorted());
    for (const file of readdirSync(out)) expect(readFileSync(join(out, file))).toEqual(readFileSync(join("dashboards/json", file)));
    expect(readdirSync(rules)).toContain("recording.yaml");
    expect(stdout.trimEnd().split("\n")).toEqual(
      expect.arrayContaining([join(out, "fastpathd-fleet.json"), join(rules, "recording.yaml")]),
    );
  });

  it("says what it could not write and exits 1", async () => {
    const { code, stderr } = await runCommand(["dashboards", "--out", write("a-file", "")]);
    expect([code, stderr.includes("a-file")]).toEqual([1, true]);
  });
});

describe("fastpathd explain", () => {
  it("prints every predicate in sections, or as JSON", async () => {
    const spec = write("host.yaml", "kernel: rhel-8.2\nguests: { web: { vcpus: 2, count: 2 } }\n");
    const { code, stdout } = await runCommand(["explain", spec]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Configuration: .*\n {2}kernel +"rhel-8.2" +default "c84" +host reboot$/m);
    expect(stdout).toMatch(/^ {2}fastpath tsc_deadline +kernel_lacks_it for 2 of 2 VMs$/m);
    expect(stdout).toMatch(/^VMs web-1 to web-2: 2 vCPUs each, web, on CPUs 2,3 and 4,5$/m);
    expect(stdout).toMatch(/^ {2}CPUID +CPUID kernel +\d+ +hardware \d+ \+ run_loop \d+/m);
    const json = JSON.parse((await runCommand(["explain", spec, "--json"])).stdout) as Record<string, Record<string, unknown>[]>;
    expect(json["configuration"]).toEqual([{ key: "kernel", value: "rhel-8.2", default: "c84", takes: "host_reboot" }]);
    expect(json["predicates"]?.every(({ why }) => why !== "")).toBe(true);
    expect(json["exits"]?.find(({ operation }) => operation === "timer armed")).toMatchObject({
      vms: ["web-1", "web-2"],
      exit: { reason: "MSR_WRITE", msr: "tsc_deadline", path: "kernel" },
    });
  });

  it("puts what is odd about an own kernel first", async () => {
    mkdirSync(join(dir, "kernels"), { recursive: true });
    writeFileSync(join(dir, "kernels", "ours.yaml"), "{ base: rhel-8.1, commits: [0c5f81dad46c] }\n");
    const { stdout } = await runCommand(["explain", write("own.yaml", "kernel: ours\nguests: { a: {} }\n")]);
    expect(stdout).toMatch(/^Warnings\n {2}commit 0c5f81dad46c .*1714a4eb6fb0/m);
  });

  it("exits 1 for a specification with errors", async () => {
    const { code, stderr } = await runCommand(["explain", write("bad.yaml", "kernal: c84\n")]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("bad.yaml:1:1: kernal:")]);
  });
});

describe("fastpathd vmexit", () => {
  it("prints a table of kvm-unit-tests' tests, or the same as JSON", async () => {
    const spec = write("vmexit.yaml", "cpu: skylake-sp\nkernel: linux-5.8\nguests: { a: {} }\n");
    const table = await runCommand(["vmexit", spec, "--tests", "cpuid,tscdeadline_immed"]);
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^cpuid +cycles +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ +1 CPUID kernel/m);
    const json = await runCommand(["vmexit", spec, "--tests", "cpuid", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      tests: [
        { name: "cpuid", unit: "cycles", iterations: 200_000, exits: [{ reason: "CPUID", msr: "", path: "kernel", per_iteration: 1 }, {}] },
      ],
    });
  });

  it("names an unknown test and those that there are", async () => {
    const { code, stderr } = await runCommand(["vmexit", write("vmexit.yaml", "kernel: c84\n"), "--tests", "cpuid,sleep"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^--tests: expected some of cpuid, .*; came sleep$/m);
  });

  it("says which key a specification lacks", async () => {
    const { code, stderr } = await runCommand([
      "vmexit",
      write("vmexit.yaml", "cpus: 4\nguests: { a: { vcpus: 2 } }\n"),
      "--tests",
      "ipi_broadcast",
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cpus: expected 8 cores besides the first/);
  });
});

describe("fastpathd stat", () => {
  const spec = (): string => write("stat.yaml", "cpu: skylake-sp\nkernel: linux-6.6\nguests: { a: { vcpus: 2, workload: web } }\n");

  it("prints perf's table and footer, and how to run it again", async () => {
    const file = spec();
    const { code, stdout, stderr } = await runCommand(["stat", file, "--for", "500ms", "--seed", "7"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^\n\nAnalyze events for all VMs, all VCPUs:\n\n/);
    expect(stdout).toContain(
      "             VM-EXIT    Samples  Samples%     Time%    Min Time    Max Time         Avg time \n\n           MSR_WRITE ",
    );
    expect(stdout).toMatch(/^ {17}HLT +\d+ +\d+\.\d\d% +\d+\.\d\d% +\d+\.\d\dus +\d+\.\d\dus +\d+\.\d\dus \( \+- +\d+\.\d\d% \)$/m);
    expect(stdout).toMatch(/\nTotal Samples:\d+, Total events handled time:\d+\.\d\dus\.\n\n/);
    expect(stdout).toMatch(/^\d+\.\d exits per second and vCPU/m);
    expect(stdout).toMatch(/^\d+\.\d\d % of the time the vCPUs' CPUs were in C0$/m);
    expect(stdout).toContain(`fastpathd stat ${file} --for 0.5s --seed 7`);
  });

  it("prints the same as JSON, in a shape of its own", async () => {
    const { code, stdout } = await runCommand(["stat", spec(), "--for", "500ms", "--json"]);
    const report = JSON.parse(stdout) as { exits: object[]; c0_share: number };
    expect(code).toBe(0);
    expect(Object.keys(report)).toEqual(["seconds", "vcpus", "exits", "exits_per_second_per_vcpu", "c0_share", "guest_work_per_second"]);
    expect(Object.keys(report.exits[0] ?? {})).toEqual(["reason", "samples", "share", "time_share", "min_us", "max_us", "avg_us"]);
    expect(report).toMatchObject({ seconds: 0.5, vcpus: 2 });
  });

  it("says that nobody is there to watch", async () => {
    const { code, stderr } = await runCommand(["stat", write("empty.yaml", "kernel: c84\n")]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/empty\.yaml: guests: expected a guest to watch, came none/)]);
  });
});

describe("fastpathd compare", () => {
  const before = (): string => write("before.yaml", "fastpath: { tsc_deadline: off }\nguests: { web: { vcpus: 2 } }\n");
  const after = (): string => write("after.yaml", "guests: { web: { vcpus: 2 } }\n");

  it("prints what differs, a verdict, and each figure with its interval", async () => {
    const { code, stdout, stderr } = await runCommand(["compare", before(), after(), "--for", "1s"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain('fastpath.tsc_deadline: "off" → "auto"');
    expect(stdout).toMatch(/^AFTER spends [\d.]+ ± [\d.]+ % fewer cores on exits; .*no difference beyond noise in guest work/m);
    expect(stdout).toMatch(/^ {2}MSR_WRITE tsc_deadline +\d{4} +\d{4} +-[\d.]+ ± [\d.]+ %$/m);
    expect(stdout).toMatch(/^1 s of each, seeds 1 to 5, .*/m);
  });

  it("prints the same as JSON", async () => {
    const { stdout } = await runCommand(["compare", before(), after(), "--for", "500ms", "--seeds", "2", "--seed", "7", "--json"]);
    const json = JSON.parse(stdout) as { figures: { name: string; relative: { value: number } }[] };
    expect(json).toMatchObject({
      before: { vcpus: 2 },
      changes: [{ key: "fastpath.tsc_deadline", before: "off", after: "auto" }],
      method: { seeds: [7, 8], seconds_per_seed: 0.25, blocks_per_seed: 16, confidence: 0.95 },
    });
    expect(json.figures.find(({ name }) => name === "exit_cores_per_1000_vcpus")?.relative.value).toBeLessThan(0);
  });

  it("names the file and the key of what is wrong, in both files", async () => {
    const empty = write("empty.yaml", "kernel: c84\n");
    const { code, stderr } = await runCommand(["compare", write("bad.yaml", "kernal: c84\n"), empty]);
    expect(code).toBe(1);
    expect(stderr).toContain("bad.yaml:1:1: kernal: unknown key");
    expect(stderr).toContain("empty.yaml: guests: expected at least one guest, came none");
  });
});

describe("fastpathd report", () => {
  it("prints a table as Markdown, or as JSON with the command that makes it again", async () => {
    const markdown = await runCommand(["report", "--only", "dpdk", "--seeds", "1"]);
    expect(markdown.code).toBe(0);
    expect(markdown.stdout).toMatch(/^## DPDK hosts/m);
    const { stdout } = await runCommand(["report", "--only", "dpdk", "--seeds", "1", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      seeds: [1],
      tables: [{ name: "dpdk", command: "fastpathd report --only dpdk --seed 1 --seeds 1", rows: [{ timer: "hv_timer" }, {}, {}, {}] }],
    });
  });

  it("names an unknown table and those that there are", async () => {
    const { code, stderr } = await runCommand(["report", "--only", "dpkd"]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^--only: expected some of functional, .*; came dpkd$/m)]);
  });
});
