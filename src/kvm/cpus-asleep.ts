/** How long the CPUs under a host's vCPUs have been in a C-state: the idle task's sleep, and the guests' own. */
import { asleepInGuest } from "./guest-halt.ts";
import type { KvmHost } from "./host.ts";
import type { Vcpu } from "./vcpu.ts";

/** Cycles since the boot, once for each vCPU; for one that shares CPUs, the mean of those that it may use. */
export function cyclesAsleep({ vcpus, physicalCpus, now }: KvmHost): number {
  const asleep = Array.from({ length: physicalCpus.count }, (_, cpu) =>
    physicalCpus.cstateTime.soFar(cpu, now, physicalCpus.idleExitCycles(cpu, now) > 0),
  );
  for (const vcpu of vcpus) {
    const cpus = cpusOf(vcpu);
    const slept = (vcpu.sleptInGuest + asleepInGuest(vcpu, now)) / cpus.length;
    for (const cpu of cpus) asleep[cpu] = (asleep[cpu] as number) + slept;
  }
  const mean = (cpus: readonly number[]): number => cpus.reduce((sum, cpu) => sum + (asleep[cpu] as number), 0) / cpus.length;
  return vcpus.reduce((sum, vcpu) => sum + mean(cpusOf(vcpu)), 0);
}

const cpusOf = ({ task, cpu }: Vcpu): readonly number[] => task?.allowed.cpus ?? [cpu];
