/** How long the CPUs under a host's vCPUs have been in a C-state: the idle task's sleep, and the guests' own. */
import { asleepInGuest } from "./guest-halt.ts";
import type { KvmHost } from "./host.ts";

/** Cycles since the boot, once for each vCPU. */
export function cyclesAsleep({ vcpus, physicalCpus, now }: KvmHost): number {
  const sleptInGuest = new Map<number, number>();
  for (const vcpu of vcpus) {
    sleptInGuest.set(vcpu.cpu, (sleptInGuest.get(vcpu.cpu) ?? 0) + vcpu.sleptInGuest + asleepInGuest(vcpu, now));
  }
  return vcpus.reduce((sum, { cpu }) => {
    const idle = physicalCpus.cstateTime.soFar(cpu, now, physicalCpus.idleExitCycles(cpu, now) > 0);
    return sum + idle + (sleptInGuest.get(cpu) ?? 0);
  }, 0);
}
