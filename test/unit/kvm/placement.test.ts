import * as fc from "fast-check";
import { expect, test } from "vitest";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { arbitrarySpec } from "../../support/arbitrary-spec.ts";
import { type HostOverrides, hostSpec } from "../../support/host-spec.ts";

const cpusByGuest = (overrides: HostOverrides): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(resolveHost(hostSpec(overrides)).guests.map((guest) => [guest.name, guest.cpus]));

test("VMs of a kind take CPUs one after the other", () => {
  expect(cpusByGuest({ guests: { web: { count: 2, vcpus: 3 }, db: { vcpus: 2 } } })).toEqual({
    "web-1": [2, 3, 4],
    "web-2": [5, 6, 7],
    "db-1": [8, 9],
  });
});

test("any takes CPU 0 and its sibling last, CPU 0 the very last", () => {
  expect(cpusByGuest({ cpus: 4, guests: { web: { vcpus: 4 } } })).toEqual({ "web-1": [2, 3, 1, 0] });
  expect(cpusByGuest({ cpus: 4, smt: false, guests: { web: { vcpus: 4 } } })).toEqual({ "web-1": [1, 2, 3, 0] });
});

test("any leaves the isolated CPUs until the others are taken", () => {
  expect(cpusByGuest({ cpus: 8, cmdline: { nohz_full: "2-4" }, guests: { web: { vcpus: 4 } } })).toEqual({ "web-1": [5, 6, 7, 2] });
});

test("isolated and housekeeping guests stay on their side of nohz_full", () => {
  const guests = { dpdk: { vcpus: 2, placement: "isolated" }, web: { vcpus: 3, placement: "housekeeping" } };
  expect(cpusByGuest({ cpus: 8, cmdline: { nohz_full: "4-7" }, guests })).toEqual({ "dpdk-1": [4, 5], "web-1": [2, 3, 1] });
});

test("isolcpus offers isolated CPUs, too", () => {
  expect(cpusByGuest({ cmdline: { isolcpus: "40-47" }, guests: { web: { vcpus: 2, placement: "isolated" } } })).toEqual({
    "web-1": [40, 41],
  });
});

test("a list of CPUs is served before a class, and a class before any", () => {
  const guests = { any: { vcpus: 2 }, keeper: { vcpus: 2, placement: "housekeeping" }, pinned: { vcpus: 2, placement: "2-3" } };
  expect(cpusByGuest({ guests })).toEqual({ "any-1": [6, 7], "keeper-1": [4, 5], "pinned-1": [2, 3] });
});

const shared = (overrides: HostOverrides): Readonly<Record<string, readonly number[] | null>> =>
  Object.fromEntries(resolveHost(hostSpec(overrides)).guests.map((guest) => [guest.name, guest.sharedCpus]));

test("guests that share float over what dedicated ones leave of their CPUs, however many they are", () => {
  const guests = {
    web: { count: 3, vcpus: 4, dedicated: false, placement: "2-5" },
    db: { vcpus: 2 },
    any: { vcpus: 2, dedicated: false },
  } as const;
  // The dedicated guest keeps off the CPUs that another one has asked for by number.
  expect(cpusByGuest({ cpus: 8, guests })["db-1"]).toEqual([6, 7]);
  const web = [2, 3, 4, 5];
  expect(shared({ cpus: 8, guests })).toEqual({ "web-1": web, "web-2": web, "web-3": web, "db-1": null, "any-1": [0, 1, 2, 3, 4, 5] });
});

test("vCPUs that share start where fewest others do", () => {
  const guests = { a: { vcpus: 3, dedicated: false, placement: "2-5" }, b: { vcpus: 3, dedicated: false, placement: "2-5" } } as const;
  expect(cpusByGuest({ cpus: 8, guests })).toEqual({ "a-1": [2, 3, 4], "b-1": [5, 2, 3] });
});

test("any leaves isolated CPUs alone as long as there are others to share", () => {
  const guests = { web: { vcpus: 2, dedicated: false } } as const;
  expect(shared({ cpus: 8, cmdline: { nohz_full: "4-7" }, guests })).toEqual({ "web-1": [0, 1, 2, 3] });
  const pinned = { db: { vcpus: 4, placement: "housekeeping" } } as const;
  expect(shared({ cpus: 8, cmdline: { nohz_full: "4-7" }, guests: { ...guests, ...pinned } })["web-1"]).toEqual([4, 5, 6, 7]);
});

test.each<[string, HostOverrides, string, string]>([
  [
    "more vCPUs than CPUs",
    { cpus: 8, guests: { web: { count: 3, vcpus: 4 } } },
    "count",
    'expected 12 free CPUs (3 VMs of 4 vCPUs, one CPU each) in placement "any", came 8 free of 8',
  ],
  [
    "isolated CPUs on a host that isolates none",
    { guests: { web: { placement: "isolated" } } },
    "placement",
    'expected 4 free CPUs (1 VMs of 4 vCPUs, one CPU each) in placement "isolated", came 0 free of 0; cmdline has neither nohz_full nor isolcpus',
  ],
  [
    "a list shorter than the guest",
    { guests: { web: { placement: "4-6" } } },
    "placement",
    'expected 4 free CPUs (1 VMs of 4 vCPUs, one CPU each) in placement "4-6", came 3 free of 3',
  ],
  [
    "nothing left to share",
    { cpus: 4, guests: { db: { vcpus: 4 }, web: { dedicated: false } } },
    "placement",
    'expected a CPU that no dedicated guest has in placement "any", came none of 4',
  ],
  [
    "a class that does not exist",
    { guests: { web: { placement: "isolate" } } },
    "placement",
    'expected a CPU list such as "2-63" or "0,4-7", came "isolate"',
  ],
])("%s is refused at the guest's key", (_, overrides, key, message) => {
  expect(() => resolveHost(hostSpec(overrides))).toThrow(
    expect.objectContaining({ name: "SpecError", path: ["guests", "web", key], message }),
  );
});

test("no CPU ever carries two vCPUs", () => {
  fc.assert(
    fc.property(arbitrarySpec, (spec) => {
      const cpus = resolveHost(spec).guests.flatMap((guest) => guest.cpus);
      expect(new Set(cpus).size).toBe(cpus.length);
      expect(cpus.every((cpu) => cpu >= 0 && cpu < spec.cpus)).toBe(true);
    }),
  );
});
