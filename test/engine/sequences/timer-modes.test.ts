/**
 * Exits of timers other than a TSC deadline's, and of expiries that find the guest busy:
 * arch/x86/kvm/lapic.c start_sw_period, advance_periodic_target_expiration; hyperv.c
 * stimer_timer_callback; x86.c kvm_check_and_inject_events (the interrupt window).
 */
import { describe, expect, it } from "vitest";
import { EXTRAS } from "../../../src/cost/paths.ts";
import { OP, type Op } from "../../../src/guest/program.ts";
import type { Line } from "../../../src/guest/script.ts";
import { cpuSettings } from "../../../src/kvm/host-settings.ts";
import type { KernelTraits } from "../../../src/kvm/kernel.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { hostSpec, type HostOverrides } from "../../support/host-spec.ts";
import { play, type Scripted } from "../../support/scripted-host.ts";

const EXPIRE_HANDLED = "PREEMPTION_TIMER handled";
const [HLT, INTERRUPT, EOI, OTHER_MSR] = ["HLT slow", "EXTERNAL_INTERRUPT slow", "MSR_WRITE(eoi) slow", "MSR_WRITE(other) slow"];
const APICV_OFF = { kvm: { enable_apicv: "off" } } as const;
/** cpu-pm on a host that isolates the guest's CPUs. */
const EXITLESS = { host: { cpu_pm: true, cmdline: { nohz_full: "2-7" } }, guest: { placement: "isolated" } } as const;
const WINDOWS = { timer: "hv_stimer" } as const;
const halt: Line = { compute: 500, op: OP.halt };
/** Cycles of a path of the reference core on the host of these tests. */
const software = (reference: number): number => Math.round(reference * cpuSettings(resolveHost(hostSpec())).softwareScale);

describe("a synthetic timer of Hyper-V", () => {
  const stimer = (after: number): Line => ({ compute: 1000, op: OP.hvStimer, after });
  it.each([
    { fact: "is an MSR of its own and an hrtimer", script: [stimer(200_000)], exits: [OTHER_MSR, INTERRUPT], delivery: "hrtimer" },
    { fact: "wakes a halted vCPU", script: [stimer(200_000), halt], exits: [OTHER_MSR, HLT], delivery: "wakeup" },
    {
      fact: "is never posted, and kicks the guest from a housekeeping CPU",
      on: EXITLESS,
      script: [stimer(200_000)],
      exits: [OTHER_MSR, INTERRUPT],
      delivery: "hrtimer",
    },
    { fact: "that is set into the past is delivered by its own write", script: [stimer(-500)], exits: [OTHER_MSR], delivery: null },
  ])("$fact", ({ on, script, exits, delivery }) => {
    const played = play({ ...on, guest: { ...on?.guest, ...WINDOWS }, scripts: [script] });
    // It inhibits APICv; and these bare handlers end with an EOI, though its vector needs none.
    expect(played.exits[0]).toEqual([...exits, EOI]);
    expect(played.programs[0]!.taken).toEqual([2]);
    const expirations = [...played.counters].filter(([name, count]) => name.startsWith("expirations ") && count > 0n);
    expect(expirations).toEqual(delivery === null ? [] : [[`expirations ${delivery}`, 1n]]);
  });
});

describe("a periodic timer (T12)", () => {
  const PERIOD = 500_000;
  const PERIODS = Math.floor((3 * 2_500_000) / PERIOD) - 1;
  const periodic: Line = { compute: 1000, op: OP.periodic, operand: PERIOD };
  const tally = (exits: readonly string[]): Record<string, number> =>
    Object.fromEntries([...new Set(exits)].map((exit) => [exit, exits.filter((one) => one === exit).length]));

  it.each([
    { mode: "the preemption timer", exits: { "PREEMPTION_TIMER reenter": PERIODS } },
    { mode: "an hrtimer", host: { kvm: { preemption_timer: "off" } } as const, exits: { "EXTERNAL_INTERRUPT slow": PERIODS } },
    { mode: "posting", ...EXITLESS, exits: {} },
  ])("starts each next period itself, under $mode, after one write of the guest", ({ exits, mode: _mode, ...scripted }) => {
    const played = play({ ...scripted, scripts: [[periodic]] });
    expect(tally(played.exits[0]!)).toEqual({ "MSR_WRITE(other) slow": 1, ...exits });
    const { taken, takenAt } = played.programs[0]!;
    expect(taken).toHaveLength(PERIODS);
    // On a grid: a late interrupt does not move the next one.
    const first = takenAt[0]!;
    for (const [i, at] of takenAt.entries()) expect(Math.abs(at - first - i * PERIOD)).toBeLessThan(5000);
  });

  it("wakes a vCPU that halts in each period", () => {
    const script = [periodic, ...Array.from({ length: PERIODS }, () => ({ compute: 100, op: OP.halt }))];
    const played = play({ scripts: [script] });
    expect(tally(played.exits[0]!)).toEqual({ "MSR_WRITE(other) slow": 1, "HLT slow": PERIODS });
    expect(played.programs[0]!.taken).toHaveLength(PERIODS);
  });

  it("is never shorter than 200 us (kvm.min_timer_period_us)", () => {
    const played = play({ scripts: [[{ ...periodic, operand: 1000 }]] });
    expect(played.programs[0]!.taken).toHaveLength(PERIODS);
  });

  it("ends when the guest writes 0", () => {
    const played = play({ scripts: [[periodic, { compute: 3.5 * PERIOD, op: OP.oneShot, operand: 0 }]] });
    expect(played.programs[0]!.taken).toHaveLength(3);
  });
});

