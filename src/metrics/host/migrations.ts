/** Guests that left the host for another one; the host that they come to counts nothing. */
import { DIRECTIONS, DOWNTIME_EDGES, MIGRATION_RESULTS } from "../../kvm/counters.ts";
import { counts, secondsHistogram } from "../from-counters.ts";

export const migrationMetrics = {
  kvm_migrations_total: counts(
    "migrations",
    DIRECTIONS.flatMap((direction) => MIGRATION_RESULTS.map((result) => ({ direction, result }))),
  ),
  kvm_migration_downtime_seconds: secondsHistogram("downtimeBuckets", "downtimeCycles", DOWNTIME_EDGES),
};
