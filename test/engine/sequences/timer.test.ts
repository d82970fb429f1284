/**
 * Exits of one cycle of the guest's timer: arm, expire, handle. The rows are those of KVM's code
 * paths (arch/x86/kvm/lapic.c, vmx/vmx.c, x86.c from 4.18 to 6.18); each is played by a scripted
 * guest, and what comes out of the engine is compared as a multiset.
 */
import { describe, expect, it } from "vitest";
import { OP } from "../../../src/guest/program.ts";
import type { Line } from "../../../src/guest/script.ts";
import { play, type Scripted } from "../../support/scripted-host.ts";

const [ARM_FAST, ARM_HANDLED, ARM] = ["reenter", "handled", "slow"].map((how) => `MSR_WRITE(tsc_deadline) ${how}`);
const [EXPIRE_FAST, EXPIRE_HANDLED, EXPIRE] = ["reenter", "handled", "slow"].map((how) => `PREEMPTION_TIMER ${how}`);
const [HLT, INTERRUPT, EOI, OTHER_MSR] = ["HLT slow", "EXTERNAL_INTERRUPT slow", "MSR_WRITE(eoi) slow", "MSR_WRITE(other) slow"];

const arm = (after: number): Line => ({ compute: 1000, op: OP.tscDeadline, after });
const halt: Line = { compute: 500, op: OP.halt };
/** Arms a timer and computes until it expires; or halts. */
const running = [arm(200_000)];
const halting = [arm(400_000), halt];

const APICV_OFF = { kvm: { enable_apicv: "off" } } as const;
const PI_OFF = { kvm: { pi_inject_timer: "off" } } as const;
/** cpu-pm on a host that isolates the guest's CPUs. */
const EXITLESS = { host: { cpu_pm: true, cmdline: { nohz_full: "2-7" } }, guest: { placement: "isolated" } } as const;
/** Two CPUs are isolated for others, the guest runs on the housekeeping CPUs, and the kernel lacks 1714a4eb6fb0. */
const DPDK = { host: { kernel: "linux-5.8", cmdline: { nohz_full: "6-7" } }, guest: { placement: "housekeeping" } } as const;
/** 2^20 cycles fit into the preemption timer, instead of 2^37. */
const SHORT_TIMER = (({ resolved }) => ({ cpu: { ...resolved.cpu, preemptionTimerShift: -12 } }))(play({ scripts: [[]], ms: 0 }).host);

interface Row extends Omit<Scripted, "scripts"> {
  readonly row: string;
  readonly fact: string;
  readonly script: readonly Line[];
  /** A second vCPU of the guest, whose exits are not looked at. */
  readonly other?: readonly Line[];
  readonly exits: readonly (string | undefined)[];
  /** How the timer's expiry reached the vCPU. */
  readonly delivery?: "preemption_timer" | "posted" | "hrtimer" | "wakeup" | "none";
}

