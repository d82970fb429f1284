/**
 * Exits of an AMD host: one cycle of the guest's timer, one inter-processor interrupt, one end of
 * interrupt. The rows are those of KVM's code paths (arch/x86/kvm/svm/svm.c, svm/avic.c, lapic.c,
 * x86.c from 4.18 to 6.18); each is played by scripted guests.
 */
import { describe, expect, it } from "vitest";
import { OP, type Op } from "../../../src/guest/program.ts";
import type { Line } from "../../../src/guest/script.ts";
import type { KernelName } from "../../../src/kvm/kernels.ts";
import { play, type Scripted } from "../../support/scripted-host.ts";

const [HLT, INTERRUPT, EOI, NPF, OTHER_MSR] = ["hlt slow", "interrupt slow", "msr(eoi) slow", "npf slow", "msr(other) slow"];
const [INCOMPLETE, TRAP] = ["avic_incomplete_ipi slow", "avic_unaccelerated_access slow"];

type Setting = Omit<Scripted, "scripts">;
const XAPIC = { apic: "xapic" } as const;
/** No AVIC; an x2APIC guest. */
const PLAIN = { host: { cpu: "epyc-rome", ghz: 2.5, kernel: "linux-5.8" } } as const satisfies Setting;
/** AVIC on a kernel that lets it send IPIs on every CPU; an xAPIC guest. */
const AVIC = { host: { cpu: "epyc-milan", ghz: 2.5, kernel: "linux-6.1", kvm: { avic: "on" } }, guest: XAPIC } as const satisfies Setting;
const X2AVIC = { host: { cpu: "epyc-genoa", ghz: 2.5, kernel: "linux-6.18" } } as const satisfies Setting;
/** AVIC without x2AVIC under an x2APIC guest. */
const HYBRID = { host: AVIC.host } as const satisfies Setting;
/** kvm_amd.enable_ipiv=N by erratum 1235. */
const ERRATUM = { host: { ...PLAIN.host, kernel: "linux-6.18", kvm: { avic: "on" } }, guest: XAPIC } as const satisfies Setting;

const on = (setting: Setting, kernel: KernelName): Setting => ({ ...setting, host: { ...setting.host, kernel } });
const exitless = (setting: Setting): Setting => ({
  host: { ...setting.host, cpu_pm: true, cmdline: { nohz_full: "2-7" } },
  guest: { ...setting.guest, placement: "isolated" },
});

