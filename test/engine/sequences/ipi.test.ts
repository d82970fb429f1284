/**
 * Exits of one inter-processor interrupt, at its sender and at its target, and of one end of
 * interrupt. The rows are those of KVM's code paths (arch/x86/kvm/lapic.c kvm_apic_send_ipi,
 * vmx/vmx.c vmx_deliver_posted_interrupt, x86.c handle_fastpath_set_x2apic_icr_irqoff from 4.18 to
 * 6.18); each is played by scripted guests, and what comes out of the engine is compared as multisets.
 */
import { describe, expect, it } from "vitest";
import { OP, type Op } from "../../../src/guest/program.ts";
import type { Line } from "../../../src/guest/script.ts";
import type { ExitObserver } from "../../../src/kvm/run-loop.ts";
import type { IcrFastpath } from "../../../src/kvm/kernel.ts";
import { play, type Scripted } from "../../support/scripted-host.ts";

const HLT = "HLT slow";
const INTERRUPT = "EXTERNAL_INTERRUPT slow";
const EOI = "MSR_WRITE(eoi) slow";
const APIC_ACCESS = "APIC_ACCESS slow";
const icr = (how: string): string => `MSR_WRITE(icr) ${how}`;

/** What the target does when the IPI comes, 0.4 ms after the boot. */
const TARGETS = {
  "runs in the guest": {},
  "is blocked after a HLT exit": { script: [{ compute: 500, op: OP.halt }] },
  "sleeps in its own HLT": { script: [{ compute: 500, op: OP.halt }], guest: { disable_exits: ["hlt"] } },
} as const satisfies Record<string, { script?: readonly Line[]; guest?: Scripted["guest"] }>;
const TARGET_STATES = Object.keys(TARGETS) as (keyof typeof TARGETS)[];

/** The first vCPU sends, the others are its targets. */
function send(op: Op, scripted: Omit<Scripted, "scripts">, state: keyof typeof TARGETS = "runs in the guest", targets = 1) {
  const target: { script?: readonly Line[]; guest?: Scripted["guest"] } = TARGETS[state];
  const sender = [{ compute: 1_000_000, op, operand: 1 }];
  const others = Array.from({ length: targets }, () => target.script ?? []);
  const played = play({ ...scripted, guest: { ...target.guest, ...scripted.guest }, scripts: [sender, ...others] });
  const misses = [...played.counters].filter(([name, count]) => name.startsWith("misses icr") && count > 0n).map(([name]) => name);
  const [sent, ...taken] = played.exits.map((exits) => exits.toSorted());
  return { sent, taken, misses, programs: played.programs };
}

const ERAS: readonly { kernels: string; icr: IcrFastpath; how: string }[] = [
  { kernels: "up to 5.4", icr: "absent", how: "slow" },
  { kernels: "5.5 to 5.7", icr: "skip", how: "skip" },
  { kernels: "5.8 to 6.11", icr: "handled", how: "handled" },
  { kernels: "from 6.12 on", icr: "reenter", how: "reenter" },
];
const era = (of: IcrFastpath): Omit<Scripted, "scripts"> => {
  if (of === "absent") return { host: { kernel: "linux-4.18" } };
  return { host: { kernel: "linux-5.8" }, traits: { icr: of } };
};
const APICV_OFF = { enable_apicv: "off" } as const;
const IPIV = { value: true, why: "a CPU with IPI virtualization" };

describe("a unicast IPI with APICv (I1)", () => {
  for (const { kernels, icr: of, how } of ERAS) {
    it.each(TARGET_STATES)(`${kernels} exits at its sender (${how}) and not at a target that %s`, (state) => {
      const { sent, taken, programs } = send(OP.ipi, era(of), state);
      expect(sent).toEqual([icr(how)]);
      expect(taken).toEqual([state.includes("blocked") ? [HLT] : []]);
      expect(programs[1]!.taken).toEqual([8]);
    });
  }
});

describe("a unicast IPI without APICv (I2)", () => {
  for (const { kernels, icr: of, how } of ERAS) {
    it.each(TARGET_STATES)(`${kernels} (${how}) kicks a target out of the guest when it %s, and its EOI exits`, (state) => {
      const { host, ...rest } = era(of);
      const { sent, taken } = send(OP.ipi, { ...rest, host: { ...host, kvm: APICV_OFF } }, state);
      expect(sent).toEqual([icr(how)]);
      expect(taken).toEqual([state.includes("blocked") ? [HLT, EOI] : [INTERRUPT, EOI]]);
    });
  }
});

