/**
 * MMIO stale data: data of other contexts may reach a guest that can touch real MMIO. Hosts that
 * clear buffers for MDS or TAA are covered; elsewhere KVM executes VERW only before entries of
 * VMs with an assigned device.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c mmio_select_mitigation (5.19 and stable); vmx.c
 * vmx_vcpu_enter_exit with mmio_stale_data_clear.
 */
import { isKnownBug, notAffected, withoutFile } from "../bug-status.ts";
import { askingForClear, clearWording, missingMicrocode, smtSuffix, verwClears } from "../clear-cpu-buffers.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const mmioStaleData = {
  vulnerability: "mmio_stale_data",
  doc: "processor MMIO stale data: VERW for VMs with an assigned device, or for all where mds or taa ask for it",
  source: "bugs.c mmio_select_mitigation, mmio_stale_data_show_state",
  status(context): VulnerabilityStatus {
    if (!context.traits.knows.includes("mmio_stale_data")) return withoutFile(context, "mmio_stale_data");
    if (!isKnownBug(context, "mmio_stale_data")) return notAffected("mmio_stale_data");
    const asking = askingForClear(context);
    if (asking.length === 0) {
      const why = context.settings.all === "off" ? "mitigations=off" : "mmio_stale_data=off, and no other bug asks for VERW";
      return { state: "vulnerable", sysfs: "Vulnerable", why };
    }
    const sysfs = `${clearWording(context)}; ${smtSuffix(context.smt)}`;
    return verwClears(context)
      ? { state: "mitigated", sysfs, why: "the microcode clears (FB_CLEAR, or MD_CLEAR without MDS_NO)" }
      : { state: "vulnerable", sysfs, why: missingMicrocode(context) };
  },
} as const satisfies Mitigation;
