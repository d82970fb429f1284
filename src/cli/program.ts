/**
 * The command line. Exit codes: 0 all is well, 1 a finding, 2 called wrongly. What a command
 * needs is loaded when it runs, so help comes at once.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { parseAddress, type Address } from "../http/listen-address.ts";
import { stopSignal } from "../daemon/stop.ts";
import type { CompareFlags } from "./compare.ts";
import { defaultConfigDir } from "./config-dir.ts";
import type { DashboardsFlags } from "./dashboards.ts";
import { parseDuration } from "./duration.ts";
import type { ReportFlags } from "./report.ts";
import type { ImportFlags } from "./import.ts";
import type { ServeFlags } from "./serve.ts";
import type { StatFlags } from "./stat.ts";
import type { VmexitFlags } from "./vmexit.ts";
import { packageVersion } from "./version.ts";

/** Runs the command that the arguments name, and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command("fastpathd")
    .description("Emulates a fleet of KVM hosts and exports what APIC-virtualization fastpaths, cpu-pm and CPU mitigations do to VM exits.")
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError("(--help says how it is called)");
  let code = 0;
  const run = async (command: Promise<number>): Promise<void> => {
    code = await command;
  };
  addServe(program, run);
  program
    .command("check")
    .description("Checks a configuration: all errors at once, offline; prints hosts, vCPUs and the budget of series.")
    .argument("[dir]", "configuration directory (default: config/fleet)")
    .action(async (dir?: string) => {
      const { check } = await import("./check.ts");
      await run(check(dir ?? defaultConfigDir()));
    });
  program
    .command("explain")
    .description("Prints every predicate of a host with its value and the reason: which fastpath is live, and why not.")
    .argument("<spec>", "file with one host specification")
    .option("--json", "print JSON", false)
    .action(async (spec: string, flags: { json: boolean }) => {
      const { explain } = await import("./explain.ts");
      await run(explain(spec, flags));
    });
  addMeasurements(program, run);
  addImport(program, run);
  addDashboards(program, run);
  addCompare(program, run);
  program
    .command("report")
    .description("Fills the tables that a backport is decided by: what fastpaths gain, in tests and in guests, and where they do not.")
    .option("--only <a,b>", "only these tables")
    .option("--seed <n>", "first seed", wholeNumber, 1)
    .option("--seeds <k>", "so many seeds, from the first one on", seedCount, 3)
    .option("--json", "print JSON instead of Markdown", false)
    .action(async (flags: ReportFlags) => {
      const { report } = await import("./report.ts");
      code = report(flags);
    });
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? 0 : 2;
  }
  process.exit(code);
}

function addDashboards(program: Command, run: (command: Promise<number>) => Promise<void>): void {
  program
    .command("dashboards")
    .description("Writes the Grafana dashboards as JSON files.")
    .requiredOption("--out <dir>", "directory for the dashboards; made when it is missing")
    .option("--rules <dir>", "directory for the rule files of Prometheus, too")
    .action(async (flags: DashboardsFlags) => {
      const { dashboards } = await import("./dashboards.ts");
      await run(Promise.resolve(dashboards(flags)));
    });
}

function addServe(program: Command, run: (command: Promise<number>) => Promise<void>): void {
  program
    .command("serve")
    .description("Runs the fleet and serves metrics, service discovery, the API and a page.")
    .option("--config <dir>", "configuration directory (default: config/fleet)")
    .option("--state <dir>", "directory for what the API changes", ".fastpathd")
    .addOption(new Option("--listen <host:port>", "address to listen on").argParser(address).default(LISTEN_DEFAULT, "127.0.0.1:9464"))
    .option("--open", "take changes without a token; only on a loopback address", false)
    .option("--speed <n>", "emulated seconds in one second", positive, 1)
    .option("--advertise <host:port>", "address that /sd gives to Prometheus (default: as the request called it)", address)
    .option("--token-file <file>", "file with the token that changes need (default: FASTPATHD_TOKEN, else one is made up)")
    .option("--fleet-series-limit <n>", "above so many series /metrics leaves the fleet out", wholeNumber, 100_000)
    .action(async (flags: ServeFlags) => {
      const stop = stopSignal();
      const { runServe } = await import("./serve.ts");
      await run(runServe(flags, stop));
    });
}

function addMeasurements(program: Command, run: (command: Promise<number>) => Promise<void>): void {
  program
    .command("vmexit")
    .description("Runs tests of kvm-unit-tests on an emulated host: cycles of an iteration, and the exits it takes.")
    .argument("<spec>", "file with one host specification")
    .option("--tests <a,b>", "only these tests")
    .option("--seed <n>", "seed of the spread of costs", wholeNumber, 1)
    .option("--json", "print JSON", false)
    .action(async (spec: string, flags: VmexitFlags) => {
      const { vmexit } = await import("./vmexit.ts");
      await run(vmexit(spec, flags));
    });
  program
    .command("stat")
    .description("Prints what `perf kvm stat report` would print for the host's guests, and what perf does not know.")
    .argument("<spec>", "file with one host specification")
    .addOption(new Option("--for <time>", "emulated time").argParser(duration).default(10, "10s"))
    .option("--seed <n>", "seed of arrivals and of the spread of costs", wholeNumber, 1)
    .option("--json", "print JSON", false)
    .action(async (spec: string, flags: StatFlags) => {
      const { stat } = await import("./stat.ts");
      await run(stat(spec, flags));
    });
}

function addImport(program: Command, run: (command: Promise<number>) => Promise<void>): void {
  program
    .command("import")
    .description(
      "Turns a capture of a real host (perf kvm stat report, kvm_stat, bcc's kvmexit) into a workload that causes the same exits. " +
        "With a second capture, taken after a change, says whether the emulator foretells what the change did.",
    )
    .argument("<file>", "text of the capture")
    .option("--name <name>", "name of the workload (default: the file's)")
    .option("--out <dir>", "configuration directory, or that of a specification: the file goes to its workloads/", ".")
    .option("--spec <spec>", "host that the workload is to run on, its first guest's settings (default: what the capture suggests)")
    .option("--for <time>", "how long the recording took", duration)
    .option("--vcpus <n>", "of how many vCPUs it is", vcpuCount)
    .option("--after <file>", "text of a capture taken after a change; --spec then is the host before it")
    .option("--after-spec <spec>", "host after the change, its first guest's settings")
    .option("--after-set <yaml>", "or what the change set on the host of --spec, such as 'kernel: c84'")
    .option("--after-for <time>", "how long the recording of after took", duration)
    .option("--seed <n>", "seed of the emulation", wholeNumber, 1)
    .option("--json", "print JSON", false)
    .action(async (file: string, flags: ImportFlags) => {
      const { importCapture } = await import("./import.ts");
      await run(importCapture(file, flags));
    });
}

function addCompare(program: Command, run: (command: Promise<number>) => Promise<void>): void {
  program
    .command("compare")
    .description("Runs two specifications over the same seeds and says in what they differ, with confidence intervals and a verdict.")
    .argument("<before>", "file with one host specification")
    .argument("<after>", "file with another")
    .addOption(new Option("--for <time>", "emulated time of each, all seeds together").argParser(duration).default(10, "10s"))
    .option("--seed <n>", "first seed", wholeNumber, 1)
    .option("--seeds <k>", "so many seeds, from the first one on", seedCount, 5)
    .option("--json", "print JSON", false)
    .action(async (before: string, after: string, flags: CompareFlags) => {
      const { compare } = await import("./compare.ts");
      await run(compare(before, after, flags));
    });
}

const LISTEN_DEFAULT: Address = { host: "127.0.0.1", port: 9464 };

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new InvalidArgumentError("Expected HOST:PORT, such as 127.0.0.1:9464.");
  return parsed;
}

function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === null) throw new InvalidArgumentError("Expected a time such as 10s, 500ms or 2m.");
  return seconds;
}

const VCPUS_MAX = 512;

function vcpuCount(text: string): number {
  const value = wholeNumber(text);
  if (value < 1 || value > VCPUS_MAX) throw new InvalidArgumentError(`Expected a number from 1 to ${VCPUS_MAX}.`);
  return value;
}

const SEEDS_MAX = 100;

function seedCount(text: string): number {
  const value = wholeNumber(text);
  if (value < 1 || value > SEEDS_MAX) throw new InvalidArgumentError(`Expected a number from 1 to ${SEEDS_MAX}.`);
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("Expected a number above 0.");
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("Expected a whole number.");
  return value;
}
