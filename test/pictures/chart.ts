/** Curves, heat maps and single values as SVG: enough of Grafana to see what a panel shows. */

/** A curve by its legend; times are Unix seconds. */
export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [time: number, value: number])[];
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
  readonly unit: string;
  /** Instants of marks: changes of the configuration. */
  readonly marks: readonly number[];
}

const COLOURS = ["#5794f2", "#73bf69", "#f2cc0c", "#ff780a", "#f2495c", "#b877d9", "#37872d", "#8ab8ff", "#c4162a", "#96d98d"];
const [LEFT, RIGHT, TOP, BOTTOM] = [58, 10, 6, 20];
const LEGEND_LINES = 2;
const LINE = 15;

/** A value in a unit of Grafana's names. */
function worded(value: number, unit: string): string {
  if (unit === "percentunit") return `${digits(value * 100)} %`;
  if (unit === "s") return prefixed(value, TIMES);
  return prefixed(value, COUNTS);
}

type Prefixes = readonly (readonly [from: number, size: number, words: string])[];
const TIMES: Prefixes = [
  [1e-3, 1e-3, " ms"],
  [1e-6, 1e-6, " µs"],
  [0, 1e-9, " ns"],
];
const COUNTS: Prefixes = [
  [1e9, 1e9, "G"],
  [1e6, 1e6, "M"],
  [1e3, 1e3, "K"],
  [0, 1, ""],
];

function prefixed(value: number, prefixes: Prefixes): string {
  const [, size, words] = prefixes.find(([from]) => value >= from) ?? [0, 1, ""];
  return `${digits(value / size)}${words}`;
}

/** The unit's words, where its figures do not have them. */
const unitWords = (unit: string): string =>
  unit
    .replace(/^(?:count|suffix):/, "")
    .trim()
    .replace(/^(?:percentunit|s|short)$/, "");

const digits = (value: number): string => String(Number(value.toPrecision(3)));
export const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

class Axes {
  readonly right: number;
  readonly bottom: number;
  private readonly frame: Frame;

  constructor(frame: Frame, legendLines: number) {
    this.frame = frame;
    this.right = frame.width - RIGHT;
    this.bottom = frame.height - BOTTOM - legendLines * LINE;
  }

  x(time: number): number {
    const { from, to } = this.frame;
    return LEFT + ((time - from) / (to - from)) * (this.right - LEFT);
  }

  y(part: number): number {
    return this.bottom - part * (this.bottom - TOP);
  }

  /** Minutes since the beginning, and the marks. */
  get time(): string {
    const { from, to, marks } = this.frame;
    const minutes = [0, 5, 10, 15, 20].filter((minute) => from + minute * 60 <= to);
    const anchor = (minute: number): string => (from + minute * 60 === to ? "end" : "middle");
    const labels = minutes.map((minute) => text(this.x(from + minute * 60), this.bottom + 14, `${minute} min`, anchor(minute)));
    const lines = marks.map(
      (at) => `<line x1="${this.x(at)}" x2="${this.x(at)}" y1="${TOP}" y2="${this.bottom}" stroke="#3274d9" stroke-dasharray="3 3"/>`,
    );
    return [...labels, ...lines].join("");
  }
}

