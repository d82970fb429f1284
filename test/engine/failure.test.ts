import { afterEach, expect, test, vi } from "vitest";
import type { HostPlan } from "../../src/fleet/action.ts";
import { Fleet } from "../../src/fleet/fleet.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import { InvariantBroken } from "../../src/lib/assert.ts";
import { hostSpec } from "../support/host-spec.ts";

afterEach(() => void vi.restoreAllMocks());

const plan = (name: string): HostPlan => ({ name, group: "g", zone: "z", labels: {}, cohort: "none", spec: hostSpec({ cpus: 8 }) });

test("a host whose invariant breaks stops alone, and says how to see it again", () => {
  const fleet = new Fleet(7);
  fleet.apply(["sound", "broken"].map((name) => ({ kind: "add", host: plan(name) })));
  fleet.advance(1e6);
  // Hosts advance in the order in which they were added: the second call is the broken host's.
  vi.spyOn(KvmHost.prototype, "advance")
    .mockImplementationOnce(() => undefined)
    .mockImplementationOnce(() => {
      throw new InvariantBroken("a timer fires once");
    });
  for (const nowNs of [2e6, 3e6]) fleet.advance(nowNs);
  const { hosts } = fleet.publish();
  expect(hosts.get("sound")).toMatchObject({ state: "running", failure: null });
  expect(hosts.get("broken")?.state).toBe("failed");
  expect(hosts.get("broken")?.failure).toBe(
    "InvariantBroken: a timer fires once; the same configuration with seed 7 fails at 2000000 ns of fleet time again",
  );
});
