/** The drop-downs at the top: data source, then job, then ever smaller parts of the fleet. */
import { VariableHide, VariableRefresh, VariableSort, type VariableModel } from "@grafana/schema";
import { select, type Selector } from "../promql/expression.ts";
import { DATASOURCE } from "./query.ts";

const datasource: VariableModel = {
  current: {} as never,
  hide: VariableHide.dontHide,
  label: "Data source",
  name: "datasource",
  options: [],
  query: "prometheus",
  refresh: VariableRefresh.onDashboardLoad,
  regex: "",
  type: "datasource",
};

interface OfLabel {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** Whose values it offers. */
  readonly of: Selector;
  readonly values?: string;
}

/** One value, without All: two jobs may hold the same hosts, and sums would count them twice. */
function single({ name, label, description, of, values = name }: OfLabel): VariableModel {
  return {
    datasource: DATASOURCE,
    description,
    hide: VariableHide.dontHide,
    includeAll: false,
    label,
    multi: false,
    name,
    query: `label_values(${of.text}, ${values})`,
    refresh: VariableRefresh.onTimeRangeChanged,
    regex: "",
    sort: VariableSort.naturalAsc,
    type: "query",
  };
}

/** Any number of values. `All` is a pattern, not a list: a fleet's list of hosts is longer than a URL may be. */
function several(of: OfLabel): VariableModel {
  return { ...single(of), allValue: ".+", current: { text: ["All"], value: ["$__all"] }, includeAll: true, multi: true };
}

const job = single({
  name: "job",
  label: "Job",
  description: "The scrape job that holds the hosts.",
  of: select("kvm_host_info", {}),
});
const zone = several({
  name: "zone",
  label: "Zone",
  description: "Zones of the hosts.",
  of: select("kvm_host_info", { job: "$job" }),
});
const IN_ZONE = { job: "$job", zone: { pattern: "$zone" } } as const;
const group = several({
  name: "group",
  label: "Group",
  description: "Groups of the configuration.",
  of: select("kvm_host_info", IN_ZONE),
});
const IN_GROUP = { ...IN_ZONE, group: { pattern: "$group" } } as const;
const kernel = several({
  name: "kernel",
  label: "Kernel",
  description: "Kernels of the hosts.",
  of: select("kvm_host_info", IN_GROUP),
});
const cpuModel = several({
  name: "cpu_model",
  label: "CPU",
  description: "CPU models of the hosts.",
  of: select("kvm_host_info", { ...IN_GROUP, kernel: { pattern: "$kernel" } }),
});
const host = single({ name: "host", label: "Host", description: "One host.", of: select("kvm_host_info", IN_GROUP) });
const daemon = single({
  name: "daemon",
  label: "Job",
  description: "The scrape job that holds the daemon itself.",
  of: select("fastpathd_build_info", {}),
  values: "job",
});
const instance = single({
  name: "instance",
  label: "Daemon",
  description: "One daemon.",
  of: select("fastpathd_build_info", { job: "$daemon" }),
});

const cohort = single({
  name: "cohort",
  label: "Cohort",
  description: "The cohort that is looked at.",
  of: select("kvm_cohort_assignment", { job: "$job" }),
});
const baseline = several({
  name: "baseline",
  label: "Compared with",
  description: "Cohorts that it is compared with; All is every host outside the cohort.",
  of: select("kvm_cohort_assignment", { job: "$job", cohort: { pattern: ".+", not: "$cohort" } }),
  values: "cohort",
});
const OF_EXITS = select("group_exit:kvm_exits:rate1m", {
  ...IN_GROUP,
  kernel: { pattern: "$kernel" },
  cpu_model: { pattern: "$cpu_model" },
});
const reason = several({ name: "reason", label: "Reason", description: "Exit reasons.", of: OF_EXITS });
const path = several({ name: "path", label: "Path", description: "Where exits are handled.", of: OF_EXITS });

export const TWO_COHORTS: readonly VariableModel[] = [datasource, job, zone, group, kernel, cpuModel, cohort, baseline];
export const EXITS_OF_FLEET: readonly VariableModel[] = [datasource, job, zone, group, kernel, cpuModel, reason, path];
export const PART_OF_FLEET: readonly VariableModel[] = [datasource, job, zone, group, kernel, cpuModel];
export const ONE_HOST: readonly VariableModel[] = [datasource, job, zone, group, host];
export const ONE_DAEMON: readonly VariableModel[] = [datasource, daemon, instance];

/** How many lines a panel of the largest hosts draws. */
export const TOP: VariableModel = {
  current: { text: "10", value: "10" },
  description: "How many hosts the panels of top hosts show.",
  hide: VariableHide.dontHide,
  label: "Top",
  name: "top",
  options: ["5", "10", "20"].map((text) => ({ selected: text === "10", text, value: text })),
  query: "5,10,20",
  type: "custom",
};
