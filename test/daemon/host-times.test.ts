import { describe, expect, it } from "vitest";
import { NotedTimes } from "../../src/daemon/host-times.ts";
import type { HostSnapshot } from "../../src/fleet/snapshot.ts";
import { fakeFleet, fakeHost } from "../support/snapshot.ts";

const at = (nowNs: number, host: HostSnapshot) => ({ ...fakeFleet([host]), nowNs });
const host = fakeHost("a");

describe("wall times of a host", () => {
  it("are those of the moment, divided by the speed for what lies back", () => {
    const times = new NotedTimes(10);
    times.note(at(50e9, { ...host, bootNs: 0, lastChangeNs: 50e9 }), 1000);
    expect(times.bootSeconds(host)).toBe(995);
    expect(times.lastChangeSeconds(host)).toBe(1000);
  });

  it("stay put when the emulation falls behind later", () => {
    const times = new NotedTimes(1);
    times.note(at(0, host), 1000);
    times.note(at(1e9, { ...host, lastChangeNs: 1e9 }), 1060);
    times.note(at(2e9, { ...host, lastChangeNs: 1e9 }), 1200);
    expect([times.bootSeconds(host), times.lastChangeSeconds(host)]).toEqual([1000, 1060]);
  });

  it("move when the host reboots, and are 0 before its first change", () => {
    const times = new NotedTimes(1);
    times.note(at(0, host), 1000);
    expect(times.lastChangeSeconds(host)).toBe(0);
    const rebooted = { ...host, bootNs: 30e9, lastChangeNs: 30e9 };
    times.note(at(30e9, rebooted), 1030);
    expect([times.bootSeconds(rebooted), times.lastChangeSeconds(rebooted)]).toEqual([1030, 1030]);
  });
});
