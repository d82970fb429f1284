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

export class PrometheusProcess {
  readonly #process: ChildProcess;
  readonly #dir: string;
  readonly #port: number;
  #stderr = "";

  private constructor(dir: string, port: number) {
    this.#dir = dir;
    this.#port = port;
    this.#process = spawn(PROMETHEUS, [
      `--config.file=${join(dir, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(dir, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    this.#process.stderr?.on("data", (text: Buffer) => (this.#stderr += text.toString()));
  }

  /** Starts with these scrape configurations (the YAML list below `scrape_configs`). */
  static async start(scrapeConfigs: string): Promise<PrometheusProcess> {
    const dir = mkdtempSync(join(tmpdir(), "prometheus-"));
    writeFileSync(join(dir, "prometheus.yml"), `global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n${scrapeConfigs}`);
    return new PrometheusProcess(dir, await freePort());
  }

  /** What an instant query returns, once it returns something; throws when nothing comes. */
  async query(expression: string, withinMs = 20_000): Promise<{ labels: SeriesLabels; value: number }[]> {
    const end = performance.now() + withinMs;
    while (performance.now() < end) {
      const found = await this.#get(`query?query=${encodeURIComponent(expression)}`).catch(() => null);
      const result = (found as { result: { metric: SeriesLabels; value: [number, string] }[] } | null)?.result ?? [];
      if (result.length > 0) return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
      await pause(200);
    }
    throw new Error(`nothing for ${expression}:\n${this.#stderr}`);
  }

  /** Label sets of all series that match. */
  series(selector: string): Promise<SeriesLabels[]> {
    return this.#get(`series?match[]=${encodeURIComponent(selector)}`) as Promise<SeriesLabels[]>;
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => void this.#process.once("close", done));
    if (this.#process.kill("SIGTERM")) await ended;
    rmSync(this.#dir, { recursive: true });
  }

  async #get(path: string): Promise<unknown> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/api/v1/${path}`);
    return ((await answer.json()) as { data: unknown }).data;
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
