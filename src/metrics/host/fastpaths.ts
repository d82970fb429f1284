/** Fastpaths: which are live, what they took, what they missed and why. */
import { FASTPATH_NAMES } from "../../kvm/fastpaths.ts";
import { MISSES, type Miss } from "../../kvm/counters.ts";
import { counts, countsByVendor } from "../from-counters.ts";
import { gauges } from "../from-facts.ts";
import type { Labels } from "../metric.ts";

const FASTPATH_LABELS = FASTPATH_NAMES.map((fastpath) => ({ fastpath }));
const missLabels = (misses: readonly Miss[]): readonly Labels[] => misses.map(({ fastpath, cause }) => ({ fastpath, cause }));

export const fastpathMetrics = {
  kvm_fastpath_enabled: gauges(FASTPATH_LABELS, ({ resolved }) => FASTPATH_NAMES.map((name) => Number(resolved.fastpath[name].value))),
  kvm_fastpath_hits_total: counts("hits", FASTPATH_LABELS),
  kvm_fastpath_misses_total: countsByVendor("misses", { intel: missLabels(MISSES.intel), amd: missLabels(MISSES.amd) }),
};
