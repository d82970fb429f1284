/**
 * rt-tests' cyclictest -i1000 in a Linux guest: on each vCPU a thread sleeps until a time a
 * millisecond ahead and reads the clock when it is back in user space.
 */
import type { Program } from "../program.ts";
import { bootLinux, type LinuxProgram } from "../linux.ts";
import type { LinuxGuestSettings } from "../linux-guest.ts";
import { cyclictest } from "../workloads/cyclictest.ts";
import type { Samples } from "./samples.ts";

export function cyclictestPrograms(settings: Omit<LinuxGuestSettings, "workload">, samples: Samples): readonly Program[] {
  const programs: readonly LinuxProgram[] = bootLinux({ ...settings, workload: cyclictest });
  for (const program of programs) program.observer = (now, due) => samples.add(now - due);
  return programs;
}
