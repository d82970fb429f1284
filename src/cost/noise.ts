/** How the cycles of one kind of exit spread: quantile tables, read at a uniform draw. */
import { logNormal, normalQuantile, quantileTable } from "../sim/samplers.ts";
import { BODY } from "./paths.ts";

/** Near-constant work: the deviation from its cycles, as a share of them. */
export const BODY_TABLE = quantileTable(bodyQuantile);
const TAIL_TABLES = new Map<number, Float64Array>();

/** Near-constant body: normal, then the slow share at the top. */
function bodyQuantile(u: number): number {
  const fast = 1 - BODY.tailShare;
  return u > fast ? BODY.tail : BODY.sigma * normalQuantile(u / fast);
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