const text = (x: number, y: number, words: string, anchor = "start"): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(words)}</text>`;

const svg = ({ width, height }: Frame, parts: readonly string[]): string =>
  `<svg width="${width}" height="${height}" xmlns="http://www.w3.org/2000/svg">${parts.join("")}</svg>`;

/** Curves over time with the least frame of values that holds them, and 0 where it is near. */
export function timeSeries(all: readonly Curve[], frame: Frame): string {
  // Where the legend has no room for all, the least are left out of it.
  const curves = all.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  const values = curves.flatMap(({ points }) => points.map(([, value]) => value)).filter((value) => Number.isFinite(value));
  if (values.length === 0) return svg(frame, [text(LEFT, frame.height / 2, "no data")]);
  const highest = Math.max(...values);
  const lowest = Math.min(...values) > highest * 0.6 && highest > 0 ? Math.min(...values) : Math.min(0, ...values);
  const span = highest - lowest || Math.abs(highest) || 1;
  const axes = new Axes(frame, LEGEND_LINES);
  const part = (value: number): number => ((value - lowest) / span) * 0.94 + 0.03;
  const grid = [0, 1 / 3, 2 / 3, 1].map((share) => {
    const y = axes.y(part(lowest + share * span));
    return `<line x1="${LEFT}" x2="${axes.right}" y1="${y}" y2="${y}" stroke="#8883"/>${text(LEFT - 6, y + 4, worded(lowest + share * span, frame.unit), "end")}`;
  });
  const lines = curves.map(({ points }, i) => {
    const path = points.map(([time, value]) => `${axes.x(time).toFixed(1)},${axes.y(part(value)).toFixed(1)}`).join(" ");
    return `<polyline points="${path}" fill="none" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="1.6"/>`;
  });
  return svg(frame, [...grid, axes.time, ...lines, legend(curves, frame)]);
}

const sizeOf = ({ points }: Curve): number => points.reduce((sum, [, value]) => sum + value, 0);

function legend(curves: readonly Curve[], { width, height }: Frame): string {
  const parts: string[] = [];
  let [x, line] = [LEFT, 0];
  for (const [i, { name }] of curves.entries()) {
    const wide = name.length * 6.4 + 24;
    if (x + wide > width && x > LEFT) [x, line] = [LEFT, line + 1];
    if (line === LEGEND_LINES) break;
    const y = height - (LEGEND_LINES - line) * LINE + 10;
    parts.push(`<rect x="${x}" y="${y - 7}" width="10" height="3" fill="${COLOURS[i % COLOURS.length]}"/>`, text(x + 14, y, name));
    x += wide;
  }
  return parts.join("");
}

/** Buckets as rows, the darker the more events they hold. What a bucket counts is all up to its edge. */
export function heatmap(buckets: readonly Curve[], frame: Frame): string {
  const axes = new Axes(frame, 0);
  const sorted = buckets.toSorted((a, b) => edge(a) - edge(b));
  const rows = sorted.map((row, i) => lessThan(row, sorted[i - 1])).filter(({ points }) => points.some(([, value]) => value > 0));
  const times = [...new Set(rows.flatMap(({ points }) => points.map(([time]) => time)))].toSorted((a, b) => a - b);
  const width = axes.x(times[1] ?? 0) - axes.x(times[0] ?? 0) + 0.5;
  const height = (axes.bottom - TOP) / Math.max(1, rows.length);
  const most = Math.max(...rows.flatMap(({ points }) => points.map(([, value]) => value)));
  const cells = rows.flatMap(({ points }, row) =>
    points
      .filter(([, value]) => value > 0)
      .map(
        ([time, value]) =>
          `<rect x="${axes.x(time).toFixed(1)}" y="${(axes.bottom - (row + 1) * height).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="#e0752d" fill-opacity="${Math.sqrt(value / most).toFixed(2)}"/>`,
      ),
  );
  const labels = rows.map(({ name }, row) =>
    text(LEFT - 6, axes.bottom - (row + 0.3) * height, name === "+Inf" ? "more" : worded(Number(name), frame.unit), "end"),
  );
  return svg(frame, [...cells, ...labels.filter((_, row) => row % Math.ceil(rows.length / 8) === 0), axes.time]);
}

/** A bucket without those below it. */
function lessThan({ name, points }: Curve, below: Curve | undefined): Curve {
  const under = new Map(below?.points);
  return { name, points: points.map(([time, value]) => [time, Math.max(0, value - (under.get(time) ?? 0))] as const) };
}

const edge = ({ name }: Curve): number => (name === "+Inf" ? Infinity : Number(name));

/** The last value, large. */
export function stat(curves: readonly Curve[], { unit }: Frame): string {
  const last = curves[0]?.points.at(-1)?.[1];
  const words = last === undefined ? "no data" : worded(last, unit);
  return `<div class="stat">${escaped(words)} <small>${escaped(unitWords(unit))}</small></div>`;
}