describe("a timer's cycle", () => {
  const arm: Line = { compute: 1000, op: OP.tscDeadline, after: 400_000 };
  const running = [arm];
  const halting: readonly Line[] = [arm, { compute: 500, op: OP.halt }];
  const [ARM_SLOW, ARM_HANDLED, ARM_FAST] = ["slow", "handled", "reenter"].map((how) => `msr(tsc_deadline) ${how}`);

  it.each([
    { row: "A1 without AVIC", on: PLAIN, script: running, exits: [ARM_SLOW, INTERRUPT, EOI], delivery: "hrtimer" },
    { row: "A1 with an xAPIC", on: { ...PLAIN, guest: XAPIC }, script: running, exits: [ARM_SLOW, INTERRUPT, NPF], delivery: "hrtimer" },
    { row: "A1 with a HLT", on: PLAIN, script: halting, exits: [ARM_SLOW, HLT, EOI], delivery: "wakeup" },
    { row: "A1 under 6.16", on: on(PLAIN, "linux-6.16"), script: running, exits: [ARM_SLOW, INTERRUPT, EOI], delivery: "hrtimer" },
    { row: "A1 under 6.18", on: on(PLAIN, "linux-6.18"), script: running, exits: [ARM_FAST, INTERRUPT, EOI], delivery: "hrtimer" },
    { row: "A2 with AVIC", on: AVIC, script: running, exits: [ARM_SLOW, INTERRUPT], delivery: "hrtimer" },
    { row: "A2 with x2AVIC", on: X2AVIC, script: running, exits: [ARM_FAST, INTERRUPT], delivery: "hrtimer" },
    {
      row: "A2 with x2AVIC under 6.1",
      on: { host: { ...X2AVIC.host, kernel: "linux-6.1", kvm: { avic: "on" } } } as const,
      script: running,
      exits: [ARM_SLOW, INTERRUPT],
      delivery: "hrtimer",
    },
    { row: "A2 with a HLT", on: AVIC, script: halting, exits: [ARM_SLOW, HLT], delivery: "wakeup" },
    { row: "A2 hybrid", on: HYBRID, script: running, exits: [ARM_SLOW, INTERRUPT, EOI], delivery: "hrtimer" },
    { row: "A3 posted", on: exitless(AVIC), script: running, exits: [ARM_SLOW], delivery: "posted" },
    { row: "A3 posted into a guest's own HLT", on: exitless(AVIC), script: halting, exits: [ARM_SLOW], delivery: "posted" },
    { row: "A3 posted under 6.18", on: exitless(X2AVIC), script: running, exits: [ARM_FAST], delivery: "posted" },
    { row: "A3 posted by a doorbell of hybrid AVIC", on: exitless(HYBRID), script: running, exits: [ARM_SLOW, EOI], delivery: "posted" },
    { row: "cpu-pm without AVIC", on: exitless(PLAIN), script: halting, exits: [ARM_SLOW, INTERRUPT, EOI], delivery: "hrtimer" },
  ])("$row", ({ on: setting, script, exits, delivery }) => {
    const played = play({ ...setting, scripts: [script] });
    expect(played.exits[0]!.toSorted()).toEqual([...exits].map(String).toSorted());
    expect(played.programs[0]!.taken).toEqual([2]);
    expect(played.counters.get(`expirations ${delivery}`)).toBe(1n);
    expect(played.counters.get("expirations preemption_timer")).toBe(0n);
  });

  it("re-enters from 5.15 on, and before that leaves svm_vcpu_run, which has no loop", () => {
    const exits = (reentryLoop: "vmx_vcpu_run" | "vcpu_enter_guest") =>
      play({ ...on(PLAIN, "linux-6.18"), traits: { reentryLoop }, scripts: [[{ compute: 1000, op: OP.tscDeadline, operand: 0 }]] }).exits;
    expect(exits("vcpu_enter_guest")).toEqual([[ARM_FAST]]);
    expect(exits("vmx_vcpu_run")).toEqual([[ARM_HANDLED]]);
  });

  it("counts no miss before 6.18, when the fastpath was out of reach, and one where it is turned off", () => {
    const misses = (setting: Setting): readonly (readonly [string, bigint])[] =>
      [...play({ ...setting, scripts: [running] }).counters].filter(([name, count]) => name.startsWith("misses") && count > 0n);
    expect(misses(on(PLAIN, "linux-6.16"))).toEqual([]);
    const off = { host: { ...PLAIN.host, kernel: "linux-6.18", fastpath: { tsc_deadline: "off" } } } as const;
    expect(misses(off)).toEqual([["misses tsc_deadline turned_off", 1n]]);
  });

  it("by the initial count is a register's write: a page fault, an MSR, or what AVIC traps", () => {
    const exits = (setting: Setting) => play({ ...setting, scripts: [[{ compute: 1000, op: OP.oneShot, after: 1e9 }]] }).exits[0];
    expect(exits({ ...PLAIN, guest: XAPIC })).toEqual([NPF]);
    expect(exits(PLAIN)).toEqual([OTHER_MSR]);
    expect(exits(AVIC)).toEqual([TRAP]);
    expect(exits(X2AVIC)).toEqual([TRAP]);
    expect(exits(HYBRID)).toEqual([OTHER_MSR]);
  });
});

/** What the target does when the IPI comes, 0.4 ms after the boot. */
const TARGETS = {
  "runs in the guest": {},
  "is blocked after a HLT exit": { script: [{ compute: 500, op: OP.halt }] },
  "sleeps in its own HLT": { script: [{ compute: 500, op: OP.halt }], guest: { disable_exits: ["hlt"] } },
} as const satisfies Record<string, { script?: readonly Line[]; guest?: Scripted["guest"] }>;
type TargetState = keyof typeof TARGETS;
const RUNS: TargetState = "runs in the guest";
const BLOCKED: TargetState = "is blocked after a HLT exit";
const SLEEPS: TargetState = "sleeps in its own HLT";

/** The first vCPU sends to all that `op` reaches; each other one is in the state given for it. */
function send(op: Op, setting: Setting, states: readonly TargetState[] = [RUNS]) {
  const sender = [{ compute: 1_000_000, op, operand: 1 }];
  const guest = Object.assign(
    {},
    ...states.map((state) => (TARGETS[state] as { guest?: object }).guest ?? {}),
    setting.guest,
  ) as Setting["guest"];
  const scripts = [sender, ...states.map((state) => (TARGETS[state] as { script?: readonly Line[] }).script ?? [])];
  const played = play({ ...setting, ...(guest === undefined ? {} : { guest }), scripts });
  const [sent, ...taken] = played.exits.map((exits) => exits.toSorted());
  return { sent, taken, vectors: played.programs.map(({ taken: vectors }) => vectors), played };
}

