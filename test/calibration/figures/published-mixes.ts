/** Mixes of exits as `perf kvm stat` printed them (the light service's by bcc's kvmexit). */
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import type { MachineId } from "../machine.ts";

/** Why a handling time is not met. */
type Open = Partial<Record<"average" | "shortest", string>>;

export interface Line {
  /** Percent of all exits. */
  readonly pct: number;
  /** Shortest and average handling time, microseconds, where they were published. */
  readonly us?: readonly [shortest: number, average: number];
  readonly open?: Open;
}

export interface Mix {
  readonly id: MachineId;
  readonly with?: HostSpecPatch;
  readonly seconds: number;
  /** Exits a second of the whole VM. */
  readonly perSecond?: number;
  readonly lines: Readonly<Record<string, Line>>;
}

const TASKS = "other tasks of that host ran on the vCPU's CPU";
const DESKTOP = "its writes follow a wake-up closely; other programs ran on that host, which leave caches colder than an idle CPU does";
const FAULTS = "faults that wait for memory of the host are missing";
const QEMU = "some of these accesses went to QEMU, which of them was not published";
const RECORDING = "what perf's own recording takes between the two tracepoints is one figure, and too long for this host";
const RARE = "none of the HLTs of this run found an event at once";
const TICKS = "every host interrupt here is a tick or a device's, and takes its whole time";
const HYPERCALLS = "which hypercalls these were was not published; here they do nothing";

export const MIXES: readonly Mix[] = [
  {
    id: "mix-sysbench",
    seconds: 10,
    perSecond: 1143,
    lines: {
      MSR_WRITE: { pct: 35.4, us: [0.45, 3], open: { average: TASKS } },
      EXTERNAL_INTERRUPT: { pct: 22.69, us: [0.37, 2.43], open: { average: TASKS } },
      PREEMPTION_TIMER: { pct: 22.12, us: [0.51, 0.62] },
      HLT: { pct: 8.62, us: [0.56, 30_567.94], open: { shortest: RARE } },
      CPUID: { pct: 8.34, us: [0.4, 0.65] },
      PAUSE_INSTRUCTION: { pct: 1.51, us: [0.38, 8.27], open: { average: TASKS } },
      EPT_MISCONFIG: { pct: 1.17, us: [1.04, 13.33], open: { average: QEMU } },
      EOI_INDUCED: { pct: 0.14, us: [0.62, 1.24], open: { average: TASKS } },
    },
  },
  {
    id: "mix-desktop",
    seconds: 0.5,
    perSecond: 159_000,
    lines: {
      HLT: { pct: 75.17, us: [0.36, 143.66] },
      MSR_WRITE: { pct: 21.41, us: [0.53, 1.12], open: { average: DESKTOP } },
      EXTERNAL_INTERRUPT: { pct: 1.7, us: [0.66, 2.67], open: { shortest: TICKS } },
      PREEMPTION_TIMER: { pct: 1.54, us: [0.33, 0.77] },
      PAUSE_INSTRUCTION: { pct: 0.15, us: [0.56, 1.45] },
    },
  },
  {
    id: "mix-light-service",
    seconds: 3,
    perSecond: 3647,
    lines: {
      MSR_WRITE: { pct: 68.7 },
      HLT: { pct: 27.6 },
      EPT_MISCONFIG: { pct: 1.7 },
      PREEMPTION_TIMER: { pct: 0.9 },
      EXTERNAL_INTERRUPT: { pct: 0.8 },
      IO_INSTRUCTION: { pct: 0.11 },
      EOI_INDUCED: { pct: 0.05 },
      PAUSE_INSTRUCTION: { pct: 0.05 },
      CPUID: { pct: 0.05 },
      EPT_VIOLATION: { pct: 0.03 },
    },
  },
  {
    id: "mix-memory",
    seconds: 2,
    lines: {
      EPT_VIOLATION: { pct: 54.85, us: [0.92, 7.78], open: { shortest: FAULTS } },
      MSR_WRITE: { pct: 12.3, us: [0.6, 2.52], open: { average: TASKS } },
      EXTERNAL_INTERRUPT: { pct: 11.5, us: [0.49, 8.45], open: { average: TASKS } },
    },
  },
  {
    id: "mix-windows",
    seconds: 2,
    lines: {
      MSR_WRITE: { pct: 89.96, us: [0.42, 1.26] },
      DR_ACCESS: { pct: 4.35, us: [0.32, 0.76], open: { shortest: RECORDING } },
      EXTERNAL_INTERRUPT: { pct: 2.9, us: [0.66, 3.1], open: { shortest: TICKS } },
      VMCALL: { pct: 1.73, us: [0.75, 4.2], open: { average: HYPERCALLS } },
    },
  },
  { id: "mix-hackbench", seconds: 0.3, lines: { MSR_WRITE: { pct: 90.73, us: [0.48, 0.58] } } },
  { id: "mix-hackbench", with: { fastpath: { icr: "off" } }, seconds: 0.3, lines: { MSR_WRITE: { pct: 90.01, us: [0.69, 1.08] } } },
  {
    id: "mix-xapic",
    seconds: 2,
    lines: {
      APIC_ACCESS: { pct: 66.58 },
      EXTERNAL_INTERRUPT: { pct: 16.32 },
      CPUID: { pct: 5.46 },
      HLT: { pct: 4.58 },
      EPT_VIOLATION: { pct: 2.72 },
      INTERRUPT_WINDOW: { pct: 2.28 },
      EXCEPTION_NMI: { pct: 1.36 },
      IO_INSTRUCTION: { pct: 0.39 },
      CR_ACCESS: { pct: 0.32 },
    },
  },
];
