/**
 * The tests of kvm-unit-tests that `vmexit` emulates, as a catalogue: what runs on each vCPU, and
 * what one iteration is. The same engine as the fleet's runs them; nothing is computed from formulas.
 */
import { Bystander, ExitLoop } from "../guest/unit-tests/exit-loop.ts";
import { IpiSender, IpiTarget } from "../guest/unit-tests/ipi.ts";
import type { Samples } from "../guest/unit-tests/samples.ts";
import { DeadlineLatency, DeadlineLoop } from "../guest/unit-tests/tsc-deadline.ts";
import { OP, type Op, type Program } from "../guest/program.ts";

export interface UnitTest {
  readonly doc: string;
  readonly vcpus: number;
  readonly iterations: number;
  readonly warmUp: number;
  /** The programs of the vCPUs, in order. */
  programs(samples: Samples): readonly Program[];
}

const FAR = 2 ** 40;
const BROADCAST_VCPUS = 8;

function exitLoop(doc: string, op: Op, operand?: (now: number) => number): UnitTest {
  return {
    doc,
    vcpus: 2,
    iterations: 20_000,
    warmUp: 200,
    programs: (samples) => [new ExitLoop(op, samples, operand), new Bystander()],
  };
}

function ipi(doc: string, vcpus: number, sends: (targets: number) => readonly { op: Op; operand: number }[], halts: boolean): UnitTest {
  return {
    doc,
    vcpus,
    iterations: 10_000,
    warmUp: 200,
    programs(samples) {
      const sender = new IpiSender(sends(vcpus - 1), vcpus - 1, samples);
      return [sender, ...Array.from({ length: vcpus - 1 }, () => new IpiTarget(sender, 0, halts))];
    },
  };
}

const unicast = (targets: number): { op: Op; operand: number }[] =>
  Array.from({ length: targets }, (_, number) => ({ op: OP.ipi, operand: number + 1 }));

export const UNIT_TESTS = {
  cpuid: exitLoop("CPUID", OP.cpuid),
  vmcall: exitLoop("VMCALL, a hypercall that does nothing", OP.hypercall),
  pio: exitLoop("OUT to a null device of QEMU", OP.portIo),
  mmio: exitLoop("store to an address that QEMU handles", OP.mmio),
  wrmsr_tscdeadline_far: exitLoop("WRMSR of a deadline 2^40 cycles ahead, one being armed", OP.tscDeadline, (now) => now + FAR),
  tscdeadline_immed: {
    doc: "WRMSR of a past deadline, its handler, EOI",
    vcpus: 2,
    iterations: 20_000,
    warmUp: 200,
    programs: (samples) => [new DeadlineLoop(0, samples), new Bystander()],
  },
  tscdeadline: {
    doc: "WRMSR of now + 3000, spin until the handler ran",
    vcpus: 2,
    iterations: 20_000,
    warmUp: 200,
    programs: (samples) => [new DeadlineLoop(3000, samples), new Bystander()],
  },
  tscdeadline_latency: {
    doc: "deadline to the handler's first RDTSC, re-armed 200,000 ahead from the handler, main loop in HLT",
    vcpus: 2,
    iterations: 5_000,
    warmUp: 200,
    programs: (samples) => [new DeadlineLatency(samples, true), new Bystander()],
  },
  tscdeadline_latency_busy: {
    doc: "the same, main loop spinning",
    vcpus: 2,
    iterations: 5_000,
    warmUp: 200,
    programs: (samples) => [new DeadlineLatency(samples, false), new Bystander()],
  },
  ipi: ipi("IPI to a vCPU in a HLT loop, until it acknowledged", 2, unicast, true),
  ipi_spin: ipi("IPI to a vCPU that spins, until it acknowledged", 2, unicast, false),
  ipi_broadcast: ipi("IPI to all but self, until the last has run", BROADCAST_VCPUS, unicast, true),
  self_ipi: exitLoop("self-IPI", OP.selfIpi),
} as const satisfies Record<string, UnitTest>;

export type UnitTestName = keyof typeof UNIT_TESTS;
export const UNIT_TEST_NAMES = Object.keys(UNIT_TESTS) as UnitTestName[];
