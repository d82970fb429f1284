/** Host: all of one host, and what its configuration was when. */
import type { Dashboard } from "@grafana/schema";
import { configuration } from "./host/configuration.ts";
import { cycles } from "./host/cycles.ts";
import { exits } from "./host/exits.ts";
import { facts } from "./host/facts.ts";
import { time } from "./host/time.ts";
import { timers } from "./host/timers.ts";
import { HOST_CHANGES } from "./kit/annotations.ts";
import { dashboard } from "./kit/dashboard.ts";
import { ONE_HOST } from "./kit/variables.ts";
import { UID } from "./uids.ts";

export const host = (): Dashboard =>
  dashboard({
    uid: UID.host,
    title: "fastpathd / Host",
    description: "One host: what it is, what its configuration resolves to, its exits, their cycles and what spends them.",
    variables: ONE_HOST,
    changes: HOST_CHANGES,
    rows: [facts(), exits(), cycles(), timers(), time(), configuration()],
  });
