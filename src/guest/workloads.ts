/** The catalogue of workloads that `workload:` may name. */
import type { Workload } from "./workload.ts";
import { compile } from "./workloads/compile.ts";
import { cyclictest } from "./workloads/cyclictest.ts";
import { database } from "./workloads/database.ts";
import { desktop } from "./workloads/desktop.ts";
import { diurnal } from "./workloads/diurnal.ts";
import { hackbench } from "./workloads/hackbench.ts";
import { idle } from "./workloads/idle.ts";
import { lightService } from "./workloads/light-service.ts";
import { memory } from "./workloads/memory.ts";
import { messages } from "./workloads/messages.ts";
import { noisy } from "./workloads/noisy.ts";
import { packets } from "./workloads/packets.ts";
import { redis } from "./workloads/redis.ts";
import { sysbench } from "./workloads/sysbench.ts";
import { web } from "./workloads/web.ts";
import { windows } from "./workloads/windows.ts";

export const WORKLOADS = {
  idle,
  web,
  redis,
  database,
  compile,
  memory,
  desktop,
  windows,
  "light-service": lightService,
  sysbench,
  noisy,
  diurnal,
  hackbench,
  messages,
  packets,
  cyclictest,
} as const satisfies Record<string, Workload>;
export type WorkloadName = keyof typeof WORKLOADS;
export const WORKLOAD_NAMES = Object.keys(WORKLOADS) as WorkloadName[];
