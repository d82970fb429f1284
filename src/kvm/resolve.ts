/**
 * From a host specification to what KVM makes of it: the kernel with its backports, module
 * parameters, isolated CPUs, fastpaths, mitigations, and each VM with its predicates. Pure: the
 * same specification gives the same host, and every decision says why.
 */
import type { CpuModel, Vulnerability } from "../hw/cpu-model.ts";
import { CPUS } from "../hw/cpus.ts";
import { atTurbo } from "../hw/turbo.ts";
import { entryWork } from "./entry-work.ts";
import { fastpathDecisions, patchedTraits } from "./fastpath-decisions.ts";
import type { HostSpec } from "./host-spec.ts";
import { isolation } from "./isolation.ts";
import { kernelOf } from "./kernel-choice.ts";
import type { MitigationContext, VulnerabilityStatus } from "./mitigation.ts";
import { MITIGATIONS, VULNERABILITIES } from "./mitigations.ts";
import {
  apicTimerVirt,
  apicv,
  haltPoll,
  ipiVirtualization,
  piInjectTimer,
  pml,
  preemptionTimer,
  timerAdvance,
  x2avic,
} from "./module-parameters.ts";
import { placeGuests } from "./placement.ts";
import { resolveGuest } from "./resolve-guest.ts";
import { type ResolvedHost, SpecError } from "./resolved.ts";
import { hasRtm } from "./rtm.ts";

/**
 * Resolves a whole host. Throws a SpecError with the path of the key when the specification
 * cannot be emulated: vCPUs that do not fit, a list that is none, a patch without its code.
 */
export function resolveHost(spec: HostSpec): ResolvedHost {
  const cpu: CpuModel = spec.turbo ? atTurbo(CPUS[spec.cpu]) : CPUS[spec.cpu];
  const kernel = kernelOf(spec.kernel);
  const traits = patchedTraits(kernel, spec, cpu.vendor);
  const isolated = isolation(spec, traits);
  const context: MitigationContext = { cpu, traits, settings: spec.mitigations, rtm: hasRtm({ cpu, spec }), smt: spec.smt };
  const host = {
    spec,
    cpu,
    tscHz: Math.round(spec.ghz * 1e9),
    kernel,
    traits,
    nohzFull: isolated.timers,
    noDomain: isolated.domains,
    isolated: isolated.isolated,
    piInjectTimer: piInjectTimer(spec, kernel, traits, isolated),
    preemptionTimer: preemptionTimer(spec, cpu),
    apicv: apicv(spec, cpu, traits),
    x2avic: x2avic(spec, cpu, traits),
    ipiVirtualization: ipiVirtualization(spec, cpu, traits),
    apicTimerVirt: apicTimerVirt(spec, cpu, traits),
    pml: pml(spec, cpu),
    fastpath: fastpathDecisions(kernel, traits, spec, cpu.vendor),
    haltPoll: haltPoll(spec, traits),
    timerAdvance: timerAdvance(spec, traits),
    vulnerabilities: vulnerabilities(context),
    entryWork: entryWork(context),
  };
  const guests = placeGuests(spec, isolated.isolated).map((placed) => {
    const guest = spec.guests[placed.kind];
    if (guest === undefined) throw new SpecError(["guests", placed.kind], `expected a guest named ${placed.kind}, came none`);
    return resolveGuest(host, guest, placed);
  });
  return { ...host, guests };
}

function vulnerabilities(context: MitigationContext): Readonly<Record<Vulnerability, VulnerabilityStatus>> {
  const statuses = VULNERABILITIES.map((bug) => [bug, MITIGATIONS[bug].status(context)] as const);
  return Object.fromEntries(statuses) as Record<Vulnerability, VulnerabilityStatus>;
}
