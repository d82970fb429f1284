/**
 * CPU vulnerabilities, once as a number to alert on and once as the node exporter prints
 * them: it splits the sysfs line after the words that name the state.
 */
import type { Vulnerability } from "../../hw/cpu-model.ts";
import type { MitigationState } from "../../kvm/mitigation.ts";
import type { ResolvedHost } from "../../kvm/resolved.ts";
import { info } from "../from-facts.ts";
import type { HostMetric } from "../metric.ts";

const STATE_VALUE = { not_affected: 0, vulnerable: 1, mitigated: 2 } as const satisfies Record<MitigationState, number>;
const NODE_EXPORTER_STATE = { not_affected: "not affected", vulnerable: "vulnerable", mitigated: "mitigation" } as const satisfies Record<
  MitigationState,
  string
>;

const namesOf = (resolved: ResolvedHost): Vulnerability[] => (Object.keys(resolved.vulnerabilities) as Vulnerability[]).toSorted();

const mitigationState: HostMetric = {
  series: ({ resolved }) => namesOf(resolved).map((vulnerability) => ({ suffix: "", labels: { vulnerability } })),
  values: ({ resolved }) => namesOf(resolved).map((name) => STATE_VALUE[resolved.vulnerabilities[name].state]),
};

/** What follows "Mitigation: ", "Vulnerable: " or "Not affected" in a sysfs line. */
const mitigationText = (sysfs: string): string => sysfs.trim().replace(/^(?:mitigation|vulnerable|not affected)[:;]?\s*/i, "");

export const mitigationMetrics = {
  kvm_mitigation_state: mitigationState,
  node_cpu_vulnerabilities_info: info(({ resolved }) =>
    namesOf(resolved).map((codename) => {
      const { state, sysfs } = resolved.vulnerabilities[codename];
      return { codename, state: NODE_EXPORTER_STATE[state], mitigation: mitigationText(sysfs) };
    }),
  ),
};
