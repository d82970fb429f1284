/** Bytes that a host of the emulation holds, and how many of them are its vCPUs'. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { KvmHost } from "../../src/kvm/host.ts";
import type { HostSpec } from "../../src/kvm/host-spec.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { MIXED_HOST } from "./mixed-host.ts";

/** Enough for the noise of the heap to vanish. */
const HOSTS = 100;
const WARM_UP_CYCLES = 5e6;

export interface Footprint {
  readonly perHost: number;
  readonly perVcpu: number;
}

/** Of running hosts without their resolved specification, which hosts of a group share. */
export function footprint(): Footprint {
  const empty = bytesPerHost({ ...MIXED_HOST, guests: {} });
  const full = bytesPerHost(MIXED_HOST);
  const vcpus = Object.values(MIXED_HOST.guests).reduce((sum, { count, vcpus: each }) => sum + count * each, 0);
  return { perHost: empty, perVcpu: (full - empty) / vcpus };
}

function bytesPerHost(spec: HostSpec): number {
  const resolved = resolveHost(spec);
  const before = bytesInUse();
  const hosts = Array.from({ length: HOSTS }, (_, seed) => {
    const host = new KvmHost(resolved, seed);
    host.advance(WARM_UP_CYCLES);
    return host;
  });
  return (bytesInUse() - before) / hosts.length;
}

function bytesInUse(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
