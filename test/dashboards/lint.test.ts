import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { lint, type Board } from "../support/lint/dashboard.ts";
import { readQuery } from "../support/lint/promql.ts";
import { unknownNames } from "../support/lint/vocabulary.ts";
import { alerts, recordings } from "../support/rules.ts";

const read = (file: string): Board => JSON.parse(readFileSync(`dashboards/json/${file}`, "utf8")) as Board;

test.each(readdirSync("dashboards/json"))("the lint finds nothing in %s", (file) => {
  expect(lint(read(file))).toEqual([]);
});

test.each([...alerts(), ...recordings()])("a rule names only series and labels that exist: $alert $record", ({ expr }) => {
  const query = readQuery(expr);
  expect([query.isValid, unknownNames(query)]).toEqual([true, []]);
});

/** A dashboard as text with something replaced; throws when there is nothing to replace. */
function mutated(file: string, from: string | RegExp, to: string): Board {
  const text = JSON.stringify(read(file));
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`nothing to mutate: ${String(from)}`);
  return JSON.parse(changed) as Board;
}

const FLEET = "fastpathd-fleet.json";
const HOST = "fastpathd-host.json";
const LATENCY = "fastpathd-exit-latency.json";
const MUTATIONS: readonly (readonly [what: string, file: string, from: string | RegExp, to: string, complaint: RegExp])[] = [
  ["another uid", FLEET, '"uid":"fastpathd-fleet"', '"uid":"x"', /none of the fixed ones/],
  ["no tag", FLEET, '"tags":["fastpathd"],"templating"', '"tags":[],"templating"', /tag/],
  ["an editable dashboard", FLEET, '"editable":false', '"editable":true', /may be edited/],
  ["links that lose the variables", FLEET, '"includeVars":true', '"includeVars":false', /keeps time and variables/],
  ["no choice of the data source", FLEET, '"query":"prometheus"', '"query":"loki"', /chooses no Prometheus/],
  ["All jobs", FLEET, '"includeAll":false', '"includeAll":true', /sums count twice/],
  ["a variable that stands still", FLEET, '"refresh":2', '"refresh":0', /does not follow the time range/],
  ["All as a list", FLEET, '"allValue":".+"', '"allValue":null', /list of every value/],
  ["no title", FLEET, '"title":"Hosts up"', '"title":""', /has no title/],
  ["no description", FLEET, /"description":"Hosts of the chosen[^"]*"/, '"description":""', /no sentence/],
  ["no unit", FLEET, '"unit":"suffix: hosts"', '"unit":""', /no unit/],
  ["no plugin version", FLEET, /"pluginVersion":"[^"]*"/, '"pluginVersion":""', /migrated/],
  ["thresholds from 0", FLEET, '"value":null', '"value":0', /minus infinity/],
  ["a fixed data source", FLEET, '"uid":"${datasource}"},"description"', '"uid":"prometheus"},"description"', /another data source/],
  ["two queries of one name", FLEET, '"refId":"B"', '"refId":"A"', /two queries of one name/],
  ["a parenthesis too few", FLEET, "sum(kvm_host_up{", "sum((kvm_host_up{", /no PromQL/],
  ["a function of newer releases", FLEET, "sum(kvm_host_up{", "sort_by_label(kvm_host_up{", /sort_by_label/],
  ["a metric that nobody exposes", FLEET, "sum(kvm_host_up{", "sum(kvm_hosts_up{", /nobody exposes kvm_hosts_up/],
  ["a label that the metric lacks", FLEET, 'use=~\\"exit_work', 'uses=~\\"exit_work', /no label uses/],
  ["a grouping by nothing", FLEET, "sum by (path)", "sum by (paths)", /label paths/],
  ["a query of every job", FLEET, 'kvm_host_up{job=\\"$job\\",', "kvm_host_up{", /of every job/],
  ["a query of every group", FLEET, 'zone=~\\"$zone\\",group=~\\"$group\\"}', 'zone=~\\"$zone\\"}', /of every group/],
  [
    "a query of every kernel",
    FLEET,
    'kernel=~\\"$kernel\\",cpu_model=~\\"$cpu_model\\"})"',
    'cpu_model=~\\"$cpu_model\\"})"',
    /of every kernel/,
  ],
  ["a raw metric that ignores the kernel", FLEET, / and on \(job, host\) kvm_host_info\{[^}]*\}/, "", /whatever the kernel/],
  ["a counter without a rate", HOST, /rate\((kvm_exits_total\{[^}]*\})\[\$__rate_interval\]\)/, "($1)", /without a rate/],
  ["a rate of a gauge", HOST, /sum\((kvm_host_vcpus\{[^}]*\})\)/, "sum(rate($1[$$__rate_interval]))", /no counter/],
  ["a rate over a fixed window", HOST, "[$__rate_interval]", "[30s]", /may hold no two scrapes/],
  ["a heatmap with a label too many", LATENCY, "sum by (le)", "sum by (le, path)", /last group/],
  ["a heatmap of lines", LATENCY, '"format":"heatmap"', '"format":"time_series"', /something else than buckets/],
  ["a heatmap without a unit", LATENCY, ',"unit":"suffix: cycles"}},"pluginVersion"', '}},"pluginVersion"', /no unit on its axis/],
  ["a hit rate without ends", FLEET, '"max":1,"min":0', '"max":2,"min":0', /0 and 1/],
  ["an unknown transformation", FLEET, '"id":"organize"', '"id":"organise"', /organise/],
  ["a format for a column that is not there", FLEET, '"options":"Hit rate"', '"options":"Hits"', /column "Hits"/],
  ["changes without their time", FLEET, '"useValueForTime":true', '"useValueForTime":false', /no marks/],
  ["panels on each other", FLEET, '"x":3,', '"x":2,', /lie on each other/],
  ["a panel outside", FLEET, '"x":21,', '"x":22,', /leaves the grid/],
  ["a number twice", FLEET, '"id":3}', '"id":2}', /one number/],
  ["a title twice", FLEET, '"title":"Hosts down"', '"title":"Hosts up"', /one title/],
];

describe("the lint finds", () => {
  it.each(MUTATIONS)("%s", (_what, file, from, to, complaint) => {
    expect(lint(mutated(file, from, to)).join("\n")).toMatch(complaint);
  });
});
