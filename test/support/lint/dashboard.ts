/**
 * Rules for dashboards, each a function to the sentences that say what is wrong; those of Grafana's own
 * linter among them. They read the JSON as Grafana does and know nothing of how it is made.
 */
import { UID } from "../../../dashboards/uids.ts";
import { UNIT } from "../../../dashboards/kit/units.ts";
import { readQuery, type QueryFacts, type SelectorUse } from "./promql.ts";
import { KNOWN, unknownNames } from "./vocabulary.ts";

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly format: string;
  readonly datasource?: { readonly uid: string };
}
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly pluginVersion?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly min?: number;
      readonly max?: number;
      readonly thresholds?: { readonly steps: readonly { value: number | null }[] };
    };
    readonly overrides: readonly { readonly matcher: { readonly id: string; readonly options: unknown } }[];
  };
  readonly targets?: readonly Target[];
  readonly transformations?: readonly {
    readonly id: string;
    readonly options: { readonly renameByName?: Readonly<Record<string, string>> };
  }[];
  readonly options?: { readonly calculate?: boolean; readonly yAxis?: { readonly unit?: string } };
}
interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly refresh?: number;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
}
export interface Board {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly editable: boolean;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly links: readonly { readonly includeVars: boolean; readonly keepTime: boolean; readonly tags: readonly string[] }[];
  readonly annotations: {
    readonly list: readonly { readonly expr: string; readonly useValueForTime: boolean; readonly target: { readonly expr: string } }[];
  };
}

const DATASOURCE = "${datasource}";
const TRANSFORMATIONS = new Set(["joinByField", "filterFieldsByName", "organize", "groupingToMatrix"]);
/** Functions of PromQL that 2.42 has and 3.x still has. */
const FUNCTIONS = new Set(["rate", "avg_over_time", "histogram_quantile", "label_join", "vector"]);
/** Raw series that are read whatever a host's kernel: a host that is down has no info metric. */
const WHATEVER_KERNEL = new Set(["up", "kvm_host_up", "kvm_config_generation", "kvm_config_last_change_timestamp_seconds"]);

const drawn = (board: Board): Panel[] => board.panels.filter(({ type }) => type !== "row");
const ofPanels =
  (rule: (panel: Panel) => readonly (string | false)[]) =>
  (board: Board): string[] =>
    drawn(board).flatMap((panel) => rule(panel).flatMap((said) => (said === false ? [] : [`"${panel.title}" ${said}`])));
const ofQueries = (rule: (query: QueryFacts, target: Target, panel: Panel) => readonly (string | false)[]) =>
  ofPanels((panel) => (panel.targets ?? []).flatMap((target) => rule(readQuery(target.expr), target, panel)));
const matches = ({ matchers }: SelectorUse, label: string, value: string): boolean =>
  matchers.some((one) => one.label === label && one.value === value);

const identity = (board: Board): string[] =>
  [
    !Object.values<string>(UID).includes(board.uid) && `uid ${board.uid} is none of the fixed ones`,
    board.uid.length > 40 && "uid is longer than 40 characters",
    !board.tags.includes("fastpathd") && "the tag that links find is missing",
    board.editable && "it may be edited, and the file would be overwritten",
    !board.links.some(({ includeVars, keepTime, tags }) => includeVars && keepTime && tags.includes("fastpathd")) &&
      "no link to the others keeps time and variables",
  ].filter((said) => said !== false);

function variables({ templating: { list } }: Board): string[] {
  const ofSource = list[0]?.type === "datasource" && list[0].query === "prometheus" ? [] : ["the first variable chooses no Prometheus"];
  const hosts = list.filter(({ name }) => ["job", "daemon"].includes(name));
  const jobs = hosts.length === 1 && hosts[0]?.includeAll === false ? [] : ["exactly one job is to be chosen, or sums count twice"];
  const queries = list
    .filter(({ type }) => type === "query")
    .flatMap(({ name, query, refresh, multi, allValue }) => [
      ...(refresh === 2 ? [] : [`variable ${name} does not follow the time range`]),
      ...(/^label_values\((.+), \w+\)$/.test(query) ? [] : [`variable ${name} asks for no label's values`]),
      ...(multi === true && allValue !== ".+" ? [`All of variable ${name} is a list of every value`] : []),
    ]);
  return [...ofSource, ...jobs, ...queries];
}

const words = ofPanels(({ title, description = "", pluginVersion, fieldConfig }) => [
  title.trim() === "" && "has no title",
  !/^\S.{20,}[.]$/s.test(description) && "has no sentence of description",
  !Object.values<string | undefined>(UNIT).includes(fieldConfig?.defaults.unit) && "has no unit",
  (pluginVersion ?? "") === "" && "has no plugin version, and would be migrated",
  fieldConfig?.defaults.thresholds?.steps[0]?.value !== null && "has thresholds that do not begin at minus infinity",
]);

