/** What differs between two specifications, key by key, and what the change would take in reality. */
import { isDeepStrictEqual } from "node:util";
import type { HostSpec } from "../kvm/host-spec.ts";
import { type Effect, EFFECTS, GUEST_EFFECTS, HOST_EFFECTS } from "./effects.ts";
import { type ConfigMap, isMap, ownValue } from "./merge.ts";

export interface KeyChange {
  /** Dotted: `fastpath.icr`, `guests.web.load`, or `guests.web` when the kind comes or goes. */
  readonly key: string;
  /** null: was not there. */
  readonly before: unknown;
  /** null: is gone. */
  readonly after: unknown;
  readonly takes: Effect;
}

type Effects = { readonly [key: string]: Effect | Effects };

/** Keys that differ, in the order of the schema, guests last. */
export function diffSpecs(before: HostSpec, after: HostSpec): KeyChange[] {
  const names = [...new Set([...Object.keys(before.guests), ...Object.keys(after.guests)])];
  const guests = names.flatMap((name): KeyChange[] => {
    const was = ownValue(before.guests, name) ?? null;
    const is = ownValue(after.guests, name) ?? null;
    const key = `guests.${name}`;
    return isMap(was) && isMap(is) ? diffMaps(was, is, GUEST_EFFECTS, `${key}.`) : [{ key, before: was, after: is, takes: "live" }];
  });
  return [...diffMaps({ ...before }, { ...after }, HOST_EFFECTS, ""), ...guests];
}

function diffMaps(before: ConfigMap, after: ConfigMap, effects: Effects, prefix: string): KeyChange[] {
  return Object.entries(effects).flatMap(([key, takes]): KeyChange[] => {
    const was = ownValue(before, key);
    const is = ownValue(after, key);
    if (typeof takes !== "string") return isMap(was) && isMap(is) ? diffMaps(was, is, takes, `${prefix}${key}.`) : [];
    return isDeepStrictEqual(was, is) ? [] : [{ key: `${prefix}${key}`, before: was ?? null, after: is ?? null, takes }];
  });
}

/** The hardest of the changes; `live` when there is none. */
export function hardestEffect(changes: readonly KeyChange[]): Effect {
  return changes.reduce<Effect>((hardest, { takes }) => (EFFECTS.indexOf(takes) > EFFECTS.indexOf(hardest) ? takes : hardest), "live");
}
