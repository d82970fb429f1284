/** How the cycles of one kind of exit spread: quantile tables, read at a uniform draw. */
import { logNormal, normalQuantile, quantileTable } from "../sim/samplers.ts";
import { BODY, USERSPACE_TAIL } from "./paths.ts";

/** Near-constant work: the deviation from its cycles, as a share of them. */
export const BODY_TABLE = quantileTable((u) => bodyQuantile(u, BODY));
/** The same for an exit that goes to QEMU. */
export const USERSPACE_TABLE = quantileTable((u) => bodyQuantile(u, USERSPACE_TAIL));
const TAIL_TABLES = new Map<number, Float64Array>();

/** Near-constant body: normal, then a slower share at the top. */
function bodyQuantile(u: number, { tailShare, tail }: { readonly tailShare: number; readonly tail: number }): number {
  return u > 1 - tailShare ? tail : BODY.sigma * normalQuantile(u / (1 - tailShare));
}

/** A heavy-tailed handler: a factor of its mean, log-normal with that coefficient of variation. */
export function tailTable(cv: number): Float64Array {
  let table = TAIL_TABLES.get(cv);
  if (table === undefined) {
    table = quantileTable((u) => logNormal(u, cv));
    TAIL_TABLES.set(cv, table);
  }
  return table;
}
