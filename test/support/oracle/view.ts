/** The oracle's counters at an instant: what is complete, and what has passed of what is in progress. */
import { workloadNameOf } from "../../../src/guest/workload-choice.ts";
import { unfinishedWork } from "./cpus.ts";
import type { OracleExit, OracleVcpu, World } from "./world.ts";

export function countersNow(world: World): ReadonlyMap<string, number> {
  const { now } = world;
  const counters = new Map(world.counters);
  const add = (name: string, amount: number): void => void counters.set(name, (counters.get(name) ?? 0) + amount);
  const value = (name: string): number => counters.get(name) ?? 0;
  const STATE = { guest: "vcpu guest", exit: "vcpu exit", poll: "vcpu halt_poll", blocked: "vcpu halted" } as const;
  for (const vcpu of world.vcpus) {
    add(STATE[vcpu.mode], now - vcpu.since);
    if (vcpu.exit !== null) add("cpu exit_mitigation", mitigationPassed(vcpu, vcpu.exit, now));
    add(`work ${workloadNameOf(vcpu.guest.spec.workload)}`, vcpu.program.workCycles);
  }
  for (const cpu of world.cpus) add("cpu housekeeping", -unfinishedWork(cpu, now));
  add("emulated cycles", now);
  add("cpu guest", value("vcpu guest"));
  add("cpu halt_poll", value("vcpu halt_poll"));
  add("cpu exit_work", value("vcpu exit") - value("cpu exit_mitigation"));
  const busy = ["guest", "halt_poll", "exit_work", "exit_mitigation", "housekeeping"].reduce((sum, use) => sum + value(`cpu ${use}`), 0);
  add("cpu idle", world.cpus.length * now - busy);
  return counters;
}

/** Mitigation cycles of the exit in flight that have passed: taken to come right after the switch, and a flush last. */
function mitigationPassed(vcpu: OracleVcpu, exit: OracleExit, now: number): number {
  const { cost } = exit;
  const passed = exit.elapsed + (vcpu.mode === "exit" ? now - exit.since : 0);
  const compiled = between(0, passed - cost.switchOut, cost.mitigation);
  if (vcpu.step?.what !== "end" || !exit.flush) return compiled;
  const begin = vcpu.step.at - exit.extra.timer_advance - exit.extra.run_loop - cost.conditionalFlush;
  return compiled + between(0, now - begin, cost.conditionalFlush);
}

const between = (least: number, value: number, most: number): number => Math.max(least, Math.min(value, most));
