/**
 * GDS (Downfall): a gather instruction may read stale vector registers. Microcode locks it, which
 * slows gathers down and costs no entry.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c gds_select_mitigation (6.5 and stable). Without AVX (`force` on
 * old microcode) nothing on the path of an exit changes. Left out: the locked form, a firmware's choice.
 */
import { mitigated, statusWhereLive, vulnerable } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const gatherDataSampling = {
  vulnerability: "gather_data_sampling",
  doc: "gather data sampling: microcode",
  source: "bugs.c gds_select_mitigation, gds_strings",
  status: (context): VulnerabilityStatus =>
    statusWhereLive(context, "gather_data_sampling", () => {
      const { microcode, gds } = context.settings;
      // Without GDS_CTRL the kernel says so, whatever was asked for but `force`.
      if (microcode === "old") {
        return gds === "force"
          ? mitigated("Mitigation: AVX disabled, no microcode", "gather_data_sampling=force, and the microcode does not have the fix")
          : vulnerable("the microcode does not have the fix", "Vulnerable: No microcode");
      }
      if (gds === "off") return vulnerable("gather_data_sampling=off (GDS_MITG_DIS)");
      return mitigated("Mitigation: Microcode", "the microcode has GDS_CTRL");
    }),
} as const satisfies Mitigation;
