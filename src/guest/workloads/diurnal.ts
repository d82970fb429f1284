import type { Workload } from "../workload.ts";
import { web } from "./web.ts";

/** The same web service over a day: most requests half a day after the boot, a sixth of them at night. */
export const diurnal = {
  ...web,
  doc: "The same web service over a day: most requests half a day after the boot, a sixth of them at night.",
  rhythm: { shape: "diurnal", period_s: 86_400, busy_share: 0.5, quiet_load: 0.16 },
  source: "assumed: web's rates at noon, and the swing of a service whose users live in one time zone",
} as const satisfies Workload;
