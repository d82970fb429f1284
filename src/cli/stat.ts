/** `fastpathd stat`: what `perf kvm stat report` would print for an emulated host's guests. */
import { formatConfigErrors } from "../config/format.ts";
import { parseHostSpecFile } from "../config/host-file.ts";
import { SpecError } from "../kvm/resolved.ts";
import { StatRun, WARM_UP_SECONDS, type StatReport } from "../kvm/stat.ts";
import { perfReport } from "./perf-kvm-stat.ts";
import { Progress } from "./progress.ts";

export interface StatFlags {
  /** Emulated seconds. */
  readonly for: number;
  readonly seed: number;
  readonly json: boolean;
}

/** Between two looks at the clock. */
const SLICES = 200;

/** Watches the host for a while and prints what it saw; returns the exit code. */
export async function stat(file: string, flags: StatFlags): Promise<number> {
  const parsed = await parseHostSpecFile(file);
  if (!parsed.ok) {
    console.error(formatConfigErrors(parsed.errors));
    return 1;
  }
  try {
    const run = new StatRun(parsed.value, flags.seed, flags.for);
    const progress = new Progress(`emulating ${flags.for} s:`);
    for (let slice = 0; slice <= SLICES; slice++) {
      run.advance(slice / SLICES);
      progress.show(slice / SLICES);
    }
    progress.done();
    const report = run.report();
    console.log(flags.json ? JSON.stringify(stable(report), null, 2) : text(file, flags, report));
    return 0;
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    console.error(`${file}: ${error.path.join(".")}: ${error.message}`);
    return 1;
  }
}

/** The shape that other tools read. */
function stable(report: StatReport): object {
  const { seconds, vcpus, exits_per_second_per_vcpu, c0_share, guest_work_per_second } = report;
  const exits = report.exits.map(({ reason, samples, share, time_share, min_us, max_us, avg_us }) => {
    return { reason, samples, share, time_share, min_us, max_us, avg_us };
  });
  return { seconds, vcpus, exits, exits_per_second_per_vcpu, c0_share, guest_work_per_second };
}

function text(file: string, flags: StatFlags, report: StatReport): string {
  const { vcpus, samples, exit_count } = report;
  const unseen = exit_count - samples;
  return [
    perfReport(report),
    `${report.exits_per_second_per_vcpu.toFixed(1)} exits per second and vCPU, all counted: ${exit_count} on ${vcpus} vCPUs`,
    ...(unseen === 0
      ? []
      : [`${unseen} of them are no events: re-entered from a fastpath without a tracepoint, or under way at either end`]),
    `${(report.c0_share * 100).toFixed(2)} % of the time the vCPUs' CPUs were in C0`,
    `${Math.round(report.guest_work_per_second)} useful guest cycles per second`,
    "",
    `fastpathd stat ${file} --for ${flags.for}s --seed ${flags.seed}     (after ${WARM_UP_SECONDS} s of warm-up)`,
  ].join("\n");
}
