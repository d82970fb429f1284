/** `import`: one capture, and a pair round a change. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../support/daemon-process.ts";

const dir = mkdtempSync(join(tmpdir(), "fastpathd-"));
afterAll(() => rmSync(dir, { recursive: true }));
const write = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

describe("fastpathd import", () => {
  const capture = "test/captures/light-service.txt";

  it("writes a workload that stat runs beside a specification, and says what it assumed", async () => {
    const out = join(dir, "imported");
    const imported = await runCommand(["import", capture, "--out", out, "--name", "service", "--for", "6s", "--vcpus", "1"]);
    expect([imported.code, imported.stderr]).toEqual([0, ""]);
    expect(imported.stdout).toMatch(/^kvmexit: 21880 exits on an Intel host, 6 s of 1 vCPU/);
    expect(imported.stdout).toMatch(/^MSR_WRITE +68\.67 % +2504\.2 +6\d\.\d\d % +\d{4}\.\d +\d\.\d\d$/m);
    expect(imported.stdout).toContain("workloads/service.yaml");
    writeFileSync(join(out, "host.yaml"), "kernel: linux-6.6\nguests: { g: { vcpus: 1, workload: service } }\n");
    const { code, stdout } = await runCommand(["stat", join(out, "host.yaml"), "--for", "5s", "--json"]);
    const report = JSON.parse(stdout) as { exits: { reason: string; share: number }[]; exits_per_second_per_vcpu: number };
    expect(code).toBe(0);
    const share = (reason: string): number => report.exits.find((exit) => exit.reason === reason)?.share ?? 0;
    expect(Math.abs(share("MSR_WRITE") - 0.687)).toBeLessThan(0.03);
    expect(Math.abs(share("HLT") - 0.276)).toBeLessThan(0.03);
    expect(Math.abs(report.exits_per_second_per_vcpu / 3647 - 1)).toBeLessThan(0.1);
  });

  it("prints JSON, and solves for the host that it is given", async () => {
    const spec = write("own.yaml", "cpu: icelake-sp\nkernel: linux-6.12\nguests: { g: { vcpus: 2 } }\n");
    const { code, stdout } = await runCommand(["import", capture, "--out", dir, "--spec", spec, "--for", "6s", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ tool: "kvmexit", vendor: "intel", seconds: 6, vcpus: 2, unlisted: 0, specification: null });
  });

  it("names the line of what it cannot read, and keeps a file that is not its own", async () => {
    const bad = write("bad.txt", "KVM_EXIT_REASON  COUNT\nHLT 12\nMSR_WRITE many\n");
    const refused = await runCommand(["import", bad, "--out", dir]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('bad.txt:3: expected an exit reason, a count; came "MSR_WRITE many"'),
    ]);
    const mine = join(dir, "workloads", "mine.yaml");
    writeFileSync(mine, "work_ns: 5\n");
    const kept = await runCommand(["import", capture, "--out", dir, "--name", "mine"]);
    expect([kept.code, kept.stderr]).toEqual([1, expect.stringContaining("mine.yaml: expected no file, or one that import wrote")]);
    for (const args of [
      ["--name", "Web"],
      ["--name", "web"],
      ["--for", "10"],
      ["--vcpus", "0"],
    ]) {
      expect((await runCommand(["import", capture, ...args])).code).toBe(2);
    }
  });
});

describe("fastpathd import of a pair", () => {
  const pair = ["test/captures/hackbench.txt", "--after", "test/captures/hackbench-fastpath.txt", "--name", "pair"];
  const host = "cpu: skylake-sp\nkernel: linux-5.5\n%guests: { vm: { vcpus: 8, kernel: linux-5.4 } }\n";
  const before = write("pair-before.yaml", host.replace("%", "fastpath: { icr: off }\n"));
  const after = write("pair-after.yaml", host.replace("%", ""));

  it("prints measured beside emulated, and exits 0 where the emulator agrees", async () => {
    const { code, stdout, stderr } = await runCommand(["import", ...pair, "--out", dir, "--spec", before, "--after-spec", after]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain('fastpath.icr: "off" → "auto"');
    expect(stdout).toContain("The guest was found in BEFORE alone");
    expect(stdout).toMatch(/^MSR_WRITE +1\.08 +0\.58 +-46\.3 % +\d\.\d\d +\d\.\d\d +-\d\d\.\d % +agrees$/m);
    expect(stdout).toMatch(/^MSR_WRITE +handler +\d+\.\d +- +derived +handler\.icr$/m);
    expect(stdout).toMatch(/^handler\.icr +930 +derived +derived: Wanpeng Li/m);
  });

  it("exits 1 where the emulator was not told of the change, and has both in JSON", async () => {
    const { code, stdout } = await runCommand(["import", ...pair, "--out", dir, "--spec", before, "--after-set", "{}", "--json"]);
    expect(code).toBe(1);
    const view = JSON.parse(stdout) as { exits: { rests_on: { before: { grades: Record<string, number> } } }[] };
    expect(view).toMatchObject({
      agrees: false,
      fitted_to: "before",
      changes: [],
      findings: [expect.stringMatching(/^MSR_WRITE: its average/)],
    });
    const grades = Object.values(view.exits[0]?.rests_on.before.grades ?? {});
    expect(grades.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  it("says which option is missing, and where a file or a set is wrong", async () => {
    const calls: readonly (readonly [readonly string[], number, RegExp])[] = [
      [pair, 2, /^--after: expected --spec/],
      [[...pair, "--spec", before], 2, /^--after: expected --after-spec or --after-set.*came neither/],
      [[...pair, "--spec", before, "--after-spec", after, "--after-set", "{}"], 2, /came both/],
      [[pair[0] ?? "", "--after-for", "3s"], 2, /^--after-spec, --after-set, --after-for: expected --after/],
      [[...pair, "--spec", before, "--after-set", "kernal: c84"], 1, /^--after-set: kernal: unknown key; did you mean "kernel"\?/],
      [[...pair, "--spec", before, "--after-set", "{ kernel"], 1, /^--after-set: expected YAML such as/],
      [
        [...pair, "--spec", before, "--after-set", "cpu: epyc-milan"],
        1,
        /^--after-set: cpu: expected one of the vendor .* intel; came one of amd/,
      ],
      [
        [...pair, "--spec", before, "--after-set", "guests: { vm: { vcpus: 4 } }"],
        1,
        /expected a first guest of 8 vCPUs, as before; came 4/,
      ],
    ];
    for (const [args, code, message] of calls) {
      const run = await runCommand(["import", ...args, "--out", dir]);
      expect([run.code, run.stderr]).toEqual([code, expect.stringMatching(message)]);
    }
    const cut = write("cut.txt", readFileSync("test/captures/hackbench-fastpath.txt", "utf8").replace("0.58us", "0.58"));
    const refused = await runCommand(["import", pair[0] ?? "", "--after", cut, "--spec", before, "--after-set", "{}", "--out", dir]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/cut\.txt:7: expected an exit reason, then Samples/)]);
  });
});
