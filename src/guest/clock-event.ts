/**
 * The clock event device of a guest's kernel: what its tick and its high-resolution timers program.
 * KVM offers three, and which one a guest takes decides over the exits of its timer.
 *
 * Linux arch/x86/kernel/apic/apic.c lapic_next_deadline, lapic_next_event, lapic_timer_set_periodic;
 * drivers/clocksource/hyperv_timer.c hv_ce_set_next_event. Simplified: the LAPIC timer's 16 ns steps
 * are not shown, and a device that is stopped or started takes one write.
 */
import { OP, type Op } from "./program.ts";

/** The LAPIC timer by its deadline in TSC ticks or by its count, or a synthetic timer of Hyper-V, which Windows takes. */
export type GuestTimer = "tsc_deadline" | "lapic" | "hv_stimer";

export interface ClockEventDevice {
  /** Programs the next event; in periodic mode, the tick itself, once. */
  readonly op: Op;
  readonly periodic: boolean;
  /** The vector has AutoEOI set in its SINT, so its handler ends without an EOI. */
  readonly autoEoi: boolean;
}

/**
 * The LAPIC timer is periodic where nothing asks for one-shot mode: neither a tick that stops nor
 * high-resolution timers, which a kernel with `nohz=off highres=off` has given up.
 */
export function clockEventDevice(timer: GuestTimer, nohz: boolean, highResolution: boolean): ClockEventDevice {
  switch (timer) {
    case "tsc_deadline":
      return { op: OP.tscDeadline, periodic: false, autoEoi: false };
    case "lapic": {
      const periodic = !nohz && !highResolution;
      return { op: periodic ? OP.periodic : OP.oneShot, periodic, autoEoi: false };
    }
    case "hv_stimer":
      return { op: OP.hvStimer, periodic: false, autoEoi: true };
  }
}