describe("an expiry without APICv (T2)", () => {
  it("waits for an interrupt window when it hits the handler of another interrupt, its EOI still to come or not", () => {
    const ways = new Set<string>();
    for (let offset = 0; offset < 12_000; offset += 20) {
      const { exits, programs } = play({
        host: APICV_OFF,
        scripts: [
          [
            { compute: 1000, op: OP.tscDeadline, after: 40_000 },
            { compute: 30_000 + offset, op: OP.selfIpi },
          ],
        ],
        ms: 0.1,
      });
      expect(new Set(programs[0]!.taken)).toEqual(new Set([2, 4]));
      ways.add(exits[0]!.slice(1).join(", "));
    }
    const expired = [...ways].filter((way) => way.includes("INTERRUPT_WINDOW"));
    expect(expired).toContain([OTHER_MSR, EXPIRE_HANDLED, EOI, "INTERRUPT_WINDOW slow", EOI].join(", "));
    expect(expired).toContain([OTHER_MSR, EOI, EXPIRE_HANDLED, "INTERRUPT_WINDOW slow", EOI].join(", "));
  });
});

describe("a timer after a block", () => {
  /** Posted timers of a VM that halts by exits: its hrtimer runs on while it sleeps, and an IPI wakes it. */
  const handlerCycles = (hvTimerAfterBlock: KernelTraits["hvTimerAfterBlock"], sleeper: readonly Line[], on: Partial<Scripted>): bigint => {
    const played = play({ ...on, traits: { hvTimerAfterBlock }, scripts: [sleeper, [{ compute: 400_000, op: OP.ipi, operand: 0 }]] });
    expect(played.programs[0]!.taken).toEqual([8, 2]);
    return played.counters.get("component handler")!;
  };
  const halts = (op: Op): Line[] => [{ compute: 1000, op, after: 2_000_000 }, halt];
  const again = BigInt(software(EXTRAS.hrtimer.value));

  it("is started anew up to 5.16, whatever it was; later only if it was the preemption timer", () => {
    const posted = { host: { kernel: "linux-5.8", kvm: { pi_inject_timer: "on" } } } as const;
    const cycles = (of: KernelTraits["hvTimerAfterBlock"], on: Partial<Scripted>): bigint => handlerCycles(of, halts(OP.tscDeadline), on);
    expect(cycles("always", posted) - cycles("if_it_was_in_use", posted)).toBe(again);
    expect(cycles("always", {})).toBe(cycles("if_it_was_in_use", {}));
  });

  it("is left alone where there is no preemption timer, and when it is Hyper-V's", () => {
    const without = { host: { kvm: { preemption_timer: "off" } } } as const;
    const windows = { guest: WINDOWS };
    for (const [on, op] of [
      [without, OP.tscDeadline],
      [windows, OP.hvStimer],
    ] as const) {
      expect(handlerCycles("always", halts(op), on)).toBe(handlerCycles("if_it_was_in_use", halts(op), on));
    }
  });
});

describe("a posted-interrupt notification to the own CPU (5.15, 5.17)", () => {
  const expiry = (selfNotification: KernelTraits["selfNotification"], host: HostOverrides, after: number) => {
    const kvm = { lapic_timer_advance: "off", ...host.kvm } as const;
    const script = [{ compute: 1000, op: OP.tscDeadline, after }];
    const played = play({ host: { ...host, kvm }, traits: { selfNotification }, scripts: [script] });
    return { exits: played.exits[0]!, at: played.programs[0]!.takenAt[0]! };
  };
  const cost = software(EXTRAS.selfNotification.value);

  it.each([
    { fact: "delays an expiry of the preemption timer, without an exit more", host: {}, after: 200_000, later: cost },
    { fact: "delays a deadline in the past", host: {}, after: -500, later: cost },
    { fact: "is not sent outside of a fastpath", host: { fastpath: { preemption_timer: "off" } } as const, after: 200_000, later: 0 },
    { fact: "is not sent without APICv", host: APICV_OFF, after: 200_000, later: 0 },
  ])("$fact", ({ host, after, later }) => {
    const [sent, skipped] = [expiry("sent", host, after), expiry("skipped", host, after)];
    expect(sent.exits).toEqual(skipped.exits);
    expect(sent.at - skipped.at).toBe(later);
  });
});
