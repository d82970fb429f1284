import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { parseHostSpecFile } from "../../src/config/host-file.ts";
import { reconcile } from "../../src/config/reconcile.ts";
import { watchConfig } from "../../src/config/watch.ts";
import { explainHost } from "../../src/kvm/explain.ts";
import { kernelOf } from "../../src/kvm/kernel-choice.ts";
import { KERNELS } from "../../src/kvm/kernels.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { configOf, errorsOf, lines, loadFiles, tempDir } from "./temp-config.ts";

const FLEET = "groups: [{ name: a, count: 2, kernel: ours }]";
const withKernel = (text: string): Readonly<Record<string, string>> => ({ "fleet.yaml": FLEET, "kernels/ours.yaml": text });

/** Warnings of a configuration that is right. */
async function warningsOf(text: string): Promise<string[]> {
  const loaded = await loadFiles(withKernel(text));
  if (!loaded.ok) throw new Error(lines(loaded.errors).join("\n"));
  return lines(loaded.warnings);
}

describe("a kernel of one's own", () => {
  test("is its base and the commits on top, for hosts, for guests and for a match", async () => {
    const config = await configOf({
      "fleet.yaml": `groups: [{ name: a, count: 1, kernel: ours, guests: { web: { vcpus: 2, kernel: ours } } }]
overrides: [{ match: { kernel: ours }, set: { kvm: { halt_poll_ns: 0 } } }]`,
      "kernels/ours.yaml": "{ base: linux-4.18, commits: [1e9e2622a149, narrow-ipi-fastpath] }",
    });
    const spec = config.hosts[0]?.spec;
    const ours = { name: "ours", base: "linux-4.18", commits: ["1e9e2622a149", "narrow-ipi-fastpath"] };
    expect(spec).toMatchObject({ kernel: ours, kvm: { halt_poll_ns: 0 }, guests: { web: { kernel: ours } } });
    expect(spec === undefined ? null : kernelOf(spec.kernel).traits).toEqual({ ...KERNELS["linux-4.18"].traits, icr: "skip" });
  });

  test("may stand on another one, and on the vendor's", async () => {
    const { kernels } = (
      await configOf({
        "fleet.yaml": "",
        "kernels/a.yaml": "{ base: b, commits: [1714a4eb6fb0] }",
        "kernels/b.yaml": "{ base: c84, commits: [] }",
      })
    ).own;
    expect([...kernels.values()]).toEqual([
      { name: "a", base: "c84", commits: ["1714a4eb6fb0"] },
      { name: "b", base: "c84", commits: [] },
    ]);
    expect(kernelOf(kernels.get("a") ?? "linux-4.18")).toMatchObject({ name: "a", postsTimersInEnterpriseCloud: true });
  });

  test("names commits by their whole hash, or by one of their series, too", async () => {
    const { own } = await configOf(
      withKernel(`{ base: linux-5.8, commits: ["1714a4eb6fb0123456789012345678901234abcd", "777414340085"] }`),
    );
    expect(own.kernels.get("ours")?.commits).toEqual(["1714a4eb6fb0", "aeeb4c7fff52"]);
    // The timer fastpath series of 5.8, as a backport lists it.
    const series = "5a9f54435a48, 404d5d7bff0d, dcf068da7eb2, a9ab13ff6e84, 379a3c8ee444, ae95f566b3d2, 26efe2fd92e5, 199a8b84c41e";
    const { own: backported } = await configOf(withKernel(`{ base: rhel-8.2, commits: [1e9e2622a149, e1be9ac8e601, ${series}] }`));
    const ours = backported.kernels.get("ours");
    expect(kernelOf(ours ?? "rhel-8.2").traits).toEqual({ ...kernelOf("c82").traits, svmFastpaths: "absent" });
  });

  test("is looked for beside the file that a command takes", async () => {
    const dir = tempDir({ "spec.yaml": "kernel: ours", "kernels/ours.yaml": "{ base: linux-4.18, commits: [0c5f81dad46c] }" });
    const parsed = await parseHostSpecFile(join(dir, "spec.yaml"));
    expect(parsed.ok && parsed.value.kernel).toEqual({ name: "ours", base: "linux-4.18", commits: ["0c5f81dad46c"] });
    expect(await parseHostSpecFile(join(tempDir({ "spec.yaml": "kernel: ours" }), "spec.yaml"))).toMatchObject({ ok: false });
  });

  test("is explained with its base, its commits and the fix that is missing", async () => {
    const [host] = (await configOf(withKernel("{ base: linux-4.18, commits: [0c5f81dad46c] }"))).hosts;
    if (host === undefined) throw new Error("expected a host");
    const rows = explainHost(resolveHost(host.spec)).filter(({ source }) => source === "kernels/ours.yaml");
    expect(rows.map(({ predicate, value, why }) => [predicate, value, why])).toEqual([
      ["kernel", "ours", "linux-4.18 with 1 commit on top: 0c5f81dad46c"],
      ["commit 0c5f81dad46c", "warning", expect.stringContaining("is known to be wrong without 1714a4eb6fb0")],
    ]);
  });
});

