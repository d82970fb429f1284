/** What reaches a vCPU whose thread is runnable and does not run. */
import { describe, expect, it } from "vitest";
import { OP } from "../../../src/guest/program.ts";
import type { Line } from "../../../src/guest/script.ts";
import { play, type Played, type Scripted } from "../../support/scripted-host.ts";

const MS = 2.5e6;
/** CFS on eight CPUs: a period of 24 ms, so two threads change places at the tick after 12 ms. */
const kernel = "linux-6.1";
const shared = { host: { kernel, cpus: 8 }, guest: { dedicated: false, placement: "2" } } as const;
const compute = (ms: number): Line => ({ compute: ms * MS, op: OP.cpuid });
/** Computes in pieces for `ms`. */
const works = (ms: number): Line[] => Array.from({ length: ms }, () => compute(1));

const counter = ({ counters }: Played, name: string): number => Number(counters.get(name));
/** Exits of a vCPU other than those of its script's own CPUIDs. */
const exitsOf = (played: Played, vcpu: number): readonly string[] => played.exits[vcpu]!.filter((exit) => exit !== "CPUID slow");

describe("a preempted vCPU's preemption timer", () => {
  /** The first vCPU runs 16 ms and waits as long; its deadline passes meanwhile. The second only computes. */
  const timer = (more: Omit<Scripted, "scripts"> = shared): Played =>
    play({ ...more, scripts: [[{ compute: 1000, op: OP.tscDeadline, after: 21.5 * MS }, ...works(60)], works(60)], ms: 37 });

  it("is noticed only when it runs again, by an exit right after its entry", () => {
    const played = timer();
    const [takenAt] = played.programs[0]!.takenAt;
    expect(takenAt! / MS).toBeGreaterThan(27);
    expect(exitsOf(played, 0)).toEqual(["MSR_WRITE(tsc_deadline) reenter", ...ticks(4), "PREEMPTION_TIMER reenter", ...ticks(1)]);
    expect(exitsOf(played, 1).filter((exit) => exit.startsWith("PREEMPTION"))).toEqual([]);
    expect([counter(played, "expirations hrtimer"), counter(played, "expirations preemption_timer")]).toEqual([0, 1]);
  });

  it("is noticed in time with a CPU of its own", () => {
    const [takenAt] = timer({ ...shared, guest: {} }).programs[0]!.takenAt;
    expect(takenAt! / MS).toBeCloseTo(21.5, 1);
  });

  it("is asked by the host when it is loaded on another CPU, and then costs no exit", () => {
    // Three threads on two CPUs: the one that waits is taken over by the CPU whose thread is done.
    const scripts: Line[][] = [
      [{ compute: 1000, op: OP.tscDeadline, after: 20 * MS }, ...works(60)],
      [...works(24), { compute: 1, op: OP.halt }],
      works(60),
    ];
    const played = play({ host: { kernel, cpus: 8 }, guest: { dedicated: false, placement: "2-3" }, scripts, ms: 45 });
    const [takenAt] = played.programs[0]!.takenAt;
    expect(takenAt! / MS).toBeGreaterThan(24);
    expect(exitsOf(played, 0).filter((exit) => exit.startsWith("PREEMPTION"))).toEqual([]);
    expect(counter(played, "expirations preemption_timer")).toBe(1);
  });

  it("that runs as an hrtimer interrupts whoever has the CPU, and its interrupt still waits", () => {
    const played = timer({ ...shared, host: { ...shared.host, kvm: { preemption_timer: "off" } } });
    expect(played.programs[0]!.takenAt[0]! / MS).toBeGreaterThan(27);
    expect(counter(played, "expirations hrtimer")).toBe(1);
    // Its own ticks, and the other's timer.
    expect(exitsOf(played, 1)).toEqual(ticks(exitsOf(timer(), 1).length + 1));
  });
});

describe("an IPI to a preempted vCPU", () => {
  /** The second vCPU computes on CPU 2 behind the first; the third, on CPU 3, sends an IPI to the one that waits. */
  const ipi = (host: Scripted["host"] = {}): Played =>
    play({
      host: { kernel, cpus: 8, ...host },
      guest: { dedicated: false, placement: "2-3" },
      scripts: [works(60), works(60), [...works(2), { compute: 1000, op: OP.ipi, operand: 1 }, ...works(60)]],
      ms: 45,
    });

  it("costs the sender its exit and no wake-up, and the target nothing: it finds the bit when it runs", () => {
    const played = ipi();
    const sender = played.host.vcpus[2]!;
    expect(played.exits.map((exits) => exits.filter((exit) => exit.includes("icr")).length)).toEqual([0, 0, 1]);
    expect(counter(played, "stat halt_wakeup")).toBe(0);
    expect(played.programs[1]!.taken).toEqual([8]);
    expect(sender.task).not.toBeNull();
  });
});

const ticks = (count: number): string[] => Array.from({ length: count }, () => "EXTERNAL_INTERRUPT slow");
