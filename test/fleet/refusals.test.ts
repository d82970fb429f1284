/** What keeps a VM from moving, and what does not. */
import { describe, expect, it } from "vitest";
import type { Action } from "../../src/fleet/action.ts";
import { DIRECTIONS } from "../../src/kvm/counters.ts";
import type { HostOverrides } from "../support/host-spec.ts";
import { add, move, plan, SMALL, World } from "../support/moving-fleet.ts";

const FAST = plan("fast");
const SLOW = plan("slow", { kernel: "linux-4.18" });

describe("a migration is refused", () => {
  const refused = (from: HostOverrides, to: HostOverrides): string => {
    const world = new World(plan("a", from), plan("b", to)).do(move("web-1", "a", "b"));
    expect(world.last.state).toBe("refused");
    expect(DIRECTIONS.reduce((sum, direction) => sum + world.count("a", direction, "refused"), 0)).toBe(1);
    expect(Object.keys(world.run(50).vms("a"))).toContain("web-1");
    return world.last.reason!;
  };

  it.each<[string, HostOverrides, HostOverrides, RegExp]>([
    [
      "to another CPU model",
      {},
      { cpu: "icelake-sp" },
      /^CPUID: the guest sees its host's CPU, skylake-sp, the destination is icelake-sp$/,
    ],
    ["between Skylake and Cascade Lake", {}, { cpu: "cascade-lake" }, /^CPUID/],
    ["to a host without TSX", {}, { tsx: "off" }, /TSX \(hle, rtm\), which the destination lacks: tsx=off$/],
    [
      "to old microcode",
      {},
      { mitigations: { microcode: "old" } },
      /MD_CLEAR and ARCH_CAPABILITIES, which the destination lacks: old microcode$/,
    ],
    [
      "to another TSC frequency without scaling",
      { cpu: "broadwell-ep", ghz: 2.4 },
      { cpu: "broadwell-ep", ghz: 2.2 },
      /ticks at 2.4 GHz, the destination's at 2.2, and broadwell-ep has no TSC scaling$/,
    ],
    [
      "to a kernel that cannot leave polling to the guest, which does it itself",
      { guests: { web: { ...SMALL, pv: { ipi: true, eoi: true, haltpoll: true } } } },
      { kernel: "linux-4.18" },
      /^CPUID: the guest sees KVM_FEATURE_POLL_CONTROL, which the destination lacks: its kernel has no MSR_KVM_POLL_CONTROL/,
    ],
    ["with an assigned device", { guests: { web: { ...SMALL, assigned_device: true } } }, {}, /^a device is assigned/],
    ["where no CPU is free", {}, { guests: { web: { ...SMALL, count: 8 } } }, /^no free CPUs: expected 2 free CPUs/],
    [
      "where no CPU of its placement is",
      { cmdline: { nohz_full: "8-15" }, guests: { web: { ...SMALL, placement: "isolated" } } },
      {},
      /^no free CPUs: .*neither nohz_full nor isolcpus/,
    ],
  ])("%s", (_, from, to, reason) => {
    expect(refused(from, to)).toMatch(reason);
  });

  it.each<[string, HostOverrides, HostOverrides]>([
    ["to a host that has TSX", { tsx: "off" }, {}],
    ["to newer microcode", { mitigations: { microcode: "old" } }, {}],
    ["to a kernel without POLL_CONTROL, which it does not use", {}, { kernel: "linux-4.18" }],
    ["to another TSC frequency that the CPU scales to", { ghz: 2.5 }, { ghz: 2.1 }],
    ["to one that is off by less than tsc_tolerance_ppm", { cpu: "broadwell-ep", ghz: 2.2 }, { cpu: "broadwell-ep", ghz: 2.2005 }],
    [
      "to a host without the guest's fastpaths, APICv or preemption timer",
      {},
      { kernel: "linux-4.18", kvm: { enable_apicv: "off", preemption_timer: "off" } },
    ],
  ])("but not %s", (_, from, to) => {
    const world = new World(plan("a", from), plan("b", to)).do(move("web-1", "a", "b")).run(200);
    expect(world.last).toMatchObject({ state: "completed", reason: null });
  });

  it("by what it knows of names", () => {
    const world = new World(FAST, SLOW);
    const reasonOf = (action: Action): string => world.do(action).last.reason!;
    expect(reasonOf(move("web-9", "fast", "slow"))).toBe('host fast has no VM "web-9"; it has web-1, web-2');
    expect(reasonOf(move("web-1", "nowhere", "slow"))).toBe('no host is named "nowhere"');
    expect(reasonOf(move("web-1", "fast", "nowhere"))).toBe('no host or group is named "nowhere"');
    expect(reasonOf(move("web-1", "fast", "fast"))).toBe("the VM is there already");
    world.do(move("web-1", "fast", "slow"));
    expect(reasonOf(move("web-1", "fast", "slow"))).toBe("it is on its way already");
  });

  it("by a whole group when none of its hosts can take the VM in, else the first that can does", () => {
    const full = { guests: { web: { ...SMALL, count: 8 } } };
    const world = new World(plan("a"), plan("b-1", full, "b"), plan("b-2", full, "b"));
    expect(world.do(move("web-1", "a", "b")).last.reason).toMatch(/^no host of b can take it in, b-1: no free CPUs/);
    world
      .do(add(plan("b-3", {}, "b")))
      .do(move("web-1", "a", "b"))
      .run(200);
    expect(world.last).toMatchObject({ state: "completed", to: "b-3" });
  });

  it("by the command line that the VM was started with, not by the destination's", () => {
    const world = new World(plan("a", { cpu_pm: true }), plan("b"))
      .run(20)
      .do(move("web-1", "a", "b"))
      .run(200);
    expect(world.last.state).toBe("completed");
    const there = world.host("b").resolved.guests.find(({ name }) => name === "web-1@a")!;
    expect([there.hltInGuest, there.mwaitInGuest]).toEqual([true, true]);
  });
});
