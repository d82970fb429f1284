/**
 * APIC-timer virtualization, which no kernel has yet: the CPU keeps the guest's deadline (KVM: VMX APIC
 * timer virtualization support v2, kvm@vger, 2026-03-05).
 */
import { describe, expect, it } from "vitest";
import { OP } from "../../../src/guest/program.ts";
import type { Line } from "../../../src/guest/script.ts";
import { KvmHost } from "../../../src/kvm/host.ts";
import { viewCounters } from "../../../src/kvm/host-view.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { namedCounters } from "../../support/counter-names.ts";
import { hostSpec, type HostOverrides } from "../../support/host-spec.ts";
import { play, type Scripted } from "../../support/scripted-host.ts";

const VIRTUAL = { apic_timer_virt: true } as const;
const arm = (after: number): Line => ({ compute: 1000, op: OP.tscDeadline, after });
const halt: Line = { compute: 500, op: OP.halt };
const AFTER = 200_000;

function run(script: readonly Line[], scripted: Omit<Scripted, "scripts"> = {}, others: readonly (readonly Line[])[] = []) {
  const kvm = { ...VIRTUAL, ...scripted.host?.kvm };
  const { exits, counters, programs } = play({ ...scripted, host: { ...scripted.host, kvm }, scripts: [script, ...others] });
  const expirations = [...counters].filter(([name, count]) => name.startsWith("expirations ") && count > 0n).map(([name]) => name);
  const { taken, takenAt } = programs[0]!;
  return { exits: exits[0]!, expirations, taken, late: takenAt[0]! - 1000 - AFTER };
}

describe("a deadline that the CPU keeps", () => {
  it.each([
    { where: "on any Intel CPU and kernel", scripted: { host: { cpu: "haswell-ep", kernel: "linux-4.18" } } },
    { where: "where timers would be posted", scripted: { host: { cpu_pm: true, kvm: { pi_inject_timer: "on" } } } },
    { where: "where hrtimers would fire", scripted: { host: { kvm: { preemption_timer: "off" } } } },
  ] as const)("exits neither when it is written nor when it is over, $where", ({ scripted }) => {
    const { exits, expirations, taken, late } = run([arm(AFTER)], scripted);
    expect(exits).toEqual([]);
    expect(expirations).toEqual(["expirations virtual"]);
    expect(taken).toEqual([2]);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(1000);
  });

  it("wakes the guest from its own HLT", () => {
    expect(run([arm(AFTER), halt], { guest: { disable_exits: ["hlt"] } })).toMatchObject({ exits: [], taken: [2] });
  });

  it("that lies in the past is delivered at once", () => {
    expect(run([arm(-500)])).toMatchObject({ exits: [], taken: [2], expirations: ["expirations virtual"] });
  });

  it("is taken back by a 0", () => {
    expect(run([arm(AFTER), { compute: 1000, op: OP.tscDeadline, operand: 0 }])).toMatchObject({ exits: [], taken: [] });
  });

  it("moves to an hrtimer while the vCPU blocks", () => {
    expect(run([arm(AFTER), halt])).toMatchObject({ exits: ["HLT slow"], taken: [2], expirations: ["expirations wakeup"] });
  });

  it("and back, when something else wakes it", () => {
    const ipi = { compute: AFTER / 2, op: OP.ipi, operand: 0 };
    expect(run([arm(AFTER), halt], {}, [[ipi]])).toMatchObject({
      exits: ["HLT slow"],
      taken: [8, 2],
      expirations: ["expirations virtual"],
    });
  });

  it("that passes during an exit is delivered by the entry", () => {
    const { exits, taken, late } = run([arm(AFTER), { compute: AFTER - 1000, op: OP.portIo }]);
    expect(exits).toEqual(["IO_INSTRUCTION slow"]);
    expect(taken).toEqual([2]);
    expect(late).toBeGreaterThan(5000);
  });
});

describe("no deadline is kept by the CPU", () => {
  it.each([
    { fact: "without APICv, which would take the interrupt", script: [arm(AFTER)], host: { kvm: { enable_apicv: "off" } }, count: 3 },
    { fact: "for a timer that counts", script: [{ compute: 1000, op: OP.oneShot, after: AFTER }], host: {}, count: 2 },
  ] as const)("$fact", ({ script, host, count }) => {
    const { exits, expirations } = run(script, { host });
    expect(exits).toHaveLength(count);
    expect(expirations).toEqual(["expirations preemption_timer"]);
  });
});

it("a deadline outlives a change of the configuration, whichever way", () => {
  const guests = { g: { vcpus: 2, workload: "cyclictest", disable_exits: ["hlt"] } } as const;
  const spec = (kvm: NonNullable<HostOverrides["kvm"]>) => resolveHost(hostSpec({ cpus: 8, kvm, guests }));
  const ways = [VIRTUAL, {}, VIRTUAL, { enable_apicv: "off" }, { ...VIRTUAL, pi_inject_timer: "on" }, { preemption_timer: "off" }] as const;
  const host = new KvmHost(spec(ways[0]), 1);
  const [ms, times] = [40, 64];
  for (let i = 1; i <= times; i++) {
    host.advance((i * ms * 2.5e6) / times);
    host.configure(spec(ways[i % ways.length]!));
  }
  const counters = [...namedCounters(viewCounters(host))];
  const expirations = counters.filter(([name]) => name.startsWith("expirations ")).map(([, count]) => Number(count));
  expect(expirations.filter((count) => count > 0).length).toBeGreaterThan(2);
  // Each vCPU's thread wakes once a millisecond; a deadline that was lost would be its last.
  expect(expirations.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(2 * (ms - 2));
});