const sources = ofPanels(({ datasource, targets = [] }) => [
  [datasource, ...targets.map((target) => target.datasource)].some((source) => source?.uid !== DATASOURCE) &&
    "reads another data source than the chosen one",
  targets.length === 0 && "has no query",
  new Set(targets.map(({ refId }) => refId)).size !== targets.length && "has two queries of one name",
]);

const syntax = ofQueries(({ isValid, functions, ...query }) => [
  !isValid && "has a query that is no PromQL",
  ...functions.filter((name) => !FUNCTIONS.has(name)).map((name) => `uses ${name}(), which is not among the functions of every Prometheus`),
  ...unknownNames(query),
]);

const scope = ofQueries(({ selectors }) =>
  selectors.flatMap((one) => [
    !matches(one, "job", "$job") && !matches(one, "job", "$daemon") && `reads ${one.name} of every job`,
    one.name.startsWith("kvm_") &&
      !matches(one, "host", "$host") &&
      one.name !== "kvm_host_info" &&
      !matches(one, "group", "$group") &&
      `reads ${one.name} of every group`,
    KNOWN.get(one.name)?.kind === "recorded" && !matches(one, "kernel", "$kernel") && `reads ${one.name} of every kernel`,
  ]),
);

/** "All hosts" must not ignore the kernel and the CPU, which stand on the info metric only. */
const joins = ofQueries(({ selectors }) => {
  const isJoined = selectors.some(
    (one) => one.name === "kvm_host_info" && matches(one, "kernel", "$kernel") && matches(one, "cpu_model", "$cpu_model"),
  );
  return selectors.map(
    (one) =>
      KNOWN.get(one.name)?.kind === "gauge" &&
      matches(one, "group", "$group") &&
      !WHATEVER_KERNEL.has(one.name) &&
      !isJoined &&
      `reads ${one.name} whatever the kernel`,
  );
});

const rates = ofQueries(({ selectors }) =>
  selectors.flatMap(({ name, within, range }) => {
    const kind = KNOWN.get(name)?.kind;
    return [
      kind === "counter" && within !== "rate" && !name.startsWith("kvm_host_emulated") && `reads the counter ${name} without a rate`,
      kind !== "counter" && within === "rate" && `takes a rate of ${name}, which is no counter`,
      within === "rate" && range !== "$__rate_interval" && `takes a rate over ${range}, which may hold no two scrapes`,
    ];
  }),
);

const heatmaps = ofPanels(({ type, targets = [], options }) =>
  type !== "heatmap"
    ? []
    : [
        (targets.length !== 1 || targets[0]?.format !== "heatmap" || options?.calculate !== false) &&
          "is a heatmap of something else than buckets",
        ...targets.map(
          ({ expr }) => readQuery(expr).by.join() !== "le" && "keeps other labels than le: only the last group would be drawn",
        ),
        options?.yAxis?.unit === undefined && "has no unit on its axis",
      ],
);

const hitRates = ofPanels(({ title, fieldConfig }) => {
  const { unit, min, max } = fieldConfig?.defaults ?? {};
  return [
    /^(Fastpath hit rate|Hit rate )/.test(title) &&
      (unit !== "percentunit" || min !== 0 || max !== 1) &&
      "is a share without 0 and 1 as its ends",
  ];
});

const tables = ofPanels(({ transformations = [], fieldConfig }) => {
  const headers = Object.values(transformations.find(({ id }) => id === "organize")?.options.renameByName ?? {});
  const named = (fieldConfig?.overrides ?? [])
    .filter(({ matcher }) => matcher.id === "byName")
    .map(({ matcher }) => String(matcher.options));
  return [
    ...transformations.map(({ id }) => !TRANSFORMATIONS.has(id) && `has the transformation ${id}, which Grafana may skip silently`),
    ...named.map((name) => !headers.includes(name) && `formats a column "${name}" that it has not`),
  ];
});

const changes = ({ annotations: { list } }: Board): string[] =>
  list.length > 0 && list.every(({ expr, target, useValueForTime }) => expr === target.expr && useValueForTime && readQuery(expr).isValid)
    ? []
    : ["changes of the configuration are no marks"];

function layout(board: Board): string[] {
  const { panels } = board;
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
  );
  const titles = drawn(board).map(({ title }) => title);
  return [
    ...(new Set(cells).size === cells.length ? [] : ["panels lie on each other"]),
    ...(panels.every(({ gridPos: { x, w } }) => x + w <= 24) ? [] : ["a panel leaves the grid"]),
    ...(new Set(panels.map(({ id }) => id)).size === panels.length ? [] : ["two panels have one number"]),
    ...(new Set(titles).size === titles.length ? [] : ["two panels have one title"]),
  ];
}

const RULES = [identity, variables, words, sources, syntax, scope, joins, rates, heatmaps, hitRates, tables, changes, layout];

/** What is wrong with a dashboard. */
export const lint = (board: Board): string[] => RULES.flatMap((rule) => rule(board));
