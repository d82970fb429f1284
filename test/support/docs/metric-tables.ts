/** Tables of `src/metrics/README.md`: every metric, and the label values that a catalogue lists. */
import { completeHostSpec } from "../../../src/config/defaults.ts";
import { CPUS, CPU_NAMES } from "../../../src/hw/cpus.ts";
import type { Vendor } from "../../../src/hw/cpu-model.ts";
import { WORKLOAD_NAMES } from "../../../src/guest/workloads.ts";
import { INHIBITS_OF } from "../../../src/kvm/apicv-inhibit.ts";
import { MISSES } from "../../../src/kvm/counters.ts";
import { PATHS, type Exit } from "../../../src/kvm/exit.ts";
import { EXITS, EXIT_REASONS } from "../../../src/kvm/exits.ts";
import { FASTPATHS, FASTPATH_NAMES } from "../../../src/kvm/fastpaths.ts";
import { KERNEL_NAMES } from "../../../src/kvm/kernels.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { daemonFamilies } from "../../../src/metrics/daemon-families.ts";
import { DaemonStats } from "../../../src/metrics/daemon-stats.ts";
import { HOST_METRIC } from "../../../src/metrics/host-metrics.ts";
import type { Labels, Series } from "../../../src/metrics/metric.ts";
import { DAEMON_METRICS, HOST_METRICS, HOST_METRIC_NAMES, type MetricMeta } from "../../../src/metrics/names.ts";
import { code, codes, markdownTable } from "./markdown.ts";

const HEADING = ["metric", "type", "unit", "labels", "help"];

export function hostMetricTable(): string {
  const spec = completeHostSpec({ guests: { web: {} } });
  const facts = {
    plan: { name: "a-001", group: "a", zone: "", labels: {}, cohort: "none", spec },
    resolved: resolveHost(spec),
    workloads: WORKLOAD_NAMES,
    rareExits: true,
  };
  return markdownTable(
    HEADING,
    HOST_METRIC_NAMES.map((name) => row(name, HOST_METRICS[name], HOST_METRIC[name].series(facts))),
  );
}

export function daemonMetricTable(): string {
  const fleet = { nowNs: 0, hosts: new Map(), migrations: [], residences: [] };
  const families = daemonFamilies({ version: "", stats: new DaemonStats(), fleet, faults: [], emulatedExits: 0 });
  return markdownTable(
    HEADING,
    families.map(({ name, samples }) => row(name, DAEMON_METRICS[name as keyof typeof DAEMON_METRICS], samples)),
  );
}

/** Each exit reason with the paths on which it is counted. */
export function exitTable(): string {
  const rows = EXIT_REASONS.flatMap((reason) => {
    const { vmx, svm, cells, capable, doc }: Exit = EXITS[reason];
    return [...new Set(cells.map(({ msr }) => msr))].map((msr) => {
      const paths = PATHS.filter((path) => cells.some((cell) => cell.msr === msr && cell.path === path));
      const names = [vmx, svm].map((form) => (form === null ? "" : code(form.name)));
      return [...names, msr === "" ? "" : code(msr), codes(paths), capable[msr] === undefined ? "" : code(capable[msr]), doc];
    });
  });
  return markdownTable(["reason on Intel", "on AMD", "msr", "paths", "capable of", "what happened"], rows);
}

/** Each fastpath with the causes of its misses. */
export function fastpathTable(): string {
  const rows = FASTPATH_NAMES.map((name) => {
    const { headline, doc } = FASTPATHS[name];
    const causes = (vendor: Vendor): string => codes(MISSES[vendor].filter(({ fastpath }) => fastpath === name).map(({ cause }) => cause));
    return [code(name), headline ? "yes" : "no", causes("intel"), causes("amd"), doc];
  });
  return markdownTable(["fastpath", "headline", "causes of misses on Intel", "on AMD", "what it takes"], rows);
}

function row(name: string, meta: MetricMeta, series: readonly Series[]): string[] {
  return [code(name), meta.type, unitOf(name), labelCell(name, meta, series), meta.help];
}

