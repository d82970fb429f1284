/**
 * Which CPUs the command line takes out of ordinary use. `nohz_full=` moves ticks and timers away
 * (housekeeping type TIMER); `isolcpus=` alone only keeps the scheduler away (type DOMAIN) and so
 * does not turn `pi_inject_timer` on. From 6.16 on `isolcpus=nohz,…` isolates timers, too.
 *
 * Linux: kernel/sched/isolation.c housekeeping_setup, housekeeping_isolcpus_setup.
 */
import { siblingOf } from "../hw/topology.ts";
import { formatCpuList, parseCpuList } from "./cpu-list.ts";
import type { CpuList, HostSpec } from "./host-spec.ts";
import type { KernelTraits } from "./kernel.ts";

export interface Isolation {
  /** Per CPU: not in the housekeeping mask of timers. */
  readonly timers: readonly boolean[];
  /** Per CPU: not in the housekeeping mask of scheduling domains. */
  readonly domains: readonly boolean[];
  /** Per CPU: isolated in any way, so reserved for guests that ask for it. */
  readonly isolated: readonly boolean[];
  /** What isolates timers, as on the command line: "nohz_full=2-63"; empty when nothing does. */
  readonly timersBy: string;
}

type HostCpus = Pick<HostSpec, "cpus" | "smt" | "cmdline">;
const ISOLCPUS_FLAGS = /^(?:(?:nohz|domain|managed_irq),)+/;

/** Reads `nohz_full=` and `isolcpus=`. Throws a SpecError for a list that is none. */
export function isolation(spec: HostCpus, traits: Pick<KernelTraits, "isolcpusNohzIsolatesTimer">): Isolation {
  const nohzFull = cpusOf(spec, "nohz_full", spec.cmdline.nohz_full);
  const asked = spec.cmdline.isolcpus;
  const flags = typeof asked === "string" ? (ISOLCPUS_FLAGS.exec(asked)?.[0] ?? "") : "";
  const isolcpus = cpusOf(spec, "isolcpus", typeof asked === "string" ? asked.slice(flags.length) : asked);
  const isolcpusTimers = traits.isolcpusNohzIsolatesTimer && flags.includes("nohz,");
  const timers = nohzFull.map((flag, cpu) => flag || (isolcpusTimers && isolcpus[cpu] === true));
  return {
    timers,
    domains: isolcpus.map((flag) => flag && (flags === "" || flags.includes("domain,"))),
    isolated: nohzFull.map((flag, cpu) => flag || isolcpus[cpu] === true),
    timersBy: nohzFull.includes(true)
      ? `nohz_full=${formatCpuList(nohzFull)}`
      : timers.includes(true)
        ? `isolcpus=${flags}${formatCpuList(isolcpus)}`
        : "",
  };
}

/** One flag per CPU; `true` is all but CPU 0 and its sibling. The boot CPU stays when no other would. */
function cpusOf(spec: HostCpus, key: "nohz_full" | "isolcpus", asked: CpuList): readonly boolean[] {
  const flags = Array.from({ length: spec.cpus }, () => asked === true);
  if (typeof asked === "string") for (const cpu of parseCpuList(asked, spec.cpus, ["cmdline", key])) flags[cpu] = true;
  const sibling = siblingOf(0, spec.cpus, spec.smt);
  if (asked === true && sibling !== undefined) flags[sibling] = false;
  if (asked === true || !flags.includes(false)) flags[0] = false;
  return flags;
}
