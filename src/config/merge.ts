/**
 * Merging of partial specifications, as a JSON merge patch does it: maps merge deeply, lists and
 * scalars are replaced. `null` is kept, not applied: it has to win over the layers below until
 * the whole is completed with defaults, where it takes its key back to the default.
 */

/** Keys that would reach an object's prototype; no configuration may name them. */
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
export const isForbiddenKey = (key: string): boolean => FORBIDDEN.has(key);

export type ConfigMap = Readonly<Record<string, unknown>>;

/** A map of the configuration: an object that is no list. */
export const isMap = (value: unknown): value is ConfigMap => typeof value === "object" && value !== null && !Array.isArray(value);

/** Own value of a key, never one of the prototype. */
export const ownValue = (map: ConfigMap, key: string): unknown => (Object.hasOwn(map, key) ? map[key] : undefined);

function merge(base: unknown, patch: unknown): unknown {
  if (patch === undefined) return base;
  if (!isMap(patch)) return patch;
  const merged: Record<string, unknown> = isMap(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (isForbiddenKey(key)) throw new TypeError(`expected a key of the configuration, came ${JSON.stringify(key)}`);
    merged[key] = merge(ownValue(merged, key), value);
  }
  return merged;
}

/** Lays `patch` over `base`; neither is changed. Throws on keys that reach a prototype. */
export function mergePatch<T extends object>(base: T, patch: T): T {
  return merge(base, patch) as T;
}

/** Path of the first key that would reach a prototype, however deep; null when there is none. */
export function findForbiddenKey(value: unknown, path: readonly (string | number)[] = []): readonly (string | number)[] | null {
  if (typeof value !== "object" || value === null) return null;
  for (const [key, child] of Object.entries(value)) {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    if (!Array.isArray(value) && isForbiddenKey(key)) return here;
    const deeper = findForbiddenKey(child, here);
    if (deeper !== null) return deeper;
  }
  return null;
}
