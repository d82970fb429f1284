/** Figures of the emulator, measured once for each specification. */
import type { HostSpec } from "../../src/kvm/host-spec.ts";
import { StatRun, type StatReport } from "../../src/kvm/stat.ts";
import type { UnitTestName } from "../../src/kvm/unit-tests.ts";
import { measureUnitTest, runUnitTest, type TestResult } from "../../src/kvm/vmexit.ts";

const SEED = 1;
/** Part of the seconds that a mix is watched for. */
let part = 1;
const reports = new Map<string, StatReport>();
const others = new Map<string, unknown>();
const results = new Map<string, TestResult>();

/** A test of `vmexit` on a host. */
export function unitTest(spec: HostSpec, name: UnitTestName): TestResult {
  const key = `${name} ${JSON.stringify(spec)}`;
  let result = results.get(key);
  if (result === undefined) {
    result = runUnitTest(spec, name, SEED);
    results.set(key, result);
  }
  return result;
}

/** The shortest iteration of a test of `vmexit`. */
export const shortest = (spec: HostSpec, name: UnitTestName): number => Math.min(...measureUnitTest(spec, name, SEED).values);

/** What `perf kvm stat` prints of a host's guests. */
export function statOf(spec: HostSpec, asked: number): StatReport {
  const seconds = asked * part;
  const key = `${seconds} ${JSON.stringify(spec)}`;
  const report = reports.get(key) ?? new StatRun(spec, SEED, seconds).report();
  reports.set(key, report);
  return report;
}

/** Mixes are watched for a part of their seconds only. */
export function hurry(asked: number): void {
  part = asked;
}

/** Anything else, measured once. */
export function once<T>(key: string, measure: () => T): T {
  if (!others.has(key)) others.set(key, measure());
  return others.get(key) as T;
}

/** The constants have changed: everything is measured anew. */
export function forget(): void {
  others.clear();
  results.clear();
  reports.clear();
}