/** Labels whose values one host does not show. */
const VALUES_ELSEWHERE: Readonly<Record<string, string>> = {
  "kvm_host_info.cpu_model": codes(CPU_NAMES),
  "kvm_host_info.vendor": codes([...new Set(Object.values(CPUS).map(({ vendor }) => vendor))]),
  "kvm_host_info.kernel": codes(KERNEL_NAMES),
  "kvm_host_info.scenario": codes(["public-cloud", "enterprise-cloud"]),
  "kvm_host_info.microcode": codes(["current", "old"]),
  "kvm_cohort_assignment.cohort": "a cohort of the configuration, or `none`",
  "kvm_exits_total.reason": "[exit reasons](#exit-reasons)",
  "kvm_exit_cycles.reason": "[exit reasons](#exit-reasons)",
  "kvm_exit_cycles_by_component_total.component": "[components](../cost/README.md#components)",
  "kvm_fastpath_misses_total.cause": "[causes](#fastpaths)",
  "kvm_apicv_inhibited.reason": `${codes(INHIBITS_OF.intel)}; on AMD also ${codes(INHIBITS_OF.amd.filter((name) => !INHIBITS_OF.intel.includes(name)))}`,
  "kvm_guest_work_cycles_total.workload": "those of the host's guests: [workloads](../config/README.md#names)",
  "node_cpu_vulnerabilities_info.codename": "as `vulnerability` of `kvm_mitigation_state`",
  "node_cpu_vulnerabilities_info.state": codes(["not affected", "vulnerable", "mitigation"]),
  "node_cpu_vulnerabilities_info.mitigation": "text of the sysfs file",
  "fastpathd_build_info.version": "of the package",
  "fastpathd_build_info.node": "`process.version`",
  "fastpathd_http_requests_total.route": "template of a path, such as `/hosts/{host}/metrics`",
  "fastpathd_http_requests_total.method": "of HTTP",
  "fastpathd_http_requests_total.code": "of HTTP",
};

function labelCell(name: string, { type, labels }: MetricMeta, series: readonly Series[]): string {
  const own = labels.map((label) => `**${label}**: ${VALUES_ELSEWHERE[`${name}.${label}`] ?? valuesOf(name, label, series)}`);
  if (type === "histogram") {
    const edges = distinct("le", series).filter((edge) => edge !== "+Inf");
    own.push(`**le**: ${edges.length} edges from ${code(edges[0] as string)} to ${code(edges.at(-1) as string)}, and \`+Inf\``);
  }
  return own.join("; ");
}

function valuesOf(name: string, label: string, series: readonly Series[]): string {
  const values = distinct(label, series);
  if (values.length === 0) throw new Error(`expected values of the label ${label} of ${name}: add them to VALUES_ELSEWHERE`);
  return codes(values);
}

const distinct = (label: string, series: readonly { readonly labels: Labels }[]): string[] => [
  ...new Set(series.map(({ labels }) => labels[label]).filter((value) => value !== undefined)),
];

/** What a value counts, by the end of the metric's name; the first that fits counts. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/^kvm_stat_total$/, "events; ns where the name says so"],
  [/_timestamp_seconds$/, "Unix seconds"],
  [/_seconds(_total)?$/, "seconds"],
  [/_cycles(_by_component)?(_total)?$/, "TSC cycles"],
  [/_hertz$/, "hertz"],
  [/_ratio$/, "ratio"],
  [/_(exits|hits|misses|expirations|polls|migrations|reloads|requests)_total$/, "$1"],
  [/_(cpus|vcpus|guests|hosts|series)$/, "$1"],
  [/_overrides_(active|persisted)$/, "overrides"],
  [/_faults_active$/, "faults"],
  [/_(up|info|assignment|enabled|inhibited|successful|state)$/, "a fact"],
  [/_(generation|hash)$/, "a number"],
];

function unitOf(name: string): string {
  const [pattern, unit] = UNITS.find(([end]) => end.test(name)) ?? [];
  if (pattern === undefined || unit === undefined) throw new Error(`expected the unit of ${name}: add its ending to UNITS`);
  return (pattern.exec(name) as RegExpExecArray)[0].replace(pattern, unit);
}
