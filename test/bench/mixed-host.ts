/**
 * The engine and its oracle on one host that many hosts of a fleet look like: 32 vCPUs of web
 * servers, in-memory stores and message passing on a Skylake with everything automatic.
 */
import type { HostSpec } from "../../src/kvm/host-spec.ts";
import { AT, REGION_SIZE } from "../../src/kvm/counters.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { hostSpec } from "../support/host-spec.ts";
import { OracleHost } from "../support/oracle/host.ts";
import type { Variant } from "./interleave.ts";

export const MIXED_HOST: HostSpec = hostSpec({
  cpus: 36,
  guests: {
    web: { count: 4, vcpus: 4, workload: "web" },
    redis: { count: 4, vcpus: 2, workload: "redis" },
    hackbench: { count: 1, vcpus: 8, workload: "hackbench" },
  },
});
const SEED = 1;

/** Something that emulates, and says how many exits it has emulated. */
interface Emulation {
  advance(untilCycles: number): void;
  exits(): number;
}

export function engine(): Variant {
  const host = new KvmHost(resolveHost(MIXED_HOST), SEED);
  const cells = host.tally.low.subarray(AT.exits, AT.exits + REGION_SIZE.exits);
  return variant("engine", { advance: (until) => host.advance(until), exits: () => cells.reduce((sum, count) => sum + count, 0) });
}

export function oracle(): Variant {
  const host = new OracleHost(resolveHost(MIXED_HOST), SEED);
  let exits = 0;
  host.observe(() => exits++);
  return variant("oracle", { advance: (until) => host.advance(until), exits: () => exits });
}

function variant(name: string, emulation: Emulation): Variant {
  let now = 0;
  /** Emulated cycles from one exit to the next, as seen so far. */
  let perExit = 2e4;
  return {
    name,
    run(wanted) {
      const [begun, from] = [now, emulation.exits()];
      let handled = 0;
      while (handled < wanted) {
        now += Math.ceil((wanted - handled) * perExit * 1.01);
        emulation.advance(now);
        handled = emulation.exits() - from;
        perExit = (now - begun) / Math.max(handled, 1);
      }
      return handled;
    },
  };
}
