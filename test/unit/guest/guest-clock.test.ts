import { expect, test } from "vitest";
import { GuestClock } from "../../../src/guest/guest-clock.ts";
import { GuestHaltPoll } from "../../../src/guest/halt-poll.ts";
import { QUIET } from "../../../src/guest/workload.ts";

const clock = (): GuestClock =>
  new GuestClock({
    ghz: 2.5,
    hz: 250,
    load: 0.5,
    workload: { ...QUIET, interval_ns: 1e6, requests_per_second: 100, soft_timers_per_second: 8 },
  });

test("on a host of another frequency all that a clock measures takes as long as before, in its cycles", () => {
  const moved = clock();
  moved.scaleTsc(2 / 2.5);
  expect(moved).toMatchObject({
    tickCycles: 2e9 / 250,
    watchdogCycles: 4 * 2e9,
    intervalCycles: 2e6,
    wheelCycles: 2e9 / 8,
    arrivalCycles: 2e9 / 50,
    cyclesPerSecond: 2e9,
  });
});

test("nothing of a long journey is left when the guest comes home", () => {
  const moved = clock();
  for (let i = 0; i < 1000; i++) moved.scaleTsc(1 + Math.sin(i) / 2);
  moved.scaleTsc(1);
  expect(moved).toEqual(clock());
});

test("a guest that polls goes on with the limit that it has learnt, in the new host's cycles", () => {
  const poll = new GuestHaltPoll(2.5);
  poll.reflect(1);
  expect(poll.limit).toBe(50_000 * 2.5);
  poll.measureBy(2);
  expect(poll.limit).toBe(50_000 * 2);
  // The next step doubles it, up to 200 us.
  for (let i = 0; i < 2; i++) poll.reflect(poll.limit + 1);
  expect(poll.limit).toBe(200_000 * 2);
});
