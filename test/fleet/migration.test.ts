/** VMs that move among the hosts of a fleet. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MigrationRecord } from "../../src/fleet/migration.ts";
import { counterAt } from "../../src/fleet/snapshot.ts";
import { AT, VCPU_STATES } from "../../src/kvm/counters.ts";
import { change, move, MS, plan, SMALL, World } from "../support/moving-fleet.ts";

const FAST = plan("fast");
const SLOW = plan("slow", { kernel: "linux-4.18" });

describe("a VM that moves", () => {
  it("lives on the other host afterwards, under its name and its home's, and comes back to its CPUs", () => {
    const world = new World(FAST, SLOW).run(20);
    const home = world.vms("fast");
    world.do(move("web-1", "fast", "slow")).run(200);
    expect(world.last).toMatchObject({
      state: "completed",
      home: "fast",
      vm: "web-1",
      from: "fast",
      to: "slow",
      direction: "fast_to_slow",
    });
    expect(Object.keys(world.vms("fast"))).toEqual(["web-2"]);
    expect(Object.keys(world.vms("slow"))).toEqual(["web-1", "web-2", "web-1@fast"]);
    world.do(move("web-1@fast", "slow", "fast")).run(200);
    expect(world.last).toMatchObject({ state: "completed", direction: "slow_to_fast", guest: "web-1@fast" });
    expect(world.vms("fast")).toEqual(home);
    expect(Object.keys(world.vms("slow"))).toEqual(["web-1", "web-2"]);
    expect(world.fleet.publish().residences).toEqual([]);
  });

  it("takes the fastpaths of the host where it is", () => {
    const world = new World(plan("fast", { guests: { web: { ...SMALL, count: 1 } } }), plan("slow", { kernel: "linux-4.18", guests: {} }));
    const hits = (name: string): number => [0, 1, 2].reduce((sum, i) => sum + counterAt(world.host(name), AT.hits + i), 0);
    const misses = (name: string): number =>
      Array.from({ length: 8 }, (_, i) => counterAt(world.host(name), AT.misses + i)).reduce((a, b) => a + b, 0);
    world
      .run(100)
      .do(move("web-1", "fast", "slow"))
      .run(300);
    const [hit, missed] = [hits("fast"), misses("slow")];
    expect(hit).toBeGreaterThan(50);
    expect(missed).toBeGreaterThan(50);
    expect([hits("slow"), misses("fast")]).toEqual([0, 0]);
    world.run(100);
    // The host that it left counts nothing of it any more.
    expect(hits("fast")).toBe(hit);
    expect(misses("slow")).toBeGreaterThan(missed);
  });

  it("is counted by the host that it leaves, with its downtime", () => {
    const world = new World(FAST, SLOW)
      .run(20)
      .do(move("web-1", "fast", "slow"))
      .run(200);
    const { downtimeNs, rounds, pages } = world.last;
    expect(world.count("fast", "fast_to_slow", "completed")).toBe(1);
    expect(world.count("slow", "fast_to_slow", "completed")).toBe(0);
    expect(downtimeNs).toBeGreaterThan(10 * MS);
    expect(downtimeNs).toBeLessThan((20 + 11) * MS);
    expect(counterAt(world.host("fast"), AT.downtimeCycles)).toBe(Math.round(downtimeNs! * 2.5));
    expect(rounds).toBeGreaterThan(0);
    expect(pages).toBeGreaterThan(0.1 * 1024 * 256);
  });

  it("is missing from the vCPU seconds of both for its downtime, and for nothing else", () => {
    const world = new World(FAST, SLOW)
      .run(20)
      .do(move("web-1", "fast", "slow"))
      .run(200);
    const cycles = ["fast", "slow"].reduce(
      (sum, name) => sum + VCPU_STATES.reduce((total, _, i) => total + counterAt(world.host(name), AT.vcpuCycles + i), 0),
      0,
    );
    const missing = 8 * world.now * 2.5 - cycles;
    // From each vCPU's own stop, some microseconds after QEMU asked for it.
    expect(missing).toBeLessThanOrEqual(2 * world.last.downtimeNs! * 2.5);
    expect(missing).toBeGreaterThan(2 * (world.last.downtimeNs! - 0.5 * MS) * 2.5);
  });

  it("does the same however time is sliced", () => {
    const run = (slices: number) => {
      const world = new World(FAST, SLOW, plan("other")).run(20).do(move("web-1", "fast", "slow"), move("web-2", "slow", "other"));
      for (let i = 0; i < slices; i++) world.run(300 / slices);
      const { hosts, ...rest } = world.fleet.publish();
      return { ...rest, low: [...hosts.values()].map(({ low }) => low) };
    };
    expect(run(3)).toEqual(run(300));
  });

  it("changes no host that has nothing to do with it", () => {
    const still = new World(FAST, SLOW, plan("other")).run(220).host("other").low;
    expect(
      new World(FAST, SLOW, plan("other"))
        .run(20)
        .do(move("web-1", "fast", "slow"))
        .run(200)
        .host("other").low,
    ).toEqual(still);
  });

  it("needs as many rounds as its guest's writes make it, and is given up when it writes faster than the link carries", () => {
    const busy = { ...SMALL, workload: "packets", dirty_rate: 500 } as const;
    const at = (max_bandwidth: number): MigrationRecord => {
      const migration = { max_bandwidth, downtime_limit: 1 };
      const guests = { web: busy };
      return new World(plan("a", { migration, guests }), plan("b", { migration }))
        .run(20)
        .do(move("web-1", "a", "b"))
        .ends().last;
    };
    const [quick, slow] = [at(20_000), at(2000)];
    expect([quick.state, slow.state]).toEqual(["completed", "completed"]);
    expect(slow.rounds).toBeGreaterThan(quick.rounds);
    const never = at(400);
    expect(never).toMatchObject({ state: "failed", rounds: 30 });
    expect(never.reason).toMatch(/does not converge: after 30 rounds the guest still dirties \d+ pages/);
  });

  it("runs on where it is when it was given up, at the same pace and unwatched", () => {
    const migration = { max_bandwidth: 400, downtime_limit: 1 };
    const guests = { web: { ...SMALL, workload: "packets", dirty_rate: 500 } } as const;
    const world = new World(plan("a", { migration, guests }), plan("b", { migration }))
      .run(20)
      .do(move("web-1", "a", "b"))
      .ends();
    expect(world.last.state).toBe("failed");
    const guestTime = () => counterAt(world.host("a"), AT.vcpuCycles);
    const before = guestTime();
    world.run(100);
    expect(guestTime() - before).toBeGreaterThan(0.99 * 4 * 100 * MS * 2.5);
    expect(world.count("a", "same", "failed")).toBe(1);
  });
});

describe("any moves among any hosts", () => {
  it("keep each VM in one place, and every guest at work", () => {
    const kinds = [
      {},
      { kernel: "linux-4.18" },
      { kernel: "linux-6.18" },
      { cmdline: { nohz_full: "8-15" } },
      { kvm: { preemption_timer: "off" } },
      { ghz: 2.1 },
    ] as const;
    const hosts = fc.array(fc.constantFrom(...kinds), { minLength: 2, maxLength: 4 });
    const moves = fc.array(fc.record({ pick: fc.nat(), to: fc.nat(), wait: fc.integer({ min: 1, max: 60 }) }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(hosts, moves, (specs, all) => {
        const names = specs.map((_, i) => `h${i}`);
        const world = new World(...specs.map((spec, i) => plan(names[i]!, spec)));
        for (const { pick, to, wait } of all) {
          const places = names.flatMap((host) => Object.keys(world.vms(host)).map((vm) => ({ vm, host })));
          const { vm, host } = places[pick % places.length]!;
          world.do(move(vm, host, names[to % names.length]!)).run(wait);
          if (wait % 7 === 0) world.do(change(plan(names[0]!, { ...specs[0], host_hz: [100, 250, 1000][wait % 3]! })));
        }
        world.run(300);
        const ended = world.fleet.publish().migrations;
        expect(ended.map(({ state }) => state).filter((state) => state !== "completed" && state !== "refused")).toEqual([]);
        const vms = names.flatMap((host) => Object.keys(world.vms(host)).map((vm) => (vm.includes("@") ? vm : `${vm}@${host}`)));
        expect(vms.toSorted()).toEqual(names.flatMap((host) => [`web-1@${host}`, `web-2@${host}`]).toSorted());
        const before = names.map((name) => world.host(name).low[AT.workCycles + 1]!);
        world.run(100);
        names.forEach((name, i) => {
          if (world.host(name).resolved.guests.length > 0) expect(world.host(name).low[AT.workCycles + 1]!).toBeGreaterThan(before[i]!);
        });
      }),
      { numRuns: 25 },
    );
  });
});
