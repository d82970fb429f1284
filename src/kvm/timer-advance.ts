/**
 * Automatic LAPIC timer advance: the timer is fired early by as much as delivery takes, and the
 * host busy-waits the rest before it enters the guest, so the interrupt is on time.
 *
 * Linux arch/x86/kvm/lapic.c adjust_lapic_timer_advance, __kvm_wait_lapic_expire. From 5.4 on each
 * wait moves the advance by an eighth of the error; the el8-147 form moves by at most an eighth of
 * itself and stops adjusting once it was within 100 cycles.
 */
import type { TimerAdvanceSettings } from "./resolved.ts";

const INIT_NS = 1000;
const MAX_NS = 5000;
const IGNORE_BELOW_CYCLES = 100;
const IGNORE_ABOVE_CYCLES = 10_000;
/** LAPIC_TIMER_ADVANCE_ADJUST_STEP. */
const STEP = 8;

/** Advance of one vCPU, in ns; `adjusted` is the stepwise form's "done". */
export interface TimerAdvance {
  readonly mode: TimerAdvanceSettings["mode"];
  ns: number;
  adjusted: boolean;
}

export const initialAdvance = (settings: TimerAdvanceSettings): TimerAdvance => ({
  mode: settings.mode,
  ns: settings.mode === "off" ? 0 : settings.ns,
  adjusted: false,
});

/**
 * After a wait that began `late` ticks of the guest's TSC, of `ghz`, past the deadline (negative: before it).
 */
export function adjustAdvance(advance: TimerAdvance, late: number, ghz: number): void {
  const { mode } = advance;
  if (mode === "off" || mode === "fixed") return;
  const delta = Math.abs(late);
  if (mode === "stepwise") {
    stepwise(advance, late, delta / ghz);
    if (delta < IGNORE_BELOW_CYCLES) advance.adjusted = true;
    return;
  }
  if (delta < IGNORE_BELOW_CYCLES || delta > IGNORE_ABOVE_CYCLES) return;
  advance.ns += Math.trunc((late < 0 ? -delta : delta) / ghz / STEP);
  if (advance.ns > MAX_NS || advance.ns < 0) advance.ns = INIT_NS;
}

function stepwise(advance: TimerAdvance, late: number, deltaNs: number): void {
  if (advance.adjusted) return;
  const step = Math.trunc(Math.min(deltaNs, advance.ns / STEP));
  advance.ns += late < 0 ? -step : step;
  if (advance.ns > MAX_NS) {
    advance.ns = 0;
    advance.adjusted = true;
  }
}
