/**
 * A history as blocks of a Prometheus, recorded series included, so that nobody waits for them. Rules are
 * evaluated as Prometheus does, each at its own interval, a second after the scrapes: no sample lies on
 * the border of a window, where Prometheus 2 and 3 differ.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { labelPairs } from "../../../src/metrics/format.ts";
import { PrometheusProcess } from "../prometheus-process.ts";
import { recordings, type Recording } from "../rules.ts";
import type { History } from "./emulate.ts";
import { LENGTH, STEP } from "./fleet.ts";

/** Seconds from a scrape to the evaluation of the rules, and to the reading of a panel. */
export const DELAY = 1;

/** Makes the blocks; returns the directory with the data. */
export async function backfill(history: History): Promise<string> {
  const data = join(dirname(history.file), "data");
  createBlocks(history.file, data);
  const rules = recordings();
  for (let level = 0; rules.some((rule) => levelOf(rule, rules) >= level); level++) {
    const prometheus = await PrometheusProcess.start({ data });
    try {
      await prometheus.ready();
      const file = join(dirname(history.file), `recorded-${level}.txt`);
      const ofLevel = rules.filter((rule) => levelOf(rule, rules) === level);
      const lines = await Promise.all(ofLevel.map((rule) => evaluate(rule, prometheus, history.start)));
      writeFileSync(file, `${lines.join("")}# EOF\n`);
      createBlocks(file, data);
    } finally {
      await prometheus.stop();
    }
  }
  return data;
}

function createBlocks(samples: string, data: string): void {
  const { status, stderr } = spawnSync("promtool", ["tsdb", "create-blocks-from", "openmetrics", "--quiet", samples, data], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`promtool made no blocks of ${samples}: ${stderr}`);
}

/** 0 for a rule that reads no recorded series, else one above the highest that it reads. */
function levelOf(rule: Recording, all: readonly Recording[]): number {
  const read = all.filter((other) => rule.expr.includes(other.record));
  return read.length === 0 ? 0 : 1 + Math.max(...read.map((other) => levelOf(other, all)));
}

async function evaluate({ record, expr }: Recording, prometheus: PrometheusProcess, start: number): Promise<string> {
  const series = await prometheus.queryRange(expr, { start: start + DELAY, end: start + LENGTH + DELAY, step: STEP });
  return series
    .flatMap(({ labels, points }) => points.map(([time, value]) => `${record}{${labelPairs(labels)}} ${value} ${time}\n`))
    .join("");
}
