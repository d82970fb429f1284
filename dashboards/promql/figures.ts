/** Figures that several dashboards show, each worded once. */
import { plus, rate, ratio, sum, type Expression, type Selector } from "./expression.ts";
import { ofHost, recorded } from "./scope.ts";
import { BUSY, EXIT_USES, HEADLINE_FASTPATHS } from "./vocabulary.ts";

/** Hits of all capable exits, of the chosen part of the fleet. */
export function hitRate(by: readonly string[] = []): Expression {
  const hits = sum(recorded("host:kvm_fastpath_hits:rate1m"), by);
  return ratio(hits, plus(hits, sum(recorded("host:kvm_fastpath_misses:rate1m"), by)));
}

/** The same of the one chosen host. */
export function hostHitRate(by: readonly string[] = []): Expression {
  const fastpath = HEADLINE_FASTPATHS;
  const hits = sum(rate(ofHost("kvm_fastpath_hits_total", { fastpath })), by);
  return ratio(hits, plus(hits, sum(rate(ofHost("kvm_fastpath_misses_total", { fastpath })), by)));
}

/** Cycles of a mean exit, of the chosen part of the fleet. */
export const meanCycles = (by: readonly string[] = []): Expression =>
  ratio(sum(recorded("group_exit:kvm_exit_cycles_sum:rate1m"), by), sum(recorded("group_exit:kvm_exits:rate1m"), by));

/** Whole cores that handle exits, mitigations included. */
export const exitCores = (by: readonly string[] = []): Expression =>
  sum(recorded("host_use:kvm_host_cpu_seconds:rate1m", { use: EXIT_USES }), by);

/** The same as a share of the time in which CPUs do something. */
export const exitShare = (by: readonly string[] = []): Expression =>
  ratio(exitCores(by), sum(recorded("host_use:kvm_host_cpu_seconds:rate1m", { use: BUSY }), by));

/** Rates of the chosen host, summed, per second of its own time, which neither lag nor --speed changes. */
export const perOwnSecond = (of: Expression, by: readonly string[] = []): Expression =>
  each(sum(of, by), ofHost("kvm_host_emulated_seconds_total"));

/** Summed rates of the chosen host for each event of another counter. */
export const each = (of: Expression, event: Selector): Expression => ratio(of, sum(rate(event)), { on: [], keep: [] });
