/**
 * A change of the fleet as a value. The edge computes actions (`reconcile`), the fleet applies
 * them at a slice border.
 */
import type { HostSpec } from "../kvm/host-spec.ts";
import type { Breakage } from "./breakage.ts";

/** A host as the configuration wants it. */
export interface HostPlan {
  readonly name: string;
  readonly group: string;
  readonly zone: string;
  /** The group's own labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Smallest cohort that holds the host, or `none`. */
  readonly cohort: string;
  readonly spec: HostSpec;
}

/** A change of a host. */
export type HostAction =
  | { readonly kind: "add"; readonly host: HostPlan }
  | { readonly kind: "remove"; readonly name: string }
  /** Live: counters, guests and pending timers stay; predicates are re-decided at the next arming. */
  | { readonly kind: "change"; readonly host: HostPlan }
  /** `cpu`, `cpus`, `ghz` or a guest's `vcpus` changed: counters start at 0, boot time moves. */
  | { readonly kind: "reboot"; readonly host: HostPlan };

/**
 * A VM is to move to another host, or to any host of a group. Whether it can, and how it went,
 * stands in the published migrations.
 */
export interface MigrateAction {
  readonly kind: "migrate";
  /** Its name on the host where it lives: `web-1`, and `web-1@home` away from its home. */
  readonly guest: string;
  readonly from: string;
  readonly to: string;
}

/** A host is broken in this way from now on, or sound. */
export interface BreakAction {
  readonly kind: "break";
  readonly host: string;
  readonly breakage: Breakage;
}

export type Action = HostAction | MigrateAction | BreakAction;
