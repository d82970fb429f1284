/** `fastpathd check`: all errors of a configuration at once, and what it would run. */
import { formatConfigErrors } from "../config/format.ts";
import { loadConfig } from "../config/load.ts";
import type { HostPlan } from "../fleet/action.ts";
import { resolveHost } from "../kvm/resolve.ts";
import type { ResolvedHost } from "../kvm/resolved.ts";
import { seriesCount } from "../metrics/host-metrics.ts";
import { alignColumns } from "./table.ts";

/** Series that one host may have, by vendor of its CPU. */
const BUDGET = { intel: 660, amd: 580 } as const;

interface Size {
  readonly vcpus: number;
  readonly guests: number;
  readonly series: number;
  readonly vendor: keyof typeof BUDGET;
}

/** Prints errors, or sizes and warnings; returns the exit code. */
export async function check(dir: string): Promise<number> {
  const loaded = await loadConfig(dir);
  if (!loaded.ok) {
    console.error(formatConfigErrors(loaded.errors));
    console.error(`${dir}: ${loaded.errors.length === 1 ? "1 error" : `${loaded.errors.length} errors`}`);
    return 1;
  }
  if (loaded.warnings.length > 0) console.error(`warning: ${formatConfigErrors(loaded.warnings).replaceAll("\n", "\nwarning: ")}`);
  const { hosts, groups } = loaded.config;
  const sizeOf = sizer();
  const sizes = hosts.map((host) => ({ group: host.group, ...sizeOf(host) }));
  const line = (name: string, of: typeof sizes): string[] => [
    name,
    ...[of.length, sum(of, "vcpus"), sum(of, "guests"), sum(of, "series")].map(String),
  ];
  const rows = groups.map(({ name }) =>
    line(
      name,
      sizes.filter(({ group }) => group === name),
    ),
  );
  console.log(alignColumns([["GROUP", "HOSTS", "VCPUS", "GUESTS", "SERIES"], ...rows, line("all", sizes)]));
  const largest = Math.max(0, ...sizes.map(({ series }) => series));
  console.log(`${dir} is valid; the largest host has ${largest} series, an Intel host may have ${BUDGET.intel}, an AMD host ${BUDGET.amd}`);
  const tooLarge = sizes.filter(({ series, vendor }) => series > BUDGET[vendor]).length;
  if (tooLarge === 0) return 0;
  console.error(`${tooLarge} hosts have more series than they may`);
  return 1;
}

const sum = (sizes: readonly Size[], of: "vcpus" | "guests" | "series"): number => sizes.reduce((total, size) => total + size[of], 0);

/** Hosts that share a specification are resolved once. */
function sizer(): (plan: HostPlan) => Size {
  const known = new Map<HostPlan["spec"], ResolvedHost>();
  return (plan) => {
    const resolved = known.get(plan.spec) ?? resolveHost(plan.spec);
    known.set(plan.spec, resolved);
    const vcpus = resolved.guests.reduce((total, { spec }) => total + spec.vcpus, 0);
    return { vcpus, guests: resolved.guests.length, series: seriesCount(plan, resolved), vendor: resolved.cpu.vendor };
  };
}
