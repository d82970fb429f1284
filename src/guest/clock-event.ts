/**
 * The clock event device of a guest's kernel: what its tick and its high-resolution timers program.
 * Linux arch/x86/kernel/apic/apic.c lapic_next_deadline, lapic_next_event; drivers/clocksource/hyperv_timer.c.
 */

/** The LAPIC timer by its deadline in TSC ticks or by its count, or a synthetic timer of Hyper-V, which Windows takes. */
export type GuestTimer = "tsc_deadline" | "lapic" | "hv_stimer";
