/** `fastpathd vmexit`: the table of kvm-unit-tests on an emulated host. */
import { formatConfigErrors } from "../config/format.ts";
import { parseHostSpecFile } from "../config/host-file.ts";
import { SpecError } from "../kvm/resolved.ts";
import { UNIT_TEST_NAMES, type UnitTestName } from "../kvm/unit-tests.ts";
import { runUnitTest, type TestResult } from "../kvm/vmexit.ts";
import { alignColumns } from "./table.ts";

export interface VmexitFlags {
  readonly tests?: string;
  readonly seed: number;
  readonly json: boolean;
}

/** Runs the tests and prints what they measured; returns the exit code. */
export async function vmexit(file: string, flags: VmexitFlags): Promise<number> {
  const names = flags.tests === undefined ? UNIT_TEST_NAMES : flags.tests.split(",");
  const unknown = names.filter((name) => !isTest(name));
  if (unknown.length > 0) {
    console.error(`--tests: expected some of ${UNIT_TEST_NAMES.join(", ")}; came ${unknown.join(", ")}`);
    return 2;
  }
  const parsed = await parseHostSpecFile(file);
  if (!parsed.ok) {
    console.error(formatConfigErrors(parsed.errors));
    return 1;
  }
  try {
    const tests = names.filter(isTest).map((name) => runUnitTest(parsed.value, name, flags.seed));
    console.log(flags.json ? JSON.stringify({ tests }, null, 2) : table(tests));
    return 0;
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    console.error(`${file}: ${error.path.join(".")}: ${error.message}`);
    return 1;
  }
}

const isTest = (name: string): name is UnitTestName => UNIT_TEST_NAMES.some((known) => known === name);

function table(tests: readonly TestResult[]): string {
  const heading = ["TEST", "UNIT", "MEAN", "P50", "P90", "P99", "P99.9", "MAX", "EXITS PER ITERATION"];
  const rows = tests.map((test) => [
    test.name,
    test.unit,
    ...[test.mean, test.p50, test.p90, test.p99, test.p999, test.max].map((value) => value.toFixed(0)),
    exitsOf(test),
  ]);
  return `${alignColumns([heading, ...rows])}\n\ncycles are guest TSC ticks; exits rarer than 0.001 an iteration are left out`;
}

function exitsOf({ exits }: TestResult): string {
  const shown = exits.filter(({ per_iteration }) => per_iteration >= 0.001);
  return shown
    .map(({ reason, msr, path, per_iteration }) => {
      const what = msr === "" ? reason : `${reason}(${msr})`;
      return `${Number(per_iteration.toFixed(3))} ${what} ${path}`;
    })
    .join(", ");
}
