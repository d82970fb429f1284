import { expect, test } from "vitest";
import {
  canPostTimer,
  canUseHvTimer,
  type TimerInputs,
  timerMode,
  whyCanPostTimer,
  whyCanUseHvTimer,
  whyTimerMode,
} from "../../../src/kvm/timer-predicates.ts";

const T = true;
const F = false;

/** One row of the truth table of kvm_can_post_timer_interrupt and kvm_can_use_hv_timer: inputs, then (post, hv) of the old and the new predicate. */
type Row = readonly [
  pi: boolean,
  apicv: boolean,
  hlt: boolean,
  mwait: boolean,
  old: readonly [boolean, boolean],
  fixed: readonly [boolean, boolean],
];

const TABLE: readonly Row[] = [
  [F, F, F, F, [F, T], [F, T]],
  [F, F, T, F, [F, T], [F, T]],
  [F, T, F, F, [F, T], [F, T]],
  [F, T, T, F, [F, T], [F, T]],
  [F, F, F, T, [F, F], [F, F]],
  [F, F, T, T, [F, F], [F, F]],
  [F, T, F, T, [F, F], [F, F]],
  [F, T, T, T, [F, F], [F, F]],
  [T, F, F, F, [F, T], [F, T]],
  [T, F, T, F, [F, T], [F, T]],
  [T, F, F, T, [F, F], [F, F]],
  [T, F, T, T, [F, F], [F, F]],
  // The DPDK regression, and its fix.
  [T, T, F, F, [T, F], [F, T]],
  [T, T, T, F, [T, F], [T, F]],
  [T, T, F, T, [T, F], [T, F]],
  [T, T, T, T, [T, F], [T, F]],
];

const inputs = ([pi, apicv, hlt, mwait]: Row, rest: Partial<TimerInputs>): TimerInputs => ({
  postedTimer: "apicv",
  piInjectTimer: pi,
  apicvActive: apicv,
  hltInGuest: hlt,
  mwaitInGuest: mwait,
  onHousekeepingCpu: true,
  preemptionTimer: true,
  apicTimerVirt: false,
  timer: "tsc_deadline",
  ...rest,
});
const name = ([pi, apicv, hlt, mwait]: Row): string => `pi=${Number(pi)} apicv=${Number(apicv)} hlt=${Number(hlt)} mwait=${Number(mwait)}`;

test("the truth table has all sixteen rows", () => {
  expect(new Set(TABLE.map(name)).size).toBe(16);
});

test.each(TABLE.map((row) => [name(row), row] as const))("before the fix: %s", (_, row) => {
  const v = inputs(row, { postedTimer: "apicv" });
  expect([canPostTimer(v), canUseHvTimer(v)]).toEqual(row[4]);
});

test.each(TABLE.map((row) => [name(row), row] as const))("with 1714a4eb6fb0: %s", (_, row) => {
  const v = inputs(row, { postedTimer: "disabled_exits" });
  expect([canPostTimer(v), canUseHvTimer(v)]).toEqual(row[5]);
});

test.each(TABLE.map((row) => [name(row), row] as const))("per vCPU, isolated CPU: as before the fix: %s", (_, row) => {
  const v = inputs(row, { postedTimer: "isolated_cpu", onHousekeepingCpu: false });
  expect([canPostTimer(v), canUseHvTimer(v)]).toEqual(row[4]);
});

test.each(TABLE.map((row) => [name(row), row] as const))("per vCPU, housekeeping CPU: never posted: %s", (_, row) => {
  const v = inputs(row, { postedTimer: "isolated_cpu" });
  expect([canPostTimer(v), canUseHvTimer(v)]).toEqual([false, !row[3]]);
});

test.each(TABLE.map((row) => [name(row), row] as const))("a kernel without posted timers: %s", (_, row) => {
  const v = inputs(row, { postedTimer: "absent" });
  expect([canPostTimer(v), canUseHvTimer(v)]).toEqual([false, !row[3]]);
});

test("with preemption_timer=N no vCPU uses the hv timer, and posting is unchanged", () => {
  for (const row of TABLE) {
    const v = inputs(row, { preemptionTimer: false });
    expect([canPostTimer(v), canUseHvTimer(v)]).toEqual([row[4][0], false]);
  }
});

test("neither predicate leaves a plain hrtimer", () => {
  expect(timerMode(inputs([F, T, F, T, [F, F], [F, F]], {}))).toBe("hrtimer");
  expect(timerMode(inputs([F, T, F, F, [F, T], [F, T]], {}))).toBe("hv_timer");
  expect(timerMode(inputs([T, T, F, F, [T, F], [F, T]], {}))).toBe("posted");
});

test("the reason of the DPDK regression names the predicate, its cause and the missing commit", () => {
  const v = inputs([T, T, F, F, [T, F], [F, T]], {});
  expect(whyCanUseHvTimer(v, "nohz_full=2-63 sets HK_FLAG_TIMER")).toBe(
    "pi_inject_timer=1 (nohz_full=2-63 sets HK_FLAG_TIMER) && apicv_active: kvm_can_post_timer_interrupt() is true for every VM, " +
      "so kvm_can_use_hv_timer() is false; the kernel lacks 1714a4eb6fb0",
  );
});

test("every combination has a reason that no template left empty", () => {
  const forms = ["absent", "apicv", "disabled_exits", "isolated_cpu"] as const;
  for (const row of TABLE) {
    for (const postedTimer of forms) {
      for (const onHousekeepingCpu of [true, false]) {
        const v = inputs(row, { postedTimer, onHousekeepingCpu });
        for (const why of [whyCanPostTimer(v, "set"), whyCanUseHvTimer(v, "set"), whyTimerMode(v, "set")]) {
          expect(why).toMatch(/^\S.{10,}$/);
          expect(why).not.toContain("undefined");
        }
      }
    }
  }
});

test("APIC-timer virtualization comes before posting, the preemption timer and hrtimers", () => {
  for (const row of TABLE) {
    const v = inputs(row, { apicTimerVirt: true });
    // It delivers into the virtual APIC.
    expect(timerMode(v) === "virtual").toBe(v.apicvActive);
    expect(canPostTimer(v)).toBe(canPostTimer(inputs(row, {})));
  }
});

test("what only TSC deadlines have, a count or a synthetic timer has not", () => {
  for (const row of TABLE) {
    for (const preemptionTimer of [true, false]) {
      const counted = inputs(row, { timer: "lapic", preemptionTimer });
      expect(timerMode({ ...counted, apicTimerVirt: true })).toBe(timerMode(counted));
      expect(timerMode(inputs(row, { timer: "hv_stimer", preemptionTimer, apicTimerVirt: true }))).toBe("hrtimer");
    }
  }
});
