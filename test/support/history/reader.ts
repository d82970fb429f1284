/** Reads panels of a history from a Prometheus that has it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { PrometheusProcess, type QueriedSample, type SeriesLabels } from "../prometheus-process.ts";
import { RULES_DIR } from "../rules.ts";
import { backfill, DELAY } from "./backfill.ts";
import { emulateHistory, type History } from "./emulate.ts";
import { LENGTH, STEP } from "./fleet.ts";
import { builtIn, panelQueries, substitute, variablesOf, type Variables } from "./panels.ts";
import { Window } from "./truth.ts";

/** Seconds between the first and the last scrape in the window of a rate: four scrapes in a minute. */
const WINDOW = 3 * STEP;

export interface Reading {
  readonly uid: string;
  readonly panel: string;
  readonly refId?: string;
  readonly chosen?: Variables;
  /** Emulated seconds. */
  readonly at: number;
}

/** Enough to emulate and to record on an idle machine. */
const AHEAD_MS = 60_000;

/** A history that ends soon after it is written: once more with a later end where the machine took longer for it. */
async function recorded(aheadMs: number): Promise<{ readonly history: History; readonly data: string }> {
  const began = Date.now();
  const history = await emulateHistory(Math.ceil((began + aheadMs) / 1000 / STEP) * STEP);
  const data = await backfill(history);
  const tookMs = Date.now() - began;
  return tookMs <= aheadMs ? { history, data } : recorded(1.5 * tookMs);
}

export class HistoryReader {
  readonly history: History;
  readonly data: string;
  readonly prometheus: PrometheusProcess;
  readonly #queries = panelQueries();

  private constructor(history: History, data: string, prometheus: PrometheusProcess) {
    this.history = history;
    this.data = data;
    this.prometheus = prometheus;
  }

  /** Emulates a history that ends about now, and starts a Prometheus on it. */
  static async start(): Promise<HistoryReader> {
    const { history, data } = await recorded(AHEAD_MS);
    const prometheus = await PrometheusProcess.start({ data });
    await prometheus.ready();
    return new HistoryReader(history, data, prometheus);
  }

  /** What a query of a panel returns. */
  async read({ uid, panel, refId = "A", chosen = {}, at }: Reading): Promise<QueriedSample[]> {
    const found = this.#queries.filter((one) => one.uid === uid && one.panel === panel && one.refId === refId);
    if (found.length !== 1) throw new Error(`${uid} has ${found.length} queries ${refId} of a panel "${panel}"`);
    return this.prometheus.queryAt(await this.expand(uid, found[0]!.expr, chosen), this.unix(at));
  }

  /** An expression with the variables of its dashboard filled in. */
  async expand(uid: string, expr: string, chosen: Variables = {}): Promise<string> {
    const variables = await variablesOf(uid, chosen, this.prometheus);
    return substitute(expr, { ...variables, ...builtIn(LENGTH, this.history.start) });
  }

  /** When a panel is read that shows the scrape at this instant. */
  unix(at: number): number {
    return this.history.start + at + DELAY;
  }

  /** What the emulator counted in the window of a rate that is read at this instant. */
  truth(at: number): Window {
    return Window.between(this.history.fleet.get(at - WINDOW)!, this.history.fleet.get(at)!);
  }

  /**
   * Alerts that fire when the history has just ended, on a Prometheus of their own. They fire as soon as they are
   * true: how long each waits is a matter of the unit tests.
   */
  async alertsAtEnd(): Promise<SeriesLabels[]> {
    const dir = mkdtempSync(join(tmpdir(), "alerts-"));
    cpSync(this.data, join(dir, "data"), { recursive: true, filter: (path) => !path.endsWith("/lock") });
    const rules = readFileSync(join(RULES_DIR, "alerts.yaml"), "utf8").replaceAll(/^( +for: )\d+m$/gm, "$10s");
    writeFileSync(join(dir, "alerts.yaml"), rules);
    await pause(Math.max(0, this.unix(LENGTH) * 1000 - Date.now()));
    const prometheus = await PrometheusProcess.start({ data: join(dir, "data"), ruleFiles: [join(dir, "alerts.yaml")] });
    try {
      await prometheus.evaluated();
      const { alerts } = (await prometheus.get("alerts")) as { alerts: { state: string; labels: SeriesLabels }[] };
      return alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels);
    } finally {
      await prometheus.stop();
      rmSync(dir, { recursive: true });
    }
  }

  async stop(): Promise<void> {
    await this.prometheus.stop();
    rmSync(dirname(this.data), { recursive: true });
  }
}
