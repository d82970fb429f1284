/**
 * The one vocabulary of fastpaths, in configuration, metrics and page. A fastpath handles an
 * exit right after it happened, with host interrupts still off (`vmx_exit_handlers_fastpath`).
 */
export interface Fastpath {
  /** Counts in the headline hit rate; a HLT that must sleep cannot hit, so HLT does not. */
  readonly headline: boolean;
  readonly doc: string;
}

export const FASTPATHS = {
  preemption_timer: { headline: true, doc: "expiry of the VMX preemption timer that stands in for the guest's APIC timer" },
  tsc_deadline: { headline: true, doc: "guest write of MSR_IA32_TSC_DEADLINE (0x6e0): re-arming its timer" },
  icr: { headline: true, doc: "guest write of the x2APIC interrupt command register (MSR 0x830): sending an IPI" },
  hlt: { headline: false, doc: "HLT with a wake event already pending (Linux 6.12)" },
  invd: { headline: false, doc: "INVD, which KVM treats as a no-op (Linux 6.18)" },
} as const satisfies Record<string, Fastpath>;

export type FastpathName = keyof typeof FASTPATHS;
export const FASTPATH_NAMES = Object.keys(FASTPATHS) as FastpathName[];
