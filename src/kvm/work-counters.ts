/**
 * Where the work of a workload is counted. The catalogue's have a counter each on every host; those
 * of one's own share a few, which a host gives away as it comes to know their names.
 */
import { type WorkloadChoice, workloadNameOf } from "../guest/workload-choice.ts";
import { WORKLOAD_NAMES } from "../guest/workloads.ts";
import { assert } from "../lib/assert.ts";
import { AT, OWN_WORKLOADS_MAX } from "./counters.ts";
import type { Tally } from "./tally.ts";

const CATALOGUE: readonly string[] = WORKLOAD_NAMES;

/** Index of a workload's counter; `own` are the host's own ones in the order of their counters. */
export function workCounter(name: string, own: readonly string[]): number {
  const known = CATALOGUE.indexOf(name);
  return AT.workCycles + (known >= 0 ? known : CATALOGUE.length + own.indexOf(name));
}

export class WorkCounters {
  /** Workloads of one's own that ran since the host's boot, in the order of their counters. */
  readonly own: string[] = [];
  private readonly tally: Tally;

  constructor(tally: Tally) {
    this.tally = tally;
  }

  /** Gives each running workload a counter: a new one, or at last one whose workload runs no more. */
  take(running: readonly WorkloadChoice[]): void {
    const names = new Set(running.map(workloadNameOf));
    for (const name of names) {
      if (CATALOGUE.includes(name) || this.own.includes(name)) continue;
      if (this.own.length < OWN_WORKLOADS_MAX) this.own.push(name);
      else this.replace(name, names);
    }
  }

  indexOf(choice: WorkloadChoice): number {
    return workCounter(workloadNameOf(choice), this.own);
  }

  private replace(name: string, running: ReadonlySet<string>): void {
    const idle = this.own.findIndex((old) => !running.has(old));
    assert(idle >= 0, `a host runs at most ${OWN_WORKLOADS_MAX} workloads of one's own`);
    this.own[idle] = name;
    const at = workCounter(name, this.own);
    this.tally.low[at] = 0;
    this.tally.high[at] = 0;
  }
}
