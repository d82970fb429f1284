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
  const notYet = notEmulatedYet(spec);
  if (notYet !== null) return [notYet];
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

/** What resolves but does not run: guests know one clock event device and do not poll. */
function notEmulatedYet(spec: HostSpec): SpecError | null {
  for (const [name, { timer }] of Object.entries(spec.guests)) {
    const not = (key: string, expected: string, came: string): SpecError =>
      new SpecError(["guests", name, ...key.split(".")], `expected ${expected} (nothing else is emulated yet), came ${came}`);
    if (timer !== "tsc_deadline") return not("timer", "tsc_deadline", timer);
  }
  if (spec.kvm.apic_timer_virt) {
    return new SpecError(["kvm", "apic_timer_virt"], "expected false (APIC-timer virtualization is not emulated yet), came true");
  }
  return null;
}