describe("IPI virtualization (I3)", () => {
  it.each(TARGET_STATES)("sends a unicast without an exit to a target that %s", (state) => {
    const { sent, taken, programs } = send(OP.ipi, { resolved: { ipiVirtualization: IPIV } }, state);
    expect(sent).toEqual([]);
    expect(taken).toEqual([state.includes("blocked") ? [HLT] : []]);
    expect(programs[1]!.taken).toEqual([8]);
  });

  it("interrupts whoever runs where a blocked target ran last, before the target's new CPU asks for its VMCS", () => {
    const halts = (after: number): Line[] => [{ compute: after, op: OP.halt }];
    // The target's CPU goes to the last vCPU when it halts; the third vCPU's is free again when the IPI comes.
    const scripts = [[{ compute: 1_000_000, op: OP.ipi, operand: 1 }], halts(500), halts(200_000), []];
    const guest = { dedicated: false, placement: "1-3" } as const;
    const interrupted = (value: boolean): number[] => {
      const begun: number[] = [];
      const onExit: ExitObserver = (vcpu, kind, total, end) => {
        if (vcpu.index === 3 && kind.reason === "EXTERNAL_INTERRUPT") begun.push(end - total);
      };
      const { programs } = play({ guest, scripts, resolved: { ipiVirtualization: { ...IPIV, value } }, onExit });
      expect(programs[1]!.taken).toEqual([8]);
      return begun;
    };
    // When it got its CPU from another one, and when the target is taken to a third.
    expect(interrupted(false)).toHaveLength(2);
    const begun = interrupted(true);
    expect(begun).toHaveLength(3);
    expect(begun).toContain(1_000_000);
  });

  it.each([
    ["a logical destination", OP.ipiLogical],
    ["a shorthand", OP.ipiShorthand],
    ["a broadcast", OP.ipiBroadcast],
  ] as const)("traps %s after the write", (_, op) => {
    const { sent, taken, misses } = send(op, { resolved: { ipiVirtualization: IPIV } });
    expect(sent).toEqual(["APIC_WRITE slow"]);
    expect(taken).toEqual([[]]);
    expect(misses).toEqual([]);
  });

  it("traps the IPIs of a guest in cluster mode, which are logical", () => {
    const { sent } = send(OP.ipi, { resolved: { ipiVirtualization: IPIV }, guest: { apic: "x2apic-cluster" } });
    expect(sent).toEqual(["APIC_WRITE slow"]);
  });
});

describe("the hypercall that sends IPIs (I4)", () => {
  it("exits once for all its targets", () => {
    const { sent, taken, programs } = send(OP.ipiHypercall, {}, "runs in the guest", 3);
    expect(sent).toEqual(["VMCALL slow"]);
    expect(taken).toEqual([[], [], []]);
    expect(programs.slice(1).map((program) => program.taken)).toEqual([[8], [8], [8]]);
  });

  it("kicks each running target when there is no APICv", () => {
    const { taken } = send(OP.ipiHypercall, { host: { kvm: APICV_OFF } }, "runs in the guest", 2);
    expect(taken).toEqual([
      [INTERRUPT, EOI],
      [INTERRUPT, EOI],
    ]);
  });
});

describe("an xAPIC guest (I5)", () => {
  it("has its write of the ICR trapped by APICv", () => {
    const { sent, taken, misses } = send(OP.ipi, { guest: { apic: "xapic" } });
    expect(sent).toEqual(["APIC_WRITE slow"]);
    expect(taken).toEqual([[]]);
    expect(misses).toEqual(["misses icr not_x2apic"]);
  });

  it("exits for each half of the ICR without APICv", () => {
    const { sent, taken, misses } = send(OP.ipi, { host: { kvm: APICV_OFF }, guest: { apic: "xapic" } });
    expect(sent).toEqual([APIC_ACCESS, APIC_ACCESS]);
    expect(taken).toEqual([[APIC_ACCESS, INTERRUPT]]);
    expect(misses).toEqual(["misses icr not_x2apic"]);
  });

  it("needs no destination for a shorthand", () => {
    expect(send(OP.ipiShorthand, { host: { kvm: APICV_OFF }, guest: { apic: "xapic" } }).sent).toEqual([APIC_ACCESS]);
  });
});

describe("the self-IPI register (I6)", () => {
  it("is virtualized by APICv", () => {
    expect(play({ scripts: [[{ compute: 1000, op: OP.selfIpi }]] }).exits).toEqual([[]]);
  });

  it("is an ordinary MSR without it", () => {
    const { exits, programs } = play({ host: { kvm: APICV_OFF }, scripts: [[{ compute: 1000, op: OP.selfIpi }]] });
    expect(exits).toEqual([["MSR_WRITE(other) slow", EOI]]);
    expect(programs[0]!.taken).toEqual([4]);
  });
});

describe("an ICR write that is no physical unicast (I7)", () => {
  const before618 = { host: { kernel: "linux-5.8" } } as const;
  const from618 = { ...before618, traits: { icr: "reenter", icrAccepts: "any_fast" } } as const;
  it.each([
    { what: "a logical destination", op: OP.ipiLogical, cause: "logical_destination", later: "reenter" },
    { what: "a shorthand", op: OP.ipiShorthand, cause: "shorthand", later: "slow" },
    { what: "a broadcast", op: OP.ipiBroadcast, cause: "broadcast", later: "slow" },
  ])("with $what misses up to 6.17, and from 6.18 on is $later", ({ op, cause, later }) => {
    const missed = send(op, before618, "runs in the guest", 2);
    expect(missed).toMatchObject({ sent: [icr("slow")], taken: [[], []], misses: [`misses icr ${cause}`] });
    const now = send(op, from618, "runs in the guest", 2);
    expect(now.sent).toEqual([icr(later)]);
    expect(now.misses).toEqual(later === "slow" ? [`misses icr ${cause}`] : []);
  });

  it("with a broadcast hits in 5.5 and 5.6, which do not look for one", () => {
    const { sent, programs } = send(OP.ipiBroadcast, { ...before618, traits: { icr: "skip", icrAccepts: "physical_fixed" } });
    expect(sent).toEqual([icr("skip")]);
    expect(programs.map((program) => program.taken)).toEqual([[8], [8]]);
  });

  it("is what a guest in cluster mode always sends", () => {
    const cluster = { guest: { apic: "x2apic-cluster" } } as const;
    expect(send(OP.ipi, { ...before618, ...cluster }).misses).toEqual(["misses icr logical_destination"]);
    expect(send(OP.ipi, { ...from618, ...cluster }).sent).toEqual([icr("reenter")]);
  });
});