const ROWS: readonly Row[] = [
  { row: "T1", fact: "arming and expiry take a fastpath each, the EOI is free", script: running, exits: [ARM_FAST, EXPIRE_FAST] },
  {
    row: "T1'",
    fact: "an older kernel has the same exits on the slow path",
    host: { kernel: "linux-4.18" },
    script: running,
    exits: [ARM, EXPIRE],
  },
  {
    row: "T1'",
    fact: "so has a kernel whose fastpaths are turned off",
    host: { fastpath: { tsc_deadline: "off", preemption_timer: "off" } },
    script: running,
    exits: [ARM, EXPIRE],
  },
  {
    row: "T2",
    fact: "without APICv the expiry leaves the inner loop, and the EOI exits",
    host: APICV_OFF,
    script: running,
    exits: [ARM_FAST, EXPIRE_HANDLED, EOI],
  },
  {
    row: "T3",
    fact: "a halted vCPU is woken by an hrtimer: no exit at expiry",
    script: halting,
    exits: [ARM_FAST, HLT],
    delivery: "wakeup",
  },
  {
    row: "T3b",
    fact: "woken by something else, the preemption timer is armed again and expires",
    script: [arm(600_000), halt],
    other: [{ compute: 200_000, op: OP.ipi, operand: 0 }],
    exits: [ARM_FAST, HLT, EXPIRE_FAST],
  },
  {
    row: "T4",
    fact: "the preemption timer counts on in a guest's own HLT",
    host: PI_OFF,
    guest: { disable_exits: ["hlt"] },
    script: halting,
    exits: [ARM_FAST, EXPIRE_FAST],
  },
  { row: "T5", fact: "a posted timer exits for its arming only", ...EXITLESS, script: running, exits: [ARM], delivery: "posted" },
  {
    row: "T5",
    fact: "so it does when the guest sleeps by its own HLT",
    ...EXITLESS,
    script: halting,
    exits: [ARM],
    delivery: "posted",
  },
  {
    row: "T5",
    fact: "from 6.18 on its arming takes the fastpath",
    ...EXITLESS,
    traits: { tscDeadline: "unconditional" },
    script: running,
    exits: [ARM_FAST],
    delivery: "posted",
  },
  {
    row: "T5b",
    fact: "a timer that may be posted wakes a vCPU that is not in the guest",
    host: { kernel: "linux-5.8", kvm: { pi_inject_timer: "on" } },
    script: halting,
    exits: [ARM, HLT],
    delivery: "wakeup",
  },
  {
    row: "T6",
    fact: "without a preemption timer the host's own timer interrupts the guest",
    host: { kvm: { preemption_timer: "off" } },
    script: running,
    exits: [ARM, INTERRUPT],
    delivery: "hrtimer",
  },
  {
    row: "T6",
    fact: "MWAIT in the guest rules the preemption timer out",
    host: PI_OFF,
    guest: { disable_exits: ["mwait"] },
    script: halting,
    exits: [ARM, INTERRUPT],
    delivery: "hrtimer",
  },
  {
    row: "T6",
    fact: "an hrtimer on a housekeeping CPU kicks the vCPU out of the guest",
    host: { kvm: { pi_inject_timer: "off", preemption_timer: "off" }, cmdline: { nohz_full: "2-7" } },
    guest: { placement: "isolated" },
    script: running,
    exits: [ARM, INTERRUPT],
    delivery: "hrtimer",
  },
  {
    row: "T6",
    fact: "from 6.18 on the arming takes the fastpath all the same",
    host: { kvm: { preemption_timer: "off" } },
    traits: { tscDeadline: "unconditional" },
    script: running,
    exits: [ARM_FAST, INTERRUPT],
    delivery: "hrtimer",
  },
  {
    row: "T7",
    fact: "isolated CPUs take the preemption timer from guests on the others",
    ...DPDK,
    script: running,
    exits: [ARM, INTERRUPT],
    delivery: "hrtimer",
  },
  {
    row: "T7",
    fact: "the fix gives it back",
    ...DPDK,
    host: { ...DPDK.host, patches: ["timer-pi-per-vm"] },
    script: running,
    exits: [ARM_FAST, EXPIRE_FAST],
  },
  { row: "T7h", fact: "when the guest halts, only the arming is slow", ...DPDK, script: halting, exits: [ARM, HLT], delivery: "wakeup" },
  { row: "T8", fact: "a past deadline is injected by the arming itself", script: [arm(-500)], exits: [ARM_FAST], delivery: "none" },
  {
    row: "T8",
    fact: "without APICv a past deadline leaves the inner loop",
    host: APICV_OFF,
    script: [arm(-500)],
    exits: [ARM_HANDLED, EOI],
    delivery: "none",
  },
  {
    row: "T9",
    fact: "a deadline beyond the preemption timer's reach takes an hrtimer, from the fastpath",
    resolved: SHORT_TIMER,
    script: [arm(2 ** 21)],
    exits: [ARM_FAST, INTERRUPT],
    delivery: "hrtimer",
  },
  {
    row: "T10",
    fact: "writing 0 disarms",
    script: [arm(200_000), { compute: 1000, op: OP.tscDeadline, operand: 0 }],
    exits: [ARM_FAST, ARM_FAST],
    delivery: "none",
  },
  {
    row: "T11",
    fact: "the host's tick interrupts a guest whose timer goes on; CPUs are dedicated, so nothing else preempts it",
    script: [arm(10_300_000)],
    ms: 5,
    exits: [ARM_FAST, INTERRUPT, EXPIRE_FAST],
  },
  {
    row: "T11",
    fact: "an expiry during the tick's handler is noticed at the entry",
    script: [arm(10_000_500)],
    ms: 5,
    exits: [ARM_FAST, INTERRUPT, EXPIRE_FAST],
  },
  {
    row: "T12",
    fact: "the initial count of an x2APIC is an ordinary MSR",
    script: [{ compute: 1000, op: OP.oneShot, after: 200_000 }],
    exits: [OTHER_MSR, EXPIRE_FAST],
  },
  {
    row: "T12",
    fact: "that of an xAPIC is a write trapped by APICv",
    guest: { apic: "xapic" },
    script: [{ compute: 1000, op: OP.oneShot, after: 200_000 }],
    exits: ["APIC_WRITE slow", EXPIRE_FAST],
  },
  {
    row: "T12",
    fact: "without APICv it is an access to the page, as is the EOI",
    host: APICV_OFF,
    guest: { apic: "xapic" },
    script: [{ compute: 1000, op: OP.oneShot, after: 200_000 }],
    exits: ["APIC_ACCESS slow", EXPIRE_HANDLED, "APIC_ACCESS slow"],
  },
  {
    row: "T12",
    fact: "without a preemption timer it takes an hrtimer, which fires at the deadline and not early",
    host: { kvm: { preemption_timer: "off" } },
    script: [{ compute: 1000, op: OP.oneShot, after: 200_000 }],
    exits: [OTHER_MSR, INTERRUPT],
    delivery: "hrtimer",
  },
  {
    row: "T12",
    fact: "a halted vCPU is woken by its initial count as by its deadline",
    script: [{ compute: 1000, op: OP.oneShot, after: 200_000 }, halt],
    exits: [OTHER_MSR, HLT],
    delivery: "wakeup",
  },
  {
    row: "T12",
    fact: "an initial count may be posted like a deadline",
    ...EXITLESS,
    script: [{ compute: 1000, op: OP.oneShot, after: 200_000 }],
    exits: [OTHER_MSR],
    delivery: "posted",
  },
];

describe("one cycle of the guest's timer", () => {
  it("is played where nothing else makes a guest exit", () => {
    expect(play({ scripts: [[], [], [], [], [], []] }).exits.flat()).toEqual([]);
  });

  it.each(ROWS)("$row: $fact", ({ script, other, exits, delivery = "preemption_timer", row: _row, fact: _fact, ...scripted }) => {
    const played = play({ ...scripted, scripts: other === undefined ? [script] : [script, other] });
    expect(played.exits[0]?.toSorted()).toEqual(exits.map(String).toSorted());
    const expirations = [...played.counters].filter(([name, count]) => name.startsWith("expirations ") && count > 0n);
    expect(expirations).toEqual(delivery === "none" ? [] : [[`expirations ${delivery}`, 1n]]);
  });

  it("ends with the timer's interrupt at the guest, on time or late", () => {
    for (const { script, other, row: _row, fact: _fact, delivery, ...scripted } of ROWS) {
      const { programs } = play({ ...scripted, scripts: other === undefined ? [script] : [script, other] });
      const wanted = delivery === "none" && script[1]?.operand === 0 ? 0 : 1;
      expect(programs[0]!.taken.filter((vector) => vector === 2)).toHaveLength(wanted);
    }
  });
});
