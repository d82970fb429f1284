/**
 * Exits of one HLT, and of INVD: arch/x86/kvm/x86.c kvm_emulate_halt, handle_fastpath_hlt (6.12),
 * handle_fastpath_invd (6.18), each played by a scripted guest.
 */
import { describe, expect, it } from "vitest";
import { OP } from "../../../src/guest/program.ts";
import { play, type Played, type Scripted } from "../../support/scripted-host.ts";

const from612 = { host: { kernel: "linux-6.12" } } as const;
const HALT_AT = 1_000_000;

/** One vCPU halts; an IPI is sent to it `early` cycles before. */
function haltAndIpi(early: number, scripted: Omit<Scripted, "scripts">): Played {
  return play({
    ...scripted,
    scripts: [[{ compute: HALT_AT, op: OP.halt }], [{ compute: HALT_AT - early, op: OP.ipi, operand: 0 }]],
  });
}
const nonzero = ({ counters }: Played, prefix: string): readonly string[] =>
  [...counters].filter(([name, count]) => name.startsWith(prefix) && count > 0n).map(([name]) => name);
/** The IPI is delivered from right after the HLT on, until the vCPU sleeps. */
const TIMES = Array.from({ length: 60 }, (_, i) => 900 - 100 * i);

describe("a HLT", () => {
  it("whose interrupt is already there re-enters from 6.12 on, and one that must sleep misses", () => {
    const ways = new Set<string>();
    for (const early of TIMES) {
      const played = haltAndIpi(early, from612);
      expect(played.programs[0]!.taken).toEqual([8]);
      const [how] = played.exits[0]!;
      const hit = how === "HLT reenter";
      if (!hit) expect(how).toBe("HLT handled");
      expect(nonzero(played, "hits hlt")).toEqual(hit ? ["hits hlt"] : []);
      expect(nonzero(played, "misses hlt")).toEqual(hit ? [] : ["misses hlt must_block"]);
      ways.add(`${how}${nonzero(played, "stat halt_wakeup").length > 0 ? ", slept" : ""}`);
    }
    // The third: the interrupt came between the fastpath's look and the outer loop's.
    expect([...ways].toSorted()).toEqual(["HLT handled", "HLT handled, slept", "HLT reenter"]);
  });

  it("takes the handler on older kernels, where it is no capable exit, and with the fastpath turned off", () => {
    for (const early of TIMES) {
      const old = haltAndIpi(early, { host: { kernel: "linux-6.8" } });
      expect([old.exits[0], nonzero(old, "misses hlt")]).toEqual([["HLT slow"], []]);
      const off = haltAndIpi(early, { host: { kernel: "linux-6.12", fastpath: { hlt: "off" } } });
      expect([off.exits[0], nonzero(off, "misses hlt")]).toEqual([["HLT slow"], ["misses hlt turned_off"]]);
    }
  });

  it("that is woken by the guest's timer leaves the fastpath like one woken by an IPI", () => {
    const played = play({
      ...from612,
      scripts: [
        [
          { compute: 1000, op: OP.tscDeadline, after: 400_000 },
          { compute: 500, op: OP.halt },
        ],
      ],
    });
    expect(played.exits[0]).toEqual(["MSR_WRITE(tsc_deadline) reenter", "HLT handled"]);
    expect(nonzero(played, "expirations")).toEqual(["expirations wakeup"]);
  });

  it("without APICv hits the fastpath and then leaves the inner loop to inject", () => {
    const hits = TIMES.map((early) => haltAndIpi(early, { host: { ...from612.host, kvm: { enable_apicv: "off" } } })).filter(
      ({ exits }) => exits[0]![0] === "HLT reenter",
    );
    expect(hits.length).toBeGreaterThan(3);
    for (const { exits, programs } of hits) {
      expect(exits[0]).toEqual(["HLT reenter", "MSR_WRITE(eoi) slow"]);
      expect(programs[0]!.taken).toEqual([8]);
    }
  });

  it("counts as a halt and as an exit in KVM's statistics on every path", () => {
    for (const early of TIMES) {
      const { counters } = haltAndIpi(early, from612);
      expect(counters.get("stat halt_exits")).toBe(1n);
      expect(counters.get("stat exits")).toBe(2n);
    }
  });
});

describe("INVD", () => {
  it.each([
    { kernel: "linux-6.16", fastpath: "auto", how: "slow", misses: [] },
    { kernel: "linux-6.18", fastpath: "auto", how: "reenter", misses: [] },
    { kernel: "linux-6.18", fastpath: "off", how: "slow", misses: ["misses invd turned_off"] },
  ] as const)("on $kernel with its fastpath $fastpath is $how", ({ kernel, fastpath, how, misses }) => {
    const played = play({ host: { kernel, fastpath: { invd: fastpath } }, scripts: [[{ compute: 1000, op: OP.invd }]] });
    expect(played.exits).toEqual([[`INVD ${how}`]]);
    expect(nonzero(played, "misses invd")).toEqual(misses);
    expect(nonzero(played, "hits invd")).toEqual(how === "reenter" ? ["hits invd"] : []);
  });
});