describe("an IPI without AVIC (A1)", () => {
  it.each<[KernelName, string]>([
    ["linux-5.5", "slow"],
    ["linux-5.6", "skip"],
    ["linux-5.8", "handled"],
    ["linux-6.6", "handled"],
    ["linux-6.12", "reenter"],
    ["linux-6.18", "reenter"],
  ])("under %s writes its MSR: %s", (kernel, how) => {
    const { sent, taken } = send(OP.ipi, on(PLAIN, kernel));
    expect(sent).toEqual([`msr(icr) ${how}`]);
    expect(taken).toEqual([[INTERRUPT, EOI]]);
  });

  it("wakes a blocked target, and kicks one that sleeps in the guest", () => {
    expect(send(OP.ipi, PLAIN, [BLOCKED]).taken).toEqual([[HLT, EOI]]);
    expect(send(OP.ipi, PLAIN, [SLEEPS]).taken).toEqual([[INTERRUPT, EOI]]);
  });

  it("faults on both halves of an xAPIC's ICR", () => {
    const { sent, taken } = send(OP.ipi, { ...PLAIN, guest: XAPIC });
    expect(sent).toEqual([NPF, NPF]);
    expect(taken).toEqual([[INTERRUPT, NPF]]);
    expect(send(OP.ipiShorthand, { ...PLAIN, guest: XAPIC }, [RUNS, RUNS]).sent).toEqual([NPF]);
  });

  it("finds its target in a handler, and waits for the window", () => {
    const busy: readonly Line[] = [{ compute: 1_000_000, op: OP.selfIpi }];
    const { exits } = play({ ...PLAIN, scripts: [[{ compute: 1_003_000, op: OP.ipi, operand: 1 }], busy] });
    expect(exits[1]).toContain("vintr slow");
  });
});

describe("an IPI with AVIC (A2)", () => {
  it.each([
    ["AVIC", AVIC],
    ["x2AVIC", X2AVIC],
  ])("does not exit where its target is in the guest: %s", (_, setting) => {
    for (const state of [RUNS, SLEEPS]) {
      const { sent, taken, vectors } = send(OP.ipi, setting, [state]);
      expect(sent).toEqual([]);
      expect(taken).toEqual([[]]);
      expect(vectors[1]).toEqual([8]);
    }
  });

  it("exits to wake a target that is blocked", () => {
    for (const setting of [AVIC, X2AVIC]) {
      const { sent, taken, vectors, played } = send(OP.ipi, setting, [BLOCKED]);
      expect(sent).toEqual([INCOMPLETE]);
      expect(taken).toHaveLength(1);
      expect(taken[0]![0]).toMatch(/^hlt/);
      expect(vectors[1]).toEqual([8]);
      expect(played.counters.get("stat halt_wakeup")).toBe(1n);
    }
  });

  it.each([
    ["a shorthand", OP.ipiShorthand],
    ["a broadcast", OP.ipiBroadcast],
  ] as const)("to many by %s exits only if one of them does not run", (_, op) => {
    const all = send(op, X2AVIC, [RUNS, SLEEPS, RUNS]);
    expect(all.sent).toEqual([]);
    const one = send(op, X2AVIC, [RUNS, BLOCKED, RUNS]);
    expect(one.sent).toEqual([INCOMPLETE]);
    // The running ones got their doorbells from AVIC itself.
    expect([one.taken[0], one.taken[2]]).toEqual([[], []]);
    for (const { vectors } of [all, one]) expect(vectors.slice(1)).toEqual([[8], [8], [8]]);
    expect(one.vectors[0]).toEqual(op === OP.ipiBroadcast ? [8] : []);
  });

  it("reaches logical destinations, and the sender itself by the shorthand", () => {
    expect(send(OP.ipi, { ...X2AVIC, guest: { apic: "x2apic-cluster" } }).sent).toEqual([]);
    expect(send(OP.ipiSelf, X2AVIC)).toMatchObject({ sent: [], vectors: [[8], []] });
  });

  it("is no hypercall: that exits whoever runs", () => {
    expect(send(OP.ipiHypercall, X2AVIC, [RUNS, RUNS])).toMatchObject({ sent: ["hypercall slow"], taken: [[], []] });
  });

  it("rings one doorbell after the other", () => {
    const { played } = send(OP.ipiShorthand, X2AVIC, [RUNS, RUNS, RUNS]);
    const at = played.programs.slice(1).map(({ takenAt }) => takenAt[0]!);
    const { avicIpiTarget, ipiFlight, interruptDelivery } = played.host.resolved.cpu.cycles;
    const first = 1_000_000 + ipiFlight.value + interruptDelivery.value;
    expect(at).toEqual([1, 2, 3].map((n) => first + n * avicIpiTarget.value));
  });
});

