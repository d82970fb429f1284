import { expect, test } from "vitest";
import { dpdk } from "../../src/cli/report/dpdk.ts";
import { filled, valueIn } from "./table.ts";

const table = filled((seeds) => dpdk.fill(seeds));
const [plain, unfixed, fixed, posting] = table.rows;

test("without nohz_full the fastpath is a gain, on the unfixed DPDK host it is a loss", () => {
  expect(valueIn(plain, "deadline_change")).toBeLessThan(-0.05);
  expect(valueIn(unfixed, "deadline_change")).toBeGreaterThan(0.05);
  expect(valueIn(unfixed, "exit_cores_change")).toBeGreaterThan(valueIn(plain, "exit_cores_change"));
  expect(valueIn(unfixed, "hit_rate")).toBeLessThan(0.5);
});

test("the fix and pi_inject_timer=0 both bring the gain back to the ordinary guest", () => {
  for (const row of [fixed, posting]) {
    expect(row?.["timer"]).toBe("hv_timer");
    expect(valueIn(row, "deadline_change")).toBeCloseTo(valueIn(plain, "deadline_change"), 2);
  }
});

test("only the fix does so without taking the exitless timer from the poll-mode guest", () => {
  expect([unfixed, fixed, posting].map((row) => row?.["dpdk_timer"])).toEqual(["posted", "posted", "hrtimer"]);
  expect(valueIn(posting, "dpdk_exits")).toBeGreaterThan(1.5 * valueIn(fixed, "dpdk_exits"));
});

test("says beforehand how many runs it takes", () => {
  expect(table.runs).toBe(dpdk.runs(1));
});
