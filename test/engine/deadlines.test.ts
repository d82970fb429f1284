/** When a guest's timer interrupt comes, and at what price, for deadlines anywhere. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OP, VECTOR } from "../../src/guest/program.ts";
import type { Line } from "../../src/guest/script.ts";
import { play, type Scripted } from "../support/scripted-host.ts";

/** Every way in which a timer can expire, and the longest that it may take from deadline to handler. */
const MODES: Readonly<Record<string, { readonly host: Omit<Scripted, "scripts">; readonly lateCyclesMax: number }>> = {
  "the preemption timer": { host: {}, lateCyclesMax: 4000 },
  "the preemption timer without fastpaths": { host: { host: { kernel: "linux-4.18" } }, lateCyclesMax: 6000 },
  "the preemption timer without APICv": { host: { host: { kvm: { enable_apicv: "off" } } }, lateCyclesMax: 5000 },
  "an hrtimer": { host: { host: { kvm: { preemption_timer: "off" } } }, lateCyclesMax: 12_000 },
  "a posted timer": {
    // The housekeeping CPU that takes the timer may have to leave C6.
    host: { host: { cpu_pm: true, cmdline: { nohz_full: "2-7" } }, guest: { placement: "isolated" } },
    lateCyclesMax: 345_000,
  },
};
const modes = fc.constantFrom(...Object.keys(MODES)).map((name) => MODES[name]!);
const BEGIN = 50_000;

/** The instants at which the guest took its timer's interrupt. */
function timerInterrupts(host: Omit<Scripted, "scripts">, lines: readonly Line[]) {
  const played = play({ ...host, scripts: [lines] });
  const [program] = played.programs;
  const at = program!.takenAt.filter((_, i) => program!.taken[i] === VECTOR.timer);
  return { at, exits: played.exits[0]!, counters: played.counters };
}

describe("a guest's timer interrupt", () => {
  it("comes once, never before its deadline, and soon after it", () => {
    fc.assert(
      fc.property(modes, fc.integer({ min: 20_000, max: 3_000_000 }), ({ host, lateCyclesMax }, after) => {
        const { at } = timerInterrupts(host, [{ compute: BEGIN, op: OP.tscDeadline, after }]);
        expect(at).toHaveLength(1);
        expect(at[0]! - BEGIN - after).toBeGreaterThanOrEqual(0);
        expect(at[0]! - BEGIN - after).toBeLessThanOrEqual(lateCyclesMax);
      }),
    );
  });

  it("comes at once when the deadline lies in the past", () => {
    fc.assert(
      fc.property(modes, fc.integer({ min: 0, max: 10 * BEGIN }), ({ host }, ago) => {
        const { at } = timerInterrupts(host, [{ compute: BEGIN, op: OP.tscDeadline, after: -ago }]);
        // No later than the write's own exit ends.
        expect(at).toHaveLength(1);
        expect(at[0]! - BEGIN).toBeLessThan(7000);
      }),
    );
  });

  it("keeps its deadline through whatever exits come before it", () => {
    const exits = fc.array(fc.constantFrom(OP.cpuid, OP.portIo, OP.otherMsr, OP.doorbell, OP.hypercall), { maxLength: 20 });
    fc.assert(
      fc.property(modes, exits, fc.boolean(), ({ host, lateCyclesMax }, ops, halts) => {
        const after = 600_000;
        const between = ops.map((op): Line => ({ compute: 2000, op }));
        const sleep: Line[] = halts ? [{ compute: 1000, op: OP.halt }] : [];
        const { at } = timerInterrupts(host, [{ compute: BEGIN, op: OP.tscDeadline, after }, ...between, ...sleep]);
        expect(at).toHaveLength(1);
        expect(at[0]! - BEGIN - after).toBeGreaterThanOrEqual(0);
        // A vCPU that sleeps has to be scheduled in, from C1E at the deepest after so short a sleep.
        expect(at[0]! - BEGIN - after).toBeLessThanOrEqual(lateCyclesMax + (halts ? 40_000 : 0));
      }),
    );
  });

  it("that may be posted exits for its arming only, if the guest runs at its expiry; else the exit in flight injects it", () => {
    const after = 400_000;
    const posted = (offset: number): boolean => {
      // One exit to user space, of some 9000 cycles, before, at or after the deadline; the housekeeping CPU polls.
      const host = { ...MODES["a posted timer"]!.host.host, cmdline: { nohz_full: "2-7", idle: "poll" } } as const;
      const { at, exits, counters } = timerInterrupts({ host, guest: { placement: "isolated" } }, [
        { compute: BEGIN, op: OP.tscDeadline, after },
        { compute: after + offset, op: OP.portIo },
      ]);
      expect(at).toHaveLength(1);
      expect(exits).toEqual(["MSR_WRITE(tsc_deadline) slow", "IO_INSTRUCTION slow"]);
      expect(total(counters, "expirations ")).toBe(1n);
      return counters.get("expirations posted") === 1n;
    };
    const outcomes = Array.from({ length: 80 }, (_, i) => posted((i - 60) * 250));
    // Posted, then in the exit for some 9000 cycles, then posted.
    const [first, last] = [outcomes.indexOf(false), outcomes.lastIndexOf(false)];
    expect(first).toBeGreaterThan(5);
    expect(last - first).toBeGreaterThan(20);
    expect(last).toBeLessThan(75);
    expect(outcomes.slice(first, last)).not.toContain(true);
  });
});

const total = (counters: ReadonlyMap<string, bigint>, prefix: string): bigint =>
  [...counters].filter(([name]) => name.startsWith(prefix)).reduce((sum, [, value]) => sum + value, 0n);
