/** The catalogue of workloads that `workload:` may name. */
import type { Workload } from "./workload.ts";
import { cyclictest } from "./workloads/cyclictest.ts";
import { hackbench } from "./workloads/hackbench.ts";
import { idle } from "./workloads/idle.ts";
import { packets } from "./workloads/packets.ts";
import { redis } from "./workloads/redis.ts";
import { web } from "./workloads/web.ts";

export const WORKLOADS = { idle, web, redis, hackbench, packets, cyclictest } as const satisfies Record<string, Workload>;
export type WorkloadName = keyof typeof WORKLOADS;
export const WORKLOAD_NAMES = Object.keys(WORKLOADS) as WorkloadName[];
