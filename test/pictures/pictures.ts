/**
 * Draws the README's pictures: `npm run pictures`. The page of a running demo as it is, and two
 * dashboards as their JSON has them: their queries, asked of a real Prometheus that has twenty
 * minutes of the emulated fleet; drawn with few lines, for Grafana is not at hand here. Needs Debian's
 * chromium, pngquant and prometheus.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UID } from "../../dashboards/uids.ts";
import { DEMO_FLEET, DaemonProcess } from "../support/daemon-process.ts";
import { LENGTH, STEP } from "../support/history/fleet.ts";
import { HistoryReader } from "../support/history/reader.ts";
import type { SeriesLabels } from "../support/prometheus-process.ts";
import { type Curve, escaped, type Frame, heatmap, stat, timeSeries } from "./chart.ts";

const FOLDER = "dashboards/pictures";
const WIDTH = 1280;
/** A column and a row of Grafana's grid, and what a panel keeps for its title. */
const [COLUMN, ROW, HEAD, GAP] = [WIDTH / 24, 28, 24, 8];
/** Rows of the grid that the pictures show. */
const SHOWN = 24;
const MARKS = [300, 600];
const MINUTES = 5;

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string; readonly format: string }[];
}

const dir = mkdtempSync(join(tmpdir(), "pictures-"));
let reader: HistoryReader;
beforeAll(async () => {
  reader = await HistoryReader.start();
}, MINUTES * 180_000);
afterAll(async () => {
  await reader.stop();
  rmSync(dir, { recursive: true });
});

/** A picture of what is at an address, in few colours. */
function shoot(url: string, name: string, height: number): void {
  const file = join(FOLDER, `${name}.png`);
  const size = ["--hide-scrollbars", `--window-size=${WIDTH},${height}`, `--screenshot=${file}`];
  const chromium = spawnSync("chromium", ["--headless=new", "--no-sandbox", "--disable-gpu", ...size, url]);
  expect(chromium.status).toBe(0);
  const quantized = spawnSync("pngquant", ["--force", "--nofs", "--strip", "--ext", ".png", "48", file], { encoding: "utf8" });
  expect([quantized.status, quantized.stderr]).toEqual([0, ""]);
}

it("the page of the demo", { timeout: MINUTES * 60_000 }, async () => {
  const daemon = new DaemonProcess(DEMO_FLEET);
  try {
    const url = await daemon.url();
    await pause(15_000);
    shoot(url, "page", 800);
  } finally {
    await daemon.remove();
  }
});

it.each([
  ["fleet", UID.fleet],
  ["timers", UID.timers],
] as const)("the dashboard %s", { timeout: MINUTES * 60_000 }, async (name, uid) => {
  const { title, panels } = JSON.parse(readFileSync(`dashboards/json/fastpathd-${name}.json`, "utf8")) as {
    title: string;
    panels: Panel[];
  };
  const shown = panels.filter(({ gridPos }) => gridPos.y + gridPos.h <= SHOWN);
  const drawn: string[] = [];
  for (const panel of shown) drawn.push(await draw(panel, uid));
  expect(drawn.filter((html) => html.includes("no data"))).toEqual([]);
  const height = 44 + Math.max(...shown.map(({ gridPos: { y, h } }) => (y + h) * ROW));
  const html = join(dir, `${name}.html`);
  writeFileSync(html, `<!doctype html><meta charset="utf-8"><style>${STYLE}</style><h1>${escaped(title)}</h1>${drawn.join("\n")}`);
  shoot(`file://${html}`, name, height);
});

const STYLE = `
body { margin: 0; background: #f4f5f5; font: 12px system-ui, sans-serif; color: #24292e; position: relative; }
h1 { font-size: 18px; margin: 0; padding: 10px 12px; height: 24px; }
.panel { position: absolute; background: #fff; border: 1px solid #d8d9da; border-radius: 2px; box-sizing: border-box; overflow: hidden; }
.panel h2, .row { font-size: 13px; margin: 0; padding: 4px 8px; height: 16px; font-weight: 600; }
.row { position: absolute; }
.stat { font-size: 26px; padding: 14px 8px; text-align: center; white-space: nowrap; }
.stat small { font-size: 13px; }
svg text { font-size: 11px; fill: #464c54; }
`;

async function draw(panel: Panel, uid: string): Promise<string> {
  const { x, y, w, h } = panel.gridPos;
  const place = `left:${x * COLUMN + GAP / 2}px;top:${44 + y * ROW}px;width:${w * COLUMN - GAP}px;height:${h * ROW - GAP / 2}px`;
  if (panel.type === "row") return `<div class="row" style="${place}">${escaped(panel.title)}</div>`;
  const [from, to] = [reader.unix(0), reader.unix(LENGTH)];
  const unit = panel.fieldConfig?.defaults.unit ?? "short";
  const marks = MARKS.map((at) => reader.unix(at));
  const frame: Frame = { width: w * COLUMN - GAP - 2, height: h * ROW - GAP - HEAD, from, to, unit, marks };
  const curves = await curvesOf(panel, uid, from, to);
  const content =
    panel.type === "stat"
      ? stat(curves, frame)
      : panel.type === "heatmap"
        ? heatmap(curves, { ...frame, unit: "short" })
        : timeSeries(curves, frame);
  return `<div class="panel" style="${place}"><h2>${escaped(panel.title)}</h2>${content}</div>`;
}

async function curvesOf({ targets = [] }: Panel, uid: string, start: number, end: number): Promise<Curve[]> {
  const curves: Curve[] = [];
  for (const { expr, legendFormat } of targets) {
    const found = await reader.prometheus.queryRange(await reader.expand(uid, expr), { start, end, step: STEP });
    for (const { labels, points } of found) {
      const values = points.map(([time, value]) => [time, Number(value)] as const);
      curves.push({ name: legendOf(legendFormat, labels), points: values.filter(([, value]) => Number.isFinite(value)) });
    }
  }
  return curves;
}

const legendOf = (format: string, labels: SeriesLabels): string =>
  format.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => labels[name] ?? "").trim();
