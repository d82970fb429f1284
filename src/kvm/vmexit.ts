/**
 * Runs a test of kvm-unit-tests on a host specification, with the fleet's own engine, and says
 * what kvm-unit-tests would print: guest TSC cycles of an iteration, and the exits it took.
 */
import { Samples } from "../guest/unit-tests/samples.ts";
import { formatCpuList } from "./cpu-list.ts";
import type { GuestSpec, HostSpec } from "./host-spec.ts";
import { KvmHost } from "./host.ts";
import { resolveHost } from "./resolve.ts";
import { SpecError } from "./resolved.ts";
import { CELLS, type Cell } from "./exits.ts";
import { UNIT_TESTS, type UnitTest, type UnitTestName } from "./unit-tests.ts";
import { linuxSettings } from "./vm.ts";

export interface TestExits {
  readonly reason: string;
  readonly msr: string;
  readonly path: string;
  readonly per_iteration: number;
}

/** One line of the table; cycles are guest TSC ticks at base clock. */
export interface TestResult {
  readonly name: UnitTestName;
  readonly unit: UnitTest["unit"];
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly iterations: number;
  /** The most frequent first. */
  readonly exits: readonly TestExits[];
}

interface Measured {
  readonly values: readonly number[];
  readonly cells: readonly Cell[];
  readonly exits: Float64Array;
}

/** Emulated cycles between two looks at whether the test is done. */
const STRETCH = 20_000_000;
/** A test that has not finished by then never will. */
const STRETCHES_MAX = 20_000;

/** Runs one test. Throws a SpecError when the host has too few cores. */
export function runUnitTest(spec: HostSpec, name: UnitTestName, seed: number): TestResult {
  const { values, cells, exits } = measureUnitTest(spec, name, seed);
  return summarize(name, values, cells, exits);
}

/** What each iteration took in the test's unit, and the exits of all of them by cell. */
export function measureUnitTest(spec: HostSpec, name: UnitTestName, seed: number): Measured {
  const test = sizedFor(UNIT_TESTS[name], firstGuest(spec).vcpus);
  const samples = new Samples(test.iterations, test.warmUp);
  const { cpus, workers } = coresFor(spec, test);
  const resolved = resolveHost(testSpec(spec, test, cpus));
  const { vendor } = resolved.cpu;
  const host = new KvmHost(resolved, seed, (guest, forked, ghz, now) =>
    test.programs(samples, resolved.guests.indexOf(guest), linuxSettings(guest, forked, ghz, now)),
  );
  if (test.vms === 2) host.connect(workers);
  const exits = new Float64Array(CELLS[vendor].length);
  host.observe((_vcpu, kind) => {
    if (!samples.counting || samples.full) return;
    const cell = kind.cells[vendor];
    exits[cell] = (exits[cell] as number) + 1;
  });
  for (let n = 1; !samples.full; n++) {
    if (n > STRETCHES_MAX) throw new SpecError([], `${name} did not finish: ${samples.values.length} of ${test.iterations} iterations`);
    host.advance(n * STRETCH);
  }
  const ghz = test.unit === "ns" ? resolved.tscHz / 1e9 : 1;
  const values = samples.values.map((cycles) => cycles / ghz);
  return { values, cells: CELLS[vendor], exits };
}

/** A test on as many vCPUs as the guest has, where that is what it is about. */
function sizedFor(test: UnitTest, vcpus: number): UnitTest {
  return test.vcpusOfGuest === true && vcpus > test.vcpus ? { ...test, vcpus } : test;
}

/** The host with the test's VMs alone: the first guest's settings, each vCPU on a core of its own. */
function testSpec(spec: HostSpec, test: UnitTest, cpus: readonly number[]): HostSpec {
  const first = firstGuest(spec);
  // The bare kernel has no paravirtual EOI, and its tests write TSC_DEADLINE whatever the guest's own kernel would.
  const kernel = test.bare ? ({ pv: { ...first.pv, eoi: false, haltpoll: false }, timer: "tsc_deadline" } as const) : {};
  const vm = (number: number): GuestSpec => {
    const own = new Set(cpus.slice(number * test.vcpus, (number + 1) * test.vcpus));
    const placement = formatCpuList(Array.from({ length: spec.cpus }, (_, cpu) => own.has(cpu)));
    return { ...first, ...kernel, count: 1, vcpus: test.vcpus, workload: "idle", load: 1, dedicated: true, placement };
  };
  return {
    ...spec,
    guests: Object.fromEntries(Array.from({ length: test.vms }, (_, number) => [number === 0 ? "test" : "peer", vm(number)])),
  };
}

function firstGuest(spec: HostSpec): GuestSpec {
  const first = Object.values(spec.guests)[0];
  if (first === undefined) throw new SpecError(["guests"], "expected a guest whose settings the test takes, came none");
  return first;
}

/**
 * A CPU on each of as many cores as the test has vCPUs: isolated ones where there are enough, not the boot CPU's
 * core; a VM that is wider takes siblings, too, and the boot CPU last; and one for each VM's vhost worker, which is a thread of the host and keeps off isolated CPUs.
 */
function coresFor(spec: HostSpec, { vcpus, vms }: UnitTest): { cpus: readonly number[]; workers: readonly number[] } {
  const { nohzFull } = resolveHost({ ...spec, guests: {} });
  const cores = Array.from({ length: spec.cpus }, (_, cpu) => cpu).filter((cpu) => cpu >= 2 && (!spec.smt || cpu % 2 === 0));
  const isolated = cores.filter((cpu) => nohzFull[cpu] === true);
  const count = vcpus * vms;
  const all = Array.from({ length: spec.cpus }, (_, cpu) => cpu).toReversed();
  const wide = [...cores, ...all.filter((cpu) => !cores.includes(cpu))];
  const cpus = (isolated.length >= count ? isolated : vms === 1 ? wide : cores).slice(0, count);
  const others = Array.from({ length: spec.cpus }, (_, cpu) => cpu).filter((cpu) => !cpus.includes(cpu) && nohzFull[cpu] !== true);
  const workers = vms === 1 ? [] : [...others.filter((cpu) => cores.includes(cpu)), ...others].slice(0, vms);
  if (cpus.length < count || (vms > 1 && workers.length === 0)) {
    throw new SpecError(["cpus"], `expected ${count} cores besides the first for the test, came ${cpus.length}`);
  }
  return { cpus, workers };
}

function summarize(name: UnitTestName, values: readonly number[], cells: readonly Cell[], exits: Float64Array): TestResult {
  const sorted = Float64Array.from(values).toSorted();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] as number;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    name,
    unit: UNIT_TESTS[name].unit,
    mean,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
    iterations: values.length,
    exits: cells
      .filter(({ index }) => (exits[index] as number) > 0)
      .map((cell) => ({
        reason: cell.reason,
        msr: cell.msr,
        path: cell.path,
        per_iteration: (exits[cell.index] as number) / values.length,
      }))
      .toSorted((a, b) => b.per_iteration - a.per_iteration),
  };
}
