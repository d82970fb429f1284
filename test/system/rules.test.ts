import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { filesOf, RULES_DIR, RULE_TESTS_DIR } from "../support/rules.ts";

const promtool = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
  return { status, said: stdout + stderr };
};

describe("promtool", () => {
  it("finds nothing to say about the configuration of the stack", () => {
    expect(promtool("check", "config", "--lint=all", "--lint-fatal", "config/stack/prometheus/prometheus.yaml")).toMatchObject({
      status: 0,
    });
  });

  it.each(filesOf(RULES_DIR))("finds nothing to say about %s", (file) => {
    const { status, said } = promtool("check", "rules", "--lint=all", "--lint-fatal", file);
    expect(status, said).toBe(0);
    expect(said).toMatch(/SUCCESS: \d\d rules found/);
  });

  it.each(filesOf(RULE_TESTS_DIR))("sees the alerts fire and not fire as %s says", (file) => {
    const { status, said } = promtool("test", "rules", file);
    expect(status, said).toBe(0);
  });
});
