/**
 * The two scrape endpoints. A scrape reads the snapshot that stands when it begins, to its
 * end, whatever is published meanwhile.
 */
import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { HostSnapshot } from "../fleet/snapshot.ts";
import { fleetSeries } from "../metrics/daemon-families.ts";
import { exposed, exposedOf } from "../metrics/exposed.ts";
import { CLOSING_LINE, CONTENT_TYPE, FAMILY_SEPARATOR, type Format } from "../metrics/format.ts";
import { renderReference } from "../metrics/prom-client.ts";
import { renderFleet, renderHost } from "../metrics/render.ts";
import type { Backend } from "./backend.ts";
import { wantedFormat } from "./negotiate.ts";
import { type Problem, sendProblem } from "./problem.ts";
import { sendBody, sendHalf, sendStream } from "./send.ts";

const PARTS = ["daemon", "fleet"] as const;
type Part = (typeof PARTS)[number];

/** However many faults delay a scrape: below the time after which the server takes a silent connection for dead. */
const DELAY_MS_MAX = 50_000;

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

/** `GET /hosts/{host}/metrics`: one host, without the labels that discovery adds; its faults break this scrape and no other. */
export async function scrapeHost(res: ServerResponse, backend: Backend, name: string): Promise<void> {
  const find = (): HostSnapshot | undefined => backend.snapshot().hosts.get(name);
  const delayMs = Math.min(find()?.breakage.scrapeDelayMs ?? 0, DELAY_MS_MAX);
  if (delayMs > 0 && !(await waited(res, delayMs))) return;
  const host = find();
  if (host === undefined) {
    sendProblem(res, { status: 404, detail: `no host is named "${name}"; /sd lists all` });
    return;
  }
  const problem = whyUnscrapable(host);
  if (problem !== null) {
    sendProblem(res, problem);
    return;
  }
  const format = wantedFormat(res.req);
  const text = renderHost(exposed(host), backend.times, format) + CLOSING_LINE[format];
  await (host.breakage.scrapeError === "truncated" ? sendHalf : sendBody)(res, CONTENT_TYPE[format], text);
}

/** Waits as a slow exporter lets one wait; false when the client gave up meanwhile. */
async function waited(res: ServerResponse, ms: number): Promise<boolean> {
  const gone = new AbortController();
  const give = (): void => gone.abort();
  res.once("close", give);
  try {
    await pause(ms, undefined, { signal: gone.signal });
    return true;
  } catch {
    return false;
  } finally {
    res.off("close", give);
  }
}

function whyUnscrapable({ state, failure, breakage }: HostSnapshot): Problem | null {
  if (state === "down") return { status: 503, detail: "the host is down; /api/v1/faults says since when" };
  if (state === "failed") return { status: 503, detail: `the host stopped: ${failure ?? "for an unknown reason"}` };
  if (breakage.scrapeError !== "error") return null;
  return { status: 500, detail: "the exporter of the host is broken; /api/v1/faults says since when" };
}

async function* exposition(backend: Backend, parts: readonly Part[], format: Format, seriesLimit: number): AsyncGenerator<string> {
  const fleet = backend.snapshot();
  const hosts = exposedOf(fleet.hosts.values());
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
