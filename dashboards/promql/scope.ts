/** The variables of a dashboard as matchers: which part of the fleet a query looks at. */
import { and, select, type Expression, type Matchers, type Selector } from "./expression.ts";
import type { RECORDED } from "./recorded.ts";
import type { SeriesName } from "./series.ts";

type Recorded = keyof typeof RECORDED;
type OfHosts = Extract<SeriesName, `kvm_${string}` | `node_${string}`> | "up";
type OfDaemon = Extract<SeriesName, `fastpathd_${string}` | `process_${string}` | `nodejs_${string}`>;

const PLACE = { job: "$job", zone: { pattern: "$zone" }, group: { pattern: "$group" } } as const;
const MODEL = { kernel: { pattern: "$kernel" }, cpu_model: { pattern: "$cpu_model" } } as const;

/** Recorded series of the chosen part of the fleet. */
export function recorded<Name extends Recorded>(name: Name, matchers?: Matchers<Name>): Selector {
  return select(name, { ...PLACE, ...MODEL, ...matchers } as Matchers<Name>);
}

/** Series of the hosts in the chosen place, whatever their kernel and CPU. */
export function inPlace<Name extends OfHosts>(name: Name, matchers?: Matchers<Name>): Selector {
  return select(name, { ...PLACE, ...matchers } as Matchers<Name>);
}

/** The same of the hosts with the chosen kernels and CPUs only, which stand on the info metric and nowhere else. */
export function chosen<Name extends OfHosts>(name: Name, matchers?: Matchers<Name>): Expression {
  return and(inPlace(name, matchers), select("kvm_host_info", { job: "$job", ...MODEL }), ["job", "host"]);
}

/** Series of the one chosen host. */
export function ofHost<Name extends OfHosts>(name: Name, matchers?: Matchers<Name>): Selector {
  return select(name, { job: "$job", host: "$host", ...matchers } as Matchers<Name>);
}

/** Series of the chosen daemon. */
export function ofDaemon<Name extends OfDaemon>(name: Name, matchers?: Matchers<Name>): Selector {
  return select(name, { job: "$daemon", instance: "$instance", ...matchers } as Matchers<Name>);
}
