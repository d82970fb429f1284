/** Guests that spin: PAUSE-loop exits, the vCPU that KVM lets run first, and the hypercall that names one. */
import { describe, expect, it } from "vitest";
import { OP, Program } from "../../../src/guest/program.ts";
import { ScriptProgram, type Line } from "../../../src/guest/script.ts";
import { KvmHost } from "../../../src/kvm/host.ts";
import { viewCounters } from "../../../src/kvm/host-view.ts";
import type { GuestSpec } from "../../../src/kvm/host-spec.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { namedCounters } from "../../support/counter-names.ts";
import { hostSpec } from "../../support/host-spec.ts";
import { play } from "../../support/scripted-host.ts";

const MS = 2.5e6;

/** A flag that one program sets and the other spins for. */
class Flag {
  setAt = -1;
}

/** Computes for `cycles` in its kernel, then sets the flag. */
class Holder extends Program {
  private readonly flag: Flag;
  private readonly cycles: number;
  private done = false;
  constructor(flag: Flag, cycles: number) {
    super();
    this.flag = flag;
    this.cycles = cycles;
  }
  override next(now: number): void {
    if (this.done && this.flag.setAt < 0) {
      this.flag.setAt = now;
      this.stored(1);
    }
    this.run(this.done ? Infinity : this.cycles, this.done ? OP.done : OP.none);
    this.done = true;
  }
  protected override startHandler(): void {
    this.endOfHandler();
  }
  override arrive(): boolean {
    return false;
  }
  override moveInstants(): void {
    this.done ||= false;
  }
}

/** Spins until the flag is set, from its first instruction on. */
class Spinner extends Holder {
  private readonly waitsFor: Flag;
  constructor(flag: Flag) {
    super(new Flag(), 0);
    this.waitsFor = flag;
  }
  override next(): void {
    if (this.waitsFor.setAt < 0) this.run(0, OP.spin);
    else this.run(Infinity, OP.done);
  }
  override memoryChanged(): boolean {
    this.run(100, OP.none);
    return true;
  }
}

interface Spun {
  /** When the flag was set, in ms. */
  readonly setAtMs: number;
  /** When PAUSE exits of the spinner began, in cycles. */
  readonly pauses: readonly number[];
}

/** The holder needs `holdMs` of computation before it sets the flag; both start at once. */
function spinAndHold(holdMs: number, guest: Partial<GuestSpec>): Spun {
  const flag = new Flag();
  const resolved = resolveHost(hostSpec({ cpus: 8, kernel: "linux-6.1", guests: { g: { vcpus: 2, ...guest } } }));
  const host = new KvmHost(resolved, 2, () => [new Holder(flag, holdMs * MS), new Spinner(flag)]);
  const pauses: number[] = [];
  host.observe((_vcpu, { reason }, total, end) => {
    if (reason === "PAUSE_INSTRUCTION") pauses.push(end - total);
  });
  host.advance(80 * MS);
  return { setAtMs: flag.setAt / MS, pauses };
}

describe("a vCPU that spins for another one", () => {
  it("lets that run when the host has preempted it", () => {
    // On one CPU the holder's 20 ms do not fit into its first turn of 16 ms.
    const together = { dedicated: false, placement: "2" } as const;
    const yields = spinAndHold(20, together);
    const spins = spinAndHold(20, { ...together, disable_exits: ["pause"] });
    // With PAUSE exits the spinner's turn is a few microseconds; without, it lasts until the scheduler ends it.
    expect(yields.setAtMs).toBeLessThan(20.5);
    expect(yields.pauses.length).toBeGreaterThan(0);
    expect(spins.pauses).toEqual([]);
    expect(spins.setAtMs).toBeGreaterThan(30);
  });

  it("with a CPU of its own has no one to yield to, and exits all the same, each time after twice as long", () => {
    const { pauses, setAtMs } = spinAndHold(3, {});
    expect(setAtMs).toBeCloseTo(3, 1);
    const gaps = pauses.slice(1).map((at, i) => at - pauses[i]!);
    expect(gaps.length).toBeGreaterThan(6);
    // 8192, 16384, … of spinning, and an exit before.
    gaps.slice(0, 6).forEach((gap, i) => {
      expect(gap).toBeGreaterThan(4096 * 2 ** (i + 1));
      expect(gap).toBeLessThan(4096 * 2 ** (i + 1) + 12_000);
    });
  });
});

describe("KVM_HC_SCHED_YIELD", () => {
  /** The third vCPU, on CPU 3 alone or with another, asks for the one that waits on CPU 2. */
  const compute = (ms: number): Line[] => Array.from({ length: ms }, () => ({ compute: MS, op: OP.cpuid }));
  const yields = (vcpus: number): ReadonlyMap<string, bigint> => {
    const asks: Line[] = [...compute(2), { compute: 1000, op: OP.schedYield, operand: 1 }, ...compute(40)];
    // vCPUs start on CPUs 2, 3, 2, 3.
    const scripts = [compute(60), asks, compute(60), compute(60)].slice(0, vcpus);
    if (vcpus > 2) scripts[1] = asks.map((line) => (line.op === OP.schedYield ? { ...line, operand: 2 } : line));
    return play({ host: { kernel: "linux-6.1", cpus: 8 }, guest: { dedicated: false, placement: "2-3" }, scripts, ms: 10 }).counters;
  };

  it("is attempted in vain when its own CPU has nothing else to run", () => {
    const counters = yields(3);
    expect([counters.get("stat directed_yield_attempted"), counters.get("stat directed_yield_successful")]).toEqual([1n, 0n]);
  });

  it("lets a vCPU that waits on another CPU run", () => {
    const counters = yields(4);
    expect([counters.get("stat directed_yield_attempted"), counters.get("stat directed_yield_successful")]).toEqual([1n, 1n]);
  });
});

it("a Linux guest spins for the locks of vCPUs that lost their CPU to another guest while they held one", () => {
  /** PAUSE exits a second of useful work; hackbench's own are 20. */
  const rate = (guest: Partial<GuestSpec>): number => {
    const guests = { messages: { vcpus: 4, workload: "hackbench", ...guest }, busy: { vcpus: 4, workload: "packets", ...guest } } as const;
    // Half a second has a handful of such moments: a seed that met some.
    const host = new KvmHost(resolveHost(hostSpec({ cpus: 16, kernel: "linux-6.12", guests })), 3);
    host.advance(500 * MS);
    const counters = namedCounters(viewCounters(host));
    const seconds = Number(counters.get("work hackbench")) / 2.5e9;
    return Number(counters.get("exits PAUSE_INSTRUCTION kernel")) / seconds;
  };
  expect(rate({ dedicated: true })).toBeLessThan(35);
  expect(rate({ dedicated: false, placement: "2-5" })).toBeGreaterThan(50);
  expect(rate({ dedicated: false, placement: "2-5", disable_exits: ["pause"] })).toBe(0);
});

it("a scripted guest may wait for memory that no one changes", () => {
  const spin = new ScriptProgram([{ compute: 1000, op: OP.spin }]);
  const host = new KvmHost(resolveHost(hostSpec({ cpus: 8, guests: { g: { vcpus: 1, disable_exits: ["pause"] } } })), 1, () => [spin]);
  host.advance(MS);
  expect(host.vcpus[0]!.stepAt).toBe(Infinity);
});
