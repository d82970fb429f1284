/** KVM's own cumulative statistics. */
import { KVM_STATS } from "../../kvm/kvm-stats.ts";
import { counts } from "../from-counters.ts";

export const statisticsMetrics = {
  kvm_stat_total: counts(
    "stats",
    KVM_STATS.map((name) => ({ name })),
  ),
};
