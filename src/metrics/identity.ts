/** The labels that tell hosts apart: from service discovery, or on each sample of the fleet part. */
import type { HostPlan } from "../fleet/action.ts";
import type { Labels } from "./metric.ts";

/** Identity labels of a host in a fixed order; an empty one is left out, as Prometheus reads it. */
export function identityLabels(plan: HostPlan): Labels {
  const all = { host: plan.name, group: plan.group, zone: plan.zone, ...plan.labels, instance: plan.name };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}