describe("an end of interrupt", () => {
  const eoi = (op: Op, scripted: Omit<Scripted, "scripts">): readonly (readonly string[])[] =>
    play({ ...scripted, scripts: [[{ compute: 1000, op }]] }).exits;
  const xapic = { guest: { apic: "xapic" } } as const;
  const off = { host: { kvm: APICV_OFF } } as const;

  it.each([
    { what: "of an edge interrupt is virtualized by APICv", op: OP.eoi, scripted: {}, exits: [] },
    { what: "of a level interrupt is induced into an exit", op: OP.levelEoi, scripted: {}, exits: ["EOI_INDUCED slow"] },
    { what: "of an x2APIC without APICv is a slow MSR write", op: OP.eoi, scripted: off, exits: [EOI] },
    { what: "of its level interrupts, too", op: OP.levelEoi, scripted: off, exits: [EOI] },
    { what: "of an xAPIC without APICv accesses the page", op: OP.eoi, scripted: { ...off, ...xapic }, exits: [APIC_ACCESS] },
    {
      what: "is slow under every kernel",
      op: OP.eoi,
      scripted: { ...off, traits: { icr: "reenter", icrAccepts: "any_fast" } as const },
      exits: [EOI],
    },
  ])("$what", ({ op, scripted, exits }) => {
    expect(eoi(op, scripted)).toEqual([exits]);
  });
});

describe("PV EOI", () => {
  const pv = { ipi: true, eoi: true, haltpoll: false };
  const off = { host: { kvm: APICV_OFF }, guest: { pv } } as const;
  const expiry: Line = { compute: 1000, op: OP.tscDeadline, after: 40_000 };
  const eois = (exits: readonly string[]): number => exits.filter((exit) => exit === EOI || exit === APIC_ACCESS).length;

  it("lets the end of an interrupt that came alone be a bit in memory", () => {
    const { exits, programs } = play({ ...off, scripts: [[expiry]] });
    expect(exits).toEqual([["MSR_WRITE(tsc_deadline) reenter", "PREEMPTION_TIMER handled"]]);
    expect(programs[0]!.taken).toEqual([2]);
  });

  it("does so for an xAPIC, too", () => {
    expect(eois(play({ ...off, guest: { pv, apic: "xapic" }, scripts: [[expiry]] }).exits[0]!)).toBe(0);
  });

  it("asks for no bit when a second vector waits: that handler's EOI exits, the last one's does not", () => {
    const found = Array.from({ length: 80 }, (_, i) =>
      play({ ...off, scripts: [[expiry], [{ compute: 36_000 + 100 * i, op: OP.ipi, operand: 0 }]], ms: 0.1 }),
    ).find(({ exits }) => exits[0]!.includes("INTERRUPT_WINDOW slow") && !exits[0]!.includes(INTERRUPT));
    expect(eois(found!.exits[0]!)).toBe(1);
    expect(found!.programs[0]!.taken).toEqual([8, 2]);
  });

  it("is taken back by an exit before the EOI", () => {
    const silent = new Set<number>();
    for (let offset = 0; offset < 4000; offset += 20) {
      const sender: Line = { compute: 30_000 + offset, op: OP.ipi, operand: 0 };
      const { exits, programs } = play({ ...off, scripts: [[{ compute: 30_000, op: OP.selfIpi }], [sender]], ms: 0.1 });
      expect(new Set(programs[0]!.taken)).toEqual(new Set([4, 8]));
      expect(programs[0]!.taken).toHaveLength(2);
      silent.add(eois(exits[0]!));
    }
    // Each interrupt alone; or the second one kicks the guest out of the first one's handler before its EOI.
    expect(silent).toEqual(new Set([0, 1]));
  });

  it("never spares a level interrupt its EOI", () => {
    expect(play({ ...off, scripts: [[{ compute: 1000, op: OP.levelEoi }]] }).exits).toEqual([[EOI]]);
  });
});

it("a Windows guest acknowledges by an MSR of Hyper-V, whatever its APIC", () => {
  const guest = { apic: "xapic", timer: "hv_stimer" } as const;
  expect(play({ host: { kvm: APICV_OFF }, guest, scripts: [[{ compute: 1000, op: OP.eoi }]] }).exits).toEqual([[EOI]]);
});
