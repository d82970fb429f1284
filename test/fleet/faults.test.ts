/** Hosts that break on purpose: what becomes of their emulation, and of what they expose. */
import { describe, expect, it } from "vitest";
import { SOUND } from "../../src/fleet/breakage.ts";
import { breakActions, type Effect, type Fault, withoutHosts } from "../../src/fleet/fault.ts";
import { counterAt, type HostSnapshot } from "../../src/fleet/snapshot.ts";
import { AT, REGION_SIZE } from "../../src/kvm/counters.ts";
import { exposed, exposedOf } from "../../src/metrics/exposed.ts";
import { exitsOf } from "../../src/metrics/exit-total.ts";
import { change, move, plan, World } from "../support/moving-fleet.ts";

const fault = (effect: Effect, ...hosts: string[]): Fault => ({ id: "1", effect, hosts, sinceMs: 0, untilMs: null, schedule: null });
const DOWN = { kind: "down" } as const;

/** Makes hosts as broken as faults say. */
function suffer(world: World, ...faults: Fault[]): World {
  const now = [...world.fleet.publish().hosts].map(([name, { breakage }]) => [name, breakage] as const);
  return world.do(...breakActions(now, faults));
}

const emulated = (host: HostSnapshot): number => counterAt(host, AT.emulatedCycles);
const vcpuCycles = (host: HostSnapshot): number =>
  Array.from({ length: REGION_SIZE.vcpuCycles }, (_, i) => counterAt(host, AT.vcpuCycles + i)).reduce((sum, cycles) => sum + cycles, 0);

describe("a host without power", () => {
  it("stands where it was while the others run on", () => {
    const world = suffer(new World(plan("a"), plan("b")).run(20), fault(DOWN, "a"));
    const before = world.host("a");
    world.run(50);
    expect(world.host("a")).toMatchObject({ state: "down", low: before.low, high: before.high });
    expect(world.host("b").state).toBe("running");
    expect(emulated(world.host("b"))).toBeGreaterThan(3 * emulated(world.host("a")));
  });

  it("boots when power is back: counters start at 0, the boot time moves, the configuration is the same", () => {
    const world = suffer(suffer(new World(plan("a")).run(20), fault(DOWN, "a")).run(50));
    expect(world.host("a")).toMatchObject({ state: "running", bootNs: 70e6, generation: 1 });
    expect([exitsOf(world.host("a")), emulated(world.host("a"))]).toEqual([0, 0]);
    const { low } = world.run(30).host("a");
    expect(low).toEqual(new World(plan("a")).run(30).host("a").low);
    expect(vcpuCycles(world.host("a"))).toBe(world.host("a").vcpus * emulated(world.host("a")));
  });

  it("that is configured meanwhile stays down, and boots as it is wanted then", () => {
    const world = suffer(new World(plan("a")).run(20), fault(DOWN, "a")).run(10);
    world.do(change(plan("a", { kernel: "rhel-8.2" })), { kind: "reboot", host: plan("a", { kernel: "rhel-8.2", cpus: 8 }) }).run(10);
    expect(world.host("a")).toMatchObject({ state: "down", generation: 3 });
    expect(emulated(world.host("a"))).toBe(0);
    suffer(world).run(10);
    expect(world.host("a")).toMatchObject({
      state: "running",
      bootNs: 40e6,
      resolved: { kernel: { name: "rhel-8.2" }, spec: { cpus: 8 } },
    });
  });

  it("fails the migration of a VM that was about to leave it, and takes none in", () => {
    const world = new World(plan("a"), plan("b", { guests: {} }))
      .run(20)
      .do(move("web-1", "a", "b"))
      .run(5);
    expect(suffer(world, fault(DOWN, "a")).ends().last).toMatchObject({ state: "failed", reason: "the VM was stopped or restarted" });
    suffer(world, fault(DOWN, "b"))
      .run(10)
      .do(move("web-1", "a", "b"));
    expect(world.last).toMatchObject({ state: "refused", reason: "host b has stopped" });
  });
});

