import { expect, test } from "vitest";
import { migration } from "../../src/cli/report/migration.ts";
import { filled, valueIn } from "./table.ts";

const table = filled((seeds) => migration.fill(seeds));
const [fast, slow, again, posted, back] = table.rows;

test("a guest that leaves its fastpaths behind takes the slow path, and the fastpath again where it finds one", () => {
  expect([fast, slow, again, back].map((row) => row?.["deadline_path"])).toEqual(["fastpath", "kernel", "fastpath", "fastpath"]);
  expect([fast, slow, again].map((row) => row?.["expiry"])).toEqual([
    "PREEMPTION_TIMER fastpath",
    "PREEMPTION_TIMER kernel",
    "PREEMPTION_TIMER fastpath",
  ]);
  expect(valueIn(slow, "deadline_cycles")).toBeGreaterThan(valueIn(fast, "deadline_cycles") + 100);
  expect(valueIn(again, "deadline_cycles")).toBeCloseTo(valueIn(fast, "deadline_cycles"), -1);
});

test("the timer mode is the new host's: an unfixed DPDK host posts, the next one does not", () => {
  expect(table.rows.map((row) => row["timer"])).toEqual(["hv_timer", "hv_timer", "hv_timer", "posted", "hv_timer"]);
  expect(valueIn(posted, "latency")).toBeGreaterThan(valueIn(back, "latency"));
});

test("on the whole way no deadline is lost and none fires twice", () => {
  for (const row of table.rows) {
    expect(valueIn(row, "ahead")).toBe(1);
    expect(valueIn(row, "handled")).toBeGreaterThan(1000);
  }
});

test("the VM goes as any VM of a fleet does: what it dirties costs it time while it is watched, and the rest of that is its downtime", () => {
  for (const row of table.rows.slice(0, -1)) {
    expect(valueIn(row, "rounds")).toBeGreaterThanOrEqual(1);
    expect(valueIn(row, "dirty_log")).toBeGreaterThan(0.005);
    expect(valueIn(row, "dirty_log")).toBeLessThan(0.1);
    // Its working set is 32 MiB, most of it dirty after a round of a second; at 1100 MiB/s that is less than 29 ms, on top of 10 ms.
    expect(valueIn(row, "downtime")).toBeGreaterThan(30);
    expect(valueIn(row, "downtime")).toBeLessThan(10 + 29.1);
  }
  expect(back?.["downtime"]).toBeNull();
});

test("says beforehand how many runs it takes", () => {
  expect(table.runs).toBe(migration.runs(1));
});