describe("AVIC that may not complete IPIs (A3)", () => {
  it("exits for each IPI, and KVM rings the doorbell of a running target", () => {
    for (const state of [RUNS, SLEEPS]) {
      const { sent, taken, vectors } = send(OP.ipi, ERRATUM, [state]);
      expect(sent).toEqual([INCOMPLETE]);
      expect(taken).toEqual([[]]);
      expect(vectors[1]).toEqual([8]);
    }
  });

  it("wakes a blocked one", () => {
    const { sent, vectors } = send(OP.ipi, ERRATUM, [BLOCKED]);
    expect(sent).toEqual([INCOMPLETE]);
    expect(vectors[1]).toEqual([8]);
  });

  it("is what enable_ipiv=N does on any CPU, and no kernel before it has the parameter", () => {
    const off = { host: { ...X2AVIC.host, kvm: { enable_ipiv: "off" } } } as const;
    expect(send(OP.ipi, off).sent).toEqual([INCOMPLETE]);
    expect(send(OP.ipi, { ...ERRATUM, host: { ...ERRATUM.host, kernel: "linux-6.16" } }).sent).toEqual([]);
  });
});

describe("an IPI under hybrid AVIC (A4)", () => {
  it("writes its MSR, and reaches a running target by doorbell", () => {
    const { sent, taken, vectors } = send(OP.ipi, HYBRID);
    expect(sent).toEqual(["msr(icr) handled"]);
    expect(taken).toEqual([[EOI]]);
    expect(vectors[1]).toEqual([8]);
  });

  it("wakes a blocked one", () => {
    expect(send(OP.ipi, HYBRID, [BLOCKED]).taken).toEqual([[HLT, EOI]]);
  });
});

describe("an end of interrupt", () => {
  const eoi = (op: Op, setting: Setting) => play({ ...setting, scripts: [[{ compute: 1000, op }]] }).exits[0];

  it("of an edge interrupt is AVIC's own, else an MSR write or a page fault", () => {
    expect(eoi(OP.eoi, PLAIN)).toEqual([EOI]);
    expect(eoi(OP.eoi, { ...PLAIN, guest: XAPIC })).toEqual([NPF]);
    expect(eoi(OP.eoi, HYBRID)).toEqual([EOI]);
    for (const setting of [AVIC, X2AVIC, ERRATUM]) expect(eoi(OP.eoi, setting)).toEqual([]);
  });

  it("of a level interrupt is what AVIC traps", () => {
    for (const setting of [AVIC, X2AVIC]) expect(eoi(OP.levelEoi, setting)).toEqual([TRAP]);
    for (const setting of [PLAIN, HYBRID]) expect(eoi(OP.levelEoi, setting)).toEqual([EOI]);
  });
});

describe("the self-IPI register", () => {
  it("is an intercepted MSR, x2AVIC or not", () => {
    for (const setting of [X2AVIC, HYBRID, PLAIN]) {
      const { exits, programs } = play({ ...setting, scripts: [[{ compute: 1000, op: OP.selfIpi }]] });
      expect(exits[0]![0]).toBe(OTHER_MSR);
      expect(programs[0]!.taken).toEqual([4]);
    }
  });
});

describe("a VM whose AVIC is inhibited", () => {
  it("exits as one without AVIC: an x2APIC guest before 6.1", () => {
    const { sent, taken } = send(OP.ipi, on(HYBRID, "linux-5.15"));
    expect(sent).toEqual(["msr(icr) handled"]);
    expect(taken).toEqual([[INTERRUPT, EOI]]);
  });
});

describe("PAUSE", () => {
  it("exits in spite of cpu-pm until 5.9, which mends its intercept on SVM", () => {
    const exits = (setting: Setting) => play({ ...setting, scripts: [[{ compute: 1000, op: OP.pauseLoop }]] }).exits[0];
    const pm = (kernel: KernelName): Setting => ({ ...on(PLAIN, kernel), guest: { cpu_pm: true } });
    expect(exits(pm("linux-5.8"))).toEqual(["pause slow"]);
    expect(exits(pm("linux-5.10"))).toEqual([]);
  });
});
