/** What the physical CPUs of a host are told, and whom they tell. */
import type { CState } from "../hw/cstates.ts";
import type { Instant } from "../lib/units.ts";
import type { Vcpu } from "./vcpu.ts";

/** What the CPUs are told by the configuration. */
export interface CpuSettings {
  readonly ghz: number;
  readonly tickHz: number;
  readonly nohzFull: readonly boolean[];
  readonly cstates: readonly CState[];
  readonly hrtimerPinned: boolean;
  /** Cycles of host kernel code relative to the reference core without mitigations. */
  readonly softwareScale: number;
  readonly deviceInterruptsPerSecond: number;
  readonly smisPerSecond: number;
}

export interface CpuObservers {
  /** A CPU's next event has changed. */
  readonly cpu: (cpu: number) => void;
  /** So has a vCPU's. */
  readonly vcpu: (vcpu: Vcpu) => void;
  readonly tick: (cpu: number, now: Instant) => void;
  /** Firmware has taken all CPUs for so many cycles. */
  readonly smi: (now: Instant, cycles: number) => void;
}
