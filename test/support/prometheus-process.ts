/** A real Prometheus on a free port of the loopback, with a configuration and data of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Debian's package of the same name. */
const PROMETHEUS = "prometheus";

export type SeriesLabels = Readonly<Record<string, string>>;

export interface QueriedSample {
  readonly labels: SeriesLabels;
  readonly value: number;
}

export interface QueriedSeries {
  readonly labels: SeriesLabels;
  readonly points: readonly (readonly [unixSeconds: number, value: string])[];
}

export interface PrometheusSetup {
  /** The YAML list below `scrape_configs`. */
  readonly scrapeConfigs?: string;
  readonly ruleFiles?: readonly string[];
  /** A directory with data that is there and stays; else one of its own. */
  readonly data?: string;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: unknown;
}

export class PrometheusProcess {
  readonly #process: ChildProcess;
  readonly #dir: string;
  readonly #port: number;
  #stderr = "";

  private constructor(dir: string, data: string, port: number) {
    this.#dir = dir;
    this.#port = port;
    this.#process = spawn(PROMETHEUS, [
      `--config.file=${join(dir, "prometheus.yml")}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    this.#process.stderr?.on("data", (text: Buffer) => (this.#stderr += text.toString()));
  }

  static async start({ scrapeConfigs = "  []", ruleFiles = [], data }: PrometheusSetup): Promise<PrometheusProcess> {
    const dir = mkdtempSync(join(tmpdir(), "prometheus-"));
    const global = "global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }";
    const rules = `rule_files: ${JSON.stringify(ruleFiles)}`;
    writeFileSync(join(dir, "prometheus.yml"), `${global}\n${rules}\nscrape_configs:\n${scrapeConfigs}`);
    return new PrometheusProcess(dir, data ?? join(dir, "data"), await freePort());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Waits until it answers. */
  async ready(withinMs = 60_000): Promise<void> {
    const end = performance.now() + withinMs;
    while (performance.now() < end) {
      const answer = await fetch(`${this.url}/-/ready`).catch(() => null);
      if (answer?.ok === true) return;
      await pause(100);
    }
    throw new Error(`Prometheus is not ready:\n${this.#stderr}`);
  }

  /** Waits until each rule was evaluated. */
  async evaluated(withinMs = 60_000): Promise<void> {
    const end = performance.now() + withinMs;
    while (performance.now() < end) {
      const answer = (await this.get("rules").catch(() => ({ groups: [] }))) as {
        groups: { rules: { health: string; lastError?: string }[] }[];
      };
      const rules = answer.groups.flatMap((group) => group.rules);
      const failed = rules.find(({ health }) => health === "err");
      if (failed !== undefined) throw new Error(`a rule fails: ${failed.lastError}`);
      if (rules.length > 0 && rules.every(({ health }) => health === "ok")) return;
      await pause(100);
    }
    throw new Error(`no rule was evaluated:\n${this.#stderr}`);
  }

  /** What an instant query returns, once it returns something; throws when nothing comes. */
  async query(expression: string, withinMs = 20_000): Promise<QueriedSample[]> {
    const end = performance.now() + withinMs;
    while (performance.now() < end) {
      const found = await this.queryAt(expression).catch(() => []);
      if (found.length > 0) return found;
      await pause(200);
    }
    throw new Error(`nothing for ${expression}:\n${this.#stderr}`);
  }

  /** What an instant query returns at a Unix time, or now; throws when Prometheus refuses it. */
  async queryAt(expression: string, unixSeconds?: number): Promise<QueriedSample[]> {
    const time = unixSeconds === undefined ? {} : { time: `${unixSeconds}` };
    const { result } = (await this.get("query", { query: expression, ...time })) as {
      result: { metric: SeriesLabels; value: [number, string] }[];
    };
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** What a range query returns. */
  async queryRange(
    expression: string,
    range: { readonly start: number; readonly end: number; readonly step: number },
  ): Promise<QueriedSeries[]> {
    const { start, end, step } = range;
    const { result } = (await this.get("query_range", { query: expression, start: `${start}`, end: `${end}`, step: `${step}` })) as {
      result: { metric: SeriesLabels; values: [number, string][] }[];
    };
    return result.map(({ metric, values }) => ({ labels: metric, points: values }));
  }

  /** Label sets of all series that match. */
  series(selector: string): Promise<SeriesLabels[]> {
    return this.get("series", { "match[]": selector }) as Promise<SeriesLabels[]>;
  }

  /** The `data` of an answer of the API; throws when it is an error. */
  async get(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const answer = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const { status, error, data } = (await answer.json()) as Answer;
    if (status !== "success") throw new Error(`${error} in ${path} ${JSON.stringify(parameters)}`);
    return data;
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => void this.#process.once("close", done));
    if (this.#process.kill("SIGTERM")) await ended;
    rmSync(this.#dir, { recursive: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
