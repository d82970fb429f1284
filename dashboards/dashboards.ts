/** The catalogue of dashboards: each file of dashboards/json is one of them under its uid. */
import type { Dashboard } from "@grafana/schema";
import { daemon } from "./daemon.ts";
import { exitLatency } from "./exit-latency.ts";
import { fleet } from "./fleet.ts";
import { host } from "./host.ts";
import { mitigations } from "./mitigations.ts";
import { rollout } from "./rollout.ts";
import { timers } from "./timers.ts";

export const DASHBOARDS: readonly (() => Dashboard)[] = [fleet, host, rollout, exitLatency, timers, mitigations, daemon];

export const fileOf = ({ uid }: Dashboard): string => `${uid}.json`;
export const textOf = (dashboard: Dashboard): string => `${JSON.stringify(dashboard, null, 2)}\n`;
