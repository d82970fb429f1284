/**
 * The two scrape endpoints. A scrape reads the snapshot that stands when it begins, to its
 * end, whatever is published meanwhile.
 */
import type { ServerResponse } from "node:http";
import { fleetSeries } from "../metrics/daemon-families.ts";
import { CLOSING_LINE, CONTENT_TYPE, FAMILY_SEPARATOR, type Format } from "../metrics/format.ts";
import { renderReference } from "../metrics/prom-client.ts";
import { renderFleet, renderHost } from "../metrics/render.ts";
import type { Backend } from "./backend.ts";
import { wantedFormat } from "./negotiate.ts";
import { sendProblem } from "./problem.ts";
import { sendBody, sendStream } from "./send.ts";

const PARTS = ["daemon", "fleet"] as const;
type Part = (typeof PARTS)[number];

/** `GET /metrics`: the daemon's own metrics and the fleet's, or what `collect[]` names. */
export async function scrapeAll(res: ServerResponse, backend: Backend, query: URLSearchParams, seriesLimit: number): Promise<void> {
  const asked = query.getAll("collect[]");
  const unknown = asked.find((part) => !PARTS.includes(part as Part));
  if (unknown !== undefined) {
    sendProblem(res, { status: 400, detail: `expected collect[] to be ${PARTS.join(" or ")}, came "${unknown}"` });
    return;
  }
  const parts = PARTS.filter((part) => asked.length === 0 || asked.includes(part));
  const format = wantedFormat(res.req);
  await sendStream(res, CONTENT_TYPE[format], exposition(backend, parts, format, seriesLimit));
}

/** `GET /hosts/{host}/metrics`: one host, without the labels that discovery adds. */
export async function scrapeHost(res: ServerResponse, backend: Backend, name: string): Promise<void> {
  const host = backend.snapshot().hosts.get(name);
  if (host === undefined) {
    sendProblem(res, { status: 404, detail: `no host is named "${name}"; /sd lists all` });
    return;
  }
  if (host.state === "failed") {
    sendProblem(res, { status: 503, detail: `the host stopped: ${host.failure ?? "for an unknown reason"}` });
    return;
  }
  const format = wantedFormat(res.req);
  await sendBody(res, CONTENT_TYPE[format], renderHost(host, backend.times, format) + CLOSING_LINE[format]);
}

async function* exposition(backend: Backend, parts: readonly Part[], format: Format, seriesLimit: number): AsyncGenerator<string> {
  const fleet = backend.snapshot();
  const hosts = [...fleet.hosts.values()];
  if (parts.includes("daemon")) yield await renderReference(await backend.families(), format);
  if (parts.includes("fleet") && hosts.length > 0) {
    const series = fleetSeries(fleet);
    if (series <= seriesLimit) {
      if (parts.includes("daemon")) yield FAMILY_SEPARATOR[format];
      yield* renderFleet(hosts, backend.times, format);
    } else yield tooManySeries(series, seriesLimit, format);
  }
  yield CLOSING_LINE[format];
}

/** OpenMetrics knows no comments, so there it is nothing. */
const tooManySeries = (series: number, limit: number, format: Format): string =>
  format === "openmetrics"
    ? ""
    : `\n# The fleet is left out: its ${series} series are more than --fleet-series-limit ${limit}. Scrape the targets that /sd lists.\n`;
