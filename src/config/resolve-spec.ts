/**
 * What a specification must hold beyond its schema: keys that depend on each other, and
 * whatever the host's own set-up refuses.
 */
import { OWN_WORKLOADS_MAX } from "../kvm/counters.ts";
import type { HostSpec } from "../kvm/host-spec.ts";
import { resolveHost } from "../kvm/resolve.ts";
import { SpecError } from "../kvm/resolved.ts";

/** Everything that is wrong with a complete specification; empty when it can be emulated. */
export function specProblems(spec: HostSpec): SpecError[] {
  const own = new Set(Object.values(spec.guests).flatMap(({ workload }) => (typeof workload === "string" ? [] : [workload.name])));
  if (own.size > OWN_WORKLOADS_MAX) {
    return [new SpecError(["guests"], `expected at most ${OWN_WORKLOADS_MAX} different workloads of workloads/, came ${own.size}`)];
  }
  const tooWide = Object.entries(spec.guests).filter(([, guest]) => guest.dedicated && guest.vcpus > spec.cpus);
  if (tooWide.length > 0) {
    return tooWide.map(
      ([name, { vcpus }]) =>
        new SpecError(["guests", name, "vcpus"], `expected at most ${spec.cpus} vCPUs, one for each CPU, came ${vcpus}`),
    );
  }
  try {
    resolveHost(spec);
    return [];
  } catch (error) {
    // Another error is a fault of ours, and still no reason to lose the configuration that runs.
    return [error instanceof SpecError ? error : new SpecError([], `cannot be emulated: ${(error as Error).message}`)];
  }
}