describe("what is odd is a warning, at its commit", () => {
  test("a commit whose known fix is missing; with the fix there is none", async () => {
    const [warning, ...rest] = await warningsOf("base: linux-4.18\ncommits:\n  - 0c5f81dad46c\n");
    expect(warning).toMatch(
      /^ours\.yaml:3:5: commits\[0\]: 0c5f81dad46c \(.*\) is known to be wrong without 1714a4eb6fb0 \(.*\), which is missing$/,
    );
    expect(rest).toEqual([]);
    expect(await warningsOf("{ base: linux-4.18, commits: [0c5f81dad46c, 1714a4eb6fb0] }")).toEqual([]);
  });

  test("a commit that changes nothing: without another one, or at all", async () => {
    expect(await warningsOf("{ base: linux-4.18, commits: [1714a4eb6fb0, ce7a058a2117] }")).toEqual([
      expect.stringMatching(/^ours\.yaml:1:31: commits\[0\]: 1714a4eb6fb0 .* needs 0c5f81dad46c .*, and changes nothing without it$/),
      expect.stringMatching(/^ours\.yaml:1:45: commits\[1\]: ce7a058a2117 changes nothing here: .* came in 4\.7/),
    ]);
  });
});

describe("errors say where and what would be right", () => {
  test("an unknown base, an unknown commit, an unknown key, a missing one", async () => {
    expect(await errorsOf(withKernel("base: linux-4.19\ncommits: []"))).toEqual([
      expect.stringMatching(/^ours\.yaml:1:7: base: expected linux-4\.18 \| .* \| ours, came "linux-4\.19"; did you mean "linux-4\.18"\?$/),
    ]);
    expect(await errorsOf(withKernel("base: c84\ncommits: [1714a4eb6fb1]\npatches: []"))).toEqual([
      expect.stringMatching(/^ours\.yaml:2:11: commits\[0\]: expected a commit of the catalogue.*; did you mean "1714a4eb6fb0"\?$/),
      "ours.yaml:3:1: patches: unknown key",
    ]);
    expect(await errorsOf(withKernel("commits: [777414340085]"))).toEqual([
      expect.stringMatching(/^ours\.yaml:1:1: base: missing; /),
      expect.stringMatching(/^ours\.yaml:1:11: commits\[0\]: .*in quotes when it is a number.*, came 777414340085$/),
    ]);
  });

  test("a name that the catalogue has, and one that is none", async () => {
    const files = {
      "fleet.yaml": "",
      "kernels/c84.yaml": "{ base: linux-5.8, commits: [] }",
      "kernels/My Kernel.yaml": "{ base: c84, commits: [] }",
    };
    expect(await errorsOf(files)).toEqual([
      expect.stringMatching(/^My Kernel\.yaml: expected a name of a-z, 0-9, dots and -/),
      'c84.yaml: expected a name of its own, came "c84", which is a kernel of the catalogue',
    ]);
  });

  test("bases that lead in a circle, at each file of the circle", async () => {
    const files = {
      "fleet.yaml": "",
      "kernels/a.yaml": "{ base: b, commits: [] }",
      "kernels/b.yaml": "{ base: a, commits: [] }",
      "kernels/c.yaml": "{ base: a, commits: [] }",
    };
    expect(await errorsOf(files)).toEqual([
      'a.yaml:1:9: base: expected a base that ends at a kernel of the catalogue, came "b" (a → b → a)',
      'b.yaml:1:9: base: expected a base that ends at a kernel of the catalogue, came "a" (b → a → b)',
    ]);
  });

  test("a kernel that nobody has, wherever a specification says one", async () => {
    const errors = await errorsOf({
      "fleet.yaml": `defaults: { kernel: our }
groups:
  - { name: a, count: 1, guests: { web: { kernel: linux-5.9 } } }
overrides:
  - { match: {}, set: { kernel: constructor } }
`,
      "kernels/ours.yaml": "{ base: c84, commits: [] }",
    });
    expect(errors).toEqual([
      expect.stringMatching(/^fleet\.yaml:1:21: defaults\.kernel: expected linux-4\.18 \| .* \| ours, came "our"; did you mean "ours"\?$/),
      expect.stringMatching(/^fleet\.yaml:3:51: groups\[0\]\.guests\.web\.kernel: .*, came "linux-5\.9"; did you mean/),
      expect.stringMatching(/^fleet\.yaml:5:33: overrides\[0\]\.set\.kernel: .*, came "constructor"$/),
    ]);
  });

  test("a kernel whose file has an error is not missed by those who name it", async () => {
    expect(await errorsOf(withKernel("base: ["))).toEqual([expect.stringMatching(/^ours\.yaml:\d+:\d+: not valid YAML: /)]);
  });
});

describe("an edited kernel is a change", () => {
  test("of its hosts and of no others", async () => {
    const dir = tempDir({
      "fleet.yaml": "groups: [{ name: a, count: 1, kernel: ours }, { name: b, count: 1 }]",
      "kernels/ours.yaml": "{ base: c84, commits: [] }",
    });
    const before = await loadConfig(dir);
    writeFileSync(join(dir, "kernels/ours.yaml"), "{ base: c84, commits: [1714a4eb6fb0] }");
    const after = await loadConfig(dir);
    if (!before.ok || !after.ok) throw new Error("expected two right configurations");
    expect(after.hash).not.toBe(before.hash);
    const running = new Map(before.config.hosts.map((host) => [host.name, host]));
    expect(reconcile(running, after.config.hosts)).toMatchObject([{ kind: "change", host: { name: "a-001" } }]);
  });

  test("that the watcher notices", { retry: 2 }, async () => {
    const dir = tempDir(withKernel("{ base: c84, commits: [] }"));
    const onChange = vi.fn<() => void>();
    const stop = watchConfig([dir], onChange, { pollMs: 50 });
    try {
      await new Promise((resolve) => void setTimeout(resolve, 150));
      writeFileSync(join(dir, "kernels/ours.yaml"), "{ base: c84, commits: [1714a4eb6fb0] }");
      await vi.waitFor(() => expect(onChange).toHaveBeenCalledOnce(), { timeout: 1000, interval: 10 });
    } finally {
      stop();
    }
  });
});
