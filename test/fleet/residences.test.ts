/** A change of the configuration while VMs live elsewhere than it has them. */
import { describe, expect, it } from "vitest";
import { counterAt } from "../../src/fleet/snapshot.ts";
import { AT } from "../../src/kvm/counters.ts";
import { change, move, plan, SMALL, World } from "../support/moving-fleet.ts";

const FAST = plan("fast");
const SLOW = plan("slow", { kernel: "linux-4.18" });

describe("a change of the configuration", () => {
  const away = (): World =>
    new World(FAST, SLOW)
      .run(20)
      .do(move("web-1", "fast", "slow"))
      .run(200);
  const bootedAt = (world: World, name: string): number => counterAt(world.host(name), AT.workCycles + 1);

  it("neither brings a VM home nor starts it twice, and lets it run on", () => {
    const world = away();
    const residences = world.fleet.publish().residences;
    world.do(change(plan("fast", { host_hz: 1000 })), change(plan("slow", { kernel: "linux-4.18", host_hz: 100 }))).run(50);
    expect(Object.keys(world.vms("fast"))).toEqual(["web-2"]);
    expect(Object.keys(world.vms("slow"))).toEqual(["web-1", "web-2", "web-1@fast"]);
    expect(world.fleet.publish().residences).toEqual(residences);
    expect(bootedAt(world, "slow")).toBeGreaterThan(0);
  });

  it("reaches a guest where it lives", () => {
    const world = away();
    world.do(change(plan("fast", { guests: { web: { ...SMALL, pku: false } } }))).run(10);
    const specOf = (name: string) => world.host("slow").resolved.guests.find((guest) => guest.name === name)!.spec.pku;
    expect([specOf("web-1@fast"), specOf("web-1")]).toEqual([false, true]);
  });

  it("ends a VM whose guest it takes away, and one whose home it removes, wherever it lives", () => {
    expect(
      Object.keys(
        away()
          .do(change(plan("fast", { guests: {} })))
          .run(10)
          .vms("slow"),
      ),
    ).toEqual(["web-1", "web-2"]);
    expect(Object.keys(away().do({ kind: "remove", name: "fast" }).run(10).vms("slow"))).toEqual(["web-1", "web-2"]);
  });

  it("boots a VM at home when it removes the host where it lives", () => {
    const world = away().do({ kind: "remove", name: "slow" }).run(10);
    expect(Object.keys(world.vms("fast"))).toEqual(["web-1", "web-2"]);
    expect(world.fleet.publish().residences).toEqual([]);
  });

  it("makes a tenant give way to the host's own VMs, and is refused when it has nowhere to go", () => {
    const world = away();
    const more = (count: number) => plan("slow", { kernel: "linux-4.18", guests: { web: { ...SMALL, count } } });
    world.do(change(more(7))).run(10);
    const cpus = Object.values(world.vms("slow")).flatMap((list) => list.split(","));
    expect(new Set(cpus).size).toBe(16);
    expect(() => world.do(change(more(8)))).toThrow(/^host slow: a VM that was migrated here needs a place: expected 2 free CPUs/);
    expect(Object.keys(world.run(10).vms("slow"))).toContain("web-1@fast");
  });

  it("that restarts or takes away what is on its way ends that migration", () => {
    const world = new World(FAST, SLOW)
      .run(20)
      .do(move("web-1", "fast", "slow"))
      .run(5);
    world.do(change(plan("fast", { guests: { web: { ...SMALL, load: 0.6 } } }))).run(200);
    expect(world.last).toMatchObject({ state: "failed", reason: "the VM was stopped or restarted" });
    const gone = new World(FAST, SLOW)
      .run(20)
      .do(move("web-1", "fast", "slow"))
      .run(5)
      .do({ kind: "remove", name: "slow" })
      .run(200);
    expect(gone.last).toMatchObject({ state: "failed", reason: "host slow is gone" });
    expect(Object.keys(gone.vms("fast"))).toEqual(["web-1", "web-2"]);
  });

  it("that removes the destination while the VM is out sends it back, alive", () => {
    const world = new World(FAST, SLOW).run(20).do(move("web-1", "fast", "slow"));
    while (world.last.state !== "moving") world.run(0.5);
    expect(Object.keys(world.vms("fast"))).toEqual(["web-2"]);
    world.do({ kind: "remove", name: "slow" }).run(50);
    expect(world.last).toMatchObject({ state: "failed", reason: "host slow is gone, the VM went on where it was" });
    expect(Object.keys(world.vms("fast"))).toEqual(["web-1", "web-2"]);
  });
});
