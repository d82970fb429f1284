/** How the cycles of one kind of exit spread: quantile tables, read at a uniform draw. */
import { logNormal, normalQuantile, quantileTable } from "../sim/samplers.ts";
import { BODY, USERSPACE_TAILS } from "./paths.ts";

/** Near-constant work: the deviation from its cycles, as a share of them. */
export const BODY_TABLE = quantileTable((u) => bodyQuantile(u, [BODY]));
/** The same for an exit that goes to QEMU, whose thread the host disturbs more where its CPU is not isolated. */
export const ISOLATED_USERSPACE_TABLE = quantileTable((u) => bodyQuantile(u, [USERSPACE_TAILS.isolated]));
export const SHARED_USERSPACE_TABLE = quantileTable((u) => bodyQuantile(u, [USERSPACE_TAILS.contended, USERSPACE_TAILS.isolated]));
const TAIL_TABLES = new Map<number, Float64Array>();

interface Tail {
  readonly tailShare: number;
  readonly tail: number;
}

/** Near-constant body: normal, then the slower shares at the top, the rarest last. */
function bodyQuantile(u: number, tails: readonly Tail[]): number {
  let slower = tails.reduce((sum, { tailShare }) => sum + tailShare, 0);
  const body = 1 - slower;
  if (u <= body) return BODY.sigma * normalQuantile(u / body);
  let result = 0;
  for (const { tailShare, tail } of tails) {
    if (u <= 1 - slower) break;
    result = tail;
    slower -= tailShare;
  }
  return result;
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
