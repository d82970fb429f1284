/** What the panels of all dashboards ask, with the variables filled in as Grafana does. */
import { DASHBOARDS } from "../../../dashboards/dashboards.ts";
import type { PrometheusQuery } from "../../../dashboards/kit/query.ts";
import type { PrometheusProcess } from "../prometheus-process.ts";

export interface PanelQuery {
  readonly uid: string;
  readonly panel: string;
  readonly refId: string;
  readonly expr: string;
}

export type Variables = Readonly<Record<string, string>>;

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly multi?: boolean;
  readonly allValue?: string;
  readonly current?: { readonly value: string };
}

const built = DASHBOARDS.map((build) => build());

export const panelQueries = (): PanelQuery[] =>
  built.flatMap(({ uid = "", panels = [] }) =>
    panels.flatMap((panel) =>
      ("targets" in panel ? ((panel.targets ?? []) as unknown as PrometheusQuery[]) : []).map(({ refId, expr }) => ({
        uid,
        panel: panel.title ?? "",
        refId,
        expr,
      })),
    ),
  );

export const annotationQueries = (): { uid: string; expr: string }[] =>
  built.flatMap(({ uid = "", annotations }) =>
    (annotations?.list ?? []).map((one) => ({ uid, expr: (one as unknown as { expr: string }).expr })),
  );

/** Variables of a dashboard with their values: what was chosen, else All, else the first that Prometheus offers. */
export async function variablesOf(uid: string, chosen: Variables, prometheus: PrometheusProcess): Promise<Variables> {
  const list = (built.find((one) => one.uid === uid)?.templating?.list ?? []) as unknown as Variable[];
  const values: Record<string, string> = {};
  for (const variable of list) {
    if (variable.type === "datasource") continue;
    const offered = variable.type === "custom" ? variable.query.split(",") : await offeredBy(variable, values, prometheus);
    const wanted = chosen[variable.name];
    if (offered.length === 0) throw new Error(`${uid}: ${variable.name} offers nothing`);
    const missing = wanted?.split("|").find((one) => !offered.includes(one));
    if (missing !== undefined) throw new Error(`${variable.name} does not offer ${missing}`);
    values[variable.name] = wanted ?? variable.allValue ?? variable.current?.value ?? offered[0]!;
  }
  return values;
}

/** `label_values(selector, label)` */
async function offeredBy({ query }: Variable, values: Variables, prometheus: PrometheusProcess): Promise<string[]> {
  const [, selector = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(substitute(query, values)) ?? [];
  return (await prometheus.get(`label/${label}/values`, { "match[]": selector })) as string[];
}

/** `$name` by its value; throws at one that has none. */
export const substitute = (expr: string, values: Variables): string =>
  expr.replaceAll(/\$(\w+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for $${name} in ${expr}`);
    return value;
  });

/** What Grafana fills in of itself: four scrapes, and the range of the dashboard. */
export const builtIn = (rangeSeconds: number, fromSeconds: number): Variables => ({
  __rate_interval: "60s",
  __range: `${rangeSeconds}s`,
  __from: `${fromSeconds * 1000}`,
});