describe("a VM that lives on a host without power", () => {
  it("boots there with it, and is at home again when its home takes it back", () => {
    const world = new World(plan("a"), plan("b", { guests: {} }))
      .run(20)
      .do(move("web-1", "a", "b"))
      .ends();
    expect(world.last.state).toBe("completed");
    suffer(world, fault(DOWN, "b")).run(20);
    suffer(world).run(20);
    expect([Object.keys(world.vms("a")), Object.keys(world.vms("b"))]).toEqual([["web-2"], ["web-1@a"]]);
    expect(exitsOf(world.host("b"))).toBeGreaterThan(0);
    expect(world.do(move("web-1@a", "b", "a")).ends().last.state).toBe("completed");
    expect(Object.keys(world.vms("a"))).toEqual(["web-1", "web-2"]);
  });

  it("that was on its way to it goes on where it was", () => {
    const world = new World(plan("a"), plan("b", { guests: {} })).run(20).do(move("web-1", "a", "b"));
    while (world.last.state !== "moving") world.run(0.5);
    expect(suffer(world, fault(DOWN, "b")).ends().last).toMatchObject({
      state: "failed",
      reason: "host b is gone, the VM went on where it was",
    });
    expect(Object.keys(world.vms("a"))).toEqual(["web-1", "web-2"]);
  });
});

describe("an exporter whose counters are stuck", () => {
  it("exposes those of one instant while its host runs on, and afterwards what the host really did", () => {
    const world = suffer(new World(plan("a")).run(20), fault({ kind: "stuck_counter" }, "a"));
    const first = world.host("a");
    const later = world.run(50).host("a");
    expect(exposed(later)).toMatchObject({ low: first.low, high: first.high });
    expect(exitsOf(later)).toBeGreaterThan(2 * exitsOf(first));
    const healed = suffer(world).host("a");
    expect(exposed(healed)).toBe(healed);
    expect(healed.low).toEqual(new World(plan("a")).run(20).run(50).host("a").low);
  });

  it("sticks to 0 when its host reboots", () => {
    const world = suffer(new World(plan("a")).run(20), fault({ kind: "stuck_counter" }, "a"));
    world.do({ kind: "reboot", host: plan("a", { cpus: 8 }) }).run(20);
    expect([exitsOf(exposed(world.host("a"))), exitsOf(world.host("a")) > 0]).toEqual([0, true]);
  });
});

describe("what breaks the exporter or its clock", () => {
  it.each<Effect>([
    { kind: "slow_scrape", delayMs: 5000 },
    { kind: "scrape_error", answer: "error" },
    { kind: "clock_jump", jumpSeconds: -3600 },
  ])("changes nothing of what the host does: $kind", (effect) => {
    const broken = suffer(new World(plan("a")).run(20), fault(effect, "a"))
      .run(50)
      .host("a");
    const sound = new World(plan("a")).run(20).run(50).host("a");
    expect({ ...broken, breakage: SOUND, plan: null, resolved: null }).toEqual({ ...sound, plan: null, resolved: null });
  });

  it("takes a host with a scrape error out of the scrape of the whole fleet, and one that is down not", () => {
    const world = new World(plan("a"), plan("b"), plan("c"));
    suffer(world, fault({ kind: "scrape_error", answer: "truncated" }, "a"), fault(DOWN, "b"));
    expect(exposedOf(world.fleet.publish().hosts.values()).map((host) => host.plan.name)).toEqual(["b", "c"]);
  });
});

describe("several faults on a host", () => {
  const hosts = [["a", SOUND]] as const;

  it("add up their delays and jumps", () => {
    const [one, two] = [1, 2].map((n) => fault({ kind: "slow_scrape", delayMs: 1000 * n }, "a"));
    const clock = fault({ kind: "clock_jump", jumpSeconds: -90 }, "a");
    expect(breakActions(hosts, [one!, two!, clock, fault(DOWN, "b")])).toEqual([
      { kind: "break", host: "a", breakage: { ...SOUND, scrapeDelayMs: 3000, clockAheadSeconds: -90 } },
    ]);
  });

  it("ask for nothing where the host is as broken already, or only its configuration is", () => {
    expect(breakActions([["a", { ...SOUND, down: true }]], [fault(DOWN, "a"), fault(DOWN, "a")])).toEqual([]);
    expect(breakActions(hosts, [fault({ kind: "microcode_loss" }, "a")])).toEqual([]);
  });

  it("lose the hosts that are gone, and end with their last one", () => {
    const both = fault(DOWN, "a", "b");
    expect(withoutHosts([both, fault(DOWN, "a")], new Set(["a"]))).toEqual([{ ...both, hosts: ["b"] }]);
  });
});
