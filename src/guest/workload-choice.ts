/**
 * The workload of a guest, as a specification carries it: a name of the catalogue, or a workload
 * of one's own as a value. A value, so that an edited file is a change of its hosts like any other.
 */
import type { Workload } from "./workload.ts";
import { type WorkloadName, WORKLOADS } from "./workloads.ts";

/** A workload of one's own, with the name of its file. */
export interface OwnWorkload extends Workload {
  readonly name: string;
}

export type WorkloadChoice = WorkloadName | OwnWorkload;

/** The name by which people know it. */
export const workloadNameOf = (choice: WorkloadChoice): string => (typeof choice === "string" ? choice : choice.name);

export const workloadOf = (choice: WorkloadChoice): Workload => (typeof choice === "string" ? WORKLOADS[choice] : choice);
