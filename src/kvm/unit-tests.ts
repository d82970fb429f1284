/**
 * The tests of kvm-unit-tests that `vmexit` emulates, as a catalogue: what runs on each vCPU, and
 * what one iteration is. The same engine as the fleet's runs them; nothing is computed from formulas.
 */
import { cyclictestPrograms } from "../guest/unit-tests/cyclictest.ts";
import { Bystander, ExitLoop } from "../guest/unit-tests/exit-loop.ts";
import { sendsToOthers } from "../guest/ipi-method.ts";
import { callFunction, IpiSender, IpiTarget, SelfIpi, type Send } from "../guest/unit-tests/ipi.ts";
import type { Samples } from "../guest/unit-tests/samples.ts";
import { tcpRrPrograms } from "../guest/unit-tests/tcp-rr.ts";
import { DeadlineLatency, DeadlineLoop } from "../guest/unit-tests/tsc-deadline.ts";
import type { LinuxGuestSettings } from "../guest/linux-guest.ts";
import { OP, type Op, type Program } from "../guest/program.ts";

export interface UnitTest {
  readonly doc: string;
  /** Runs in the bare kernel of kvm-unit-tests, not in a Linux guest. */
  readonly bare: boolean;
  /** vCPUs of each VM; of `vcpusOfGuest`, at least so many. */
  readonly vcpus: number;
  /** As many vCPUs as the guest has. */
  readonly vcpusOfGuest?: true;
  /** Two VMs whose network devices hang on one bridge, or one. */
  readonly vms: 1 | 2;
  readonly unit: "cycles" | "ns";
  readonly iterations: number;
  readonly warmUp: number;
  /** The programs of the vCPUs of VM number `vm`, in order; `linux` is what a Linux guest is booted with. */
  programs(samples: Samples, vm: number, linux: Omit<LinuxGuestSettings, "workload">): readonly Program[];
}

/** A test of the bare kernel of kvm-unit-tests. */
const BARE = { bare: true, vcpus: 2, vms: 1, unit: "cycles", warmUp: 200 } as const;

/** As many as the measurements in github.com/esmakokten/cos-vmimg measurements/exit-anatomy took, for the sake of the rare ones. */
const EXIT_ITERATIONS = 200_000;
const FAR = 2 ** 40;
const BROADCAST_VCPUS = 8;

function exitLoop(doc: string, op: Op, operand?: (now: number) => number): UnitTest {
  return {
    ...BARE,
    doc,
    iterations: EXIT_ITERATIONS,
    programs: (samples) => [new ExitLoop(op, samples, operand), new Bystander()],
  };
}

function ipi(doc: string, halts: boolean): UnitTest {
  return {
    ...BARE,
    doc,
    iterations: 10_000,
    programs: (samples) => ipiPrograms([{ op: OP.ipi, operand: 1 }], 1, halts, samples),
  };
}

function ipiPrograms(sends: readonly Send[], targets: number, halts: boolean, samples: Samples): readonly Program[] {
  const sender = new IpiSender(sends, targets, samples);
  return [sender, ...Array.from({ length: targets }, () => new IpiTarget(sender, 0, halts))];
}

export const UNIT_TESTS = {
  cpuid: exitLoop("CPUID", OP.cpuid),
  vmcall: exitLoop("VMCALL, a hypercall that does nothing", OP.hypercall),
  pio: exitLoop("OUT to a null device of QEMU", OP.portIo),
  mmio: exitLoop("store to an address that QEMU handles", OP.mmio),
  wrmsr_tscdeadline_far: exitLoop("WRMSR of a deadline 2^40 cycles ahead, one being armed", OP.tscDeadline, (now) => now + FAR),
  tscdeadline_immed: {
    ...BARE,
    doc: "WRMSR of a past deadline, its handler, EOI",
    iterations: 20_000,
    programs: (samples) => [new DeadlineLoop(0, samples), new Bystander()],
  },
  tscdeadline: {
    ...BARE,
    doc: "WRMSR of now + 3000, spin until the handler ran",
    iterations: 20_000,
    programs: (samples) => [new DeadlineLoop(3000, samples), new Bystander()],
  },
  tscdeadline_latency: {
    ...BARE,
    doc: "deadline to the handler's first RDTSC, re-armed 200,000 ahead from the handler, main loop in HLT",
    iterations: 5_000,
    programs: (samples) => [new DeadlineLatency(samples, true), new Bystander()],
  },
  tscdeadline_latency_busy: {
    ...BARE,
    doc: "the same, main loop spinning",
    iterations: 5_000,
    programs: (samples) => [new DeadlineLatency(samples, false), new Bystander()],
  },
  ipi: ipi("IPI to a vCPU in a HLT loop, until it acknowledged", true),
  ipi_spin: ipi("IPI to a vCPU that spins, until it acknowledged", false),
  ipi_broadcast: {
    ...BARE,
    doc: "IPI to all but self as the guest's kernel sends it, until the last has run",
    vcpus: BROADCAST_VCPUS,
    vcpusOfGuest: true,
    iterations: 500,
    programs: (samples, _vm, { vcpus, ipis }) =>
      ipiPrograms(callFunction(sendsToOthers(vcpus, 0, ipis), vcpus - 1), vcpus - 1, true, samples),
  },
  self_ipi: {
    ...BARE,
    doc: "self-IPI, until its handler ran",
    iterations: 20_000,
    programs: (samples) => [new SelfIpi(samples), new Bystander()],
  },
  cyclictest: {
    doc: "Linux guest, interval 1000 us: from the wake-up's time to user space reading the clock",
    bare: false,
    vcpus: 2,
    vms: 1,
    unit: "ns",
    iterations: 4_000,
    warmUp: 400,
    programs: (samples, _vm, linux) => cyclictestPrograms(linux, samples),
  },
  tcp_rr: {
    doc: "two Linux guests over vhost-net: a request and its answer, both sides halting while they wait",
    bare: false,
    vcpus: 1,
    vms: 2,
    unit: "ns",
    iterations: 10_000,
    warmUp: 1_000,
    programs: (samples, vm, linux) => tcpRrPrograms(linux, vm === 0, samples),
  },
} as const satisfies Record<string, UnitTest>;

export type UnitTestName = keyof typeof UNIT_TESTS;
export const UNIT_TEST_NAMES = Object.keys(UNIT_TESTS) as UnitTestName[];
