/** A comparison in words: differences with as many digits as their intervals allow, and the verdict. */
import type { ComparedFigure } from "./compare.ts";
import { HEADLINE, LATENCIES } from "./figures.ts";
import type { Difference } from "./paired-difference.ts";

const DECIMALS_MAX = 4;
const DECIMALS_WITHOUT_INTERVAL = 2;

/** Decimals that show one digit of a half-width, or two of one that begins with 1. */
function decimalsOf(halfWidth: number | null): number {
  if (halfWidth === null || halfWidth <= 0) return DECIMALS_WITHOUT_INTERVAL;
  const power = Math.floor(Math.log10(halfWidth));
  const leading = halfWidth / 10 ** power;
  return Math.min(DECIMALS_MAX, Math.max(0, (leading < 2 ? 1 : 0) - power));
}

/** `-3.97 ± 0.03 %` for a relative difference, `+82.1 ± 0.2 points` for one between shares. */
function wordDifference({ value, halfWidth }: Difference, unit: "%" | "points" | "", signed = true): string {
  const scale = unit === "" ? 1 : 100;
  const decimals = decimalsOf(halfWidth === null ? null : halfWidth * scale);
  const sign = signed && value > 0 ? "+" : "";
  const number = (value * scale).toFixed(decimals).replace(/^-(0\.?0*)$/, "$1");
  const half = halfWidth === null ? "" : ` ± ${(halfWidth * scale).toFixed(decimals)}`;
  return `${sign}${number}${half}${unit === "" ? "" : ` ${unit}`}`;
}

/** How a figure differs, in the words of a table's cell. */
export function wordFigure(figure: ComparedFigure): string {
  const { difference, isBeyondChance } = figure;
  if (difference === null) return figure.before === null ? "only after" : "only before";
  if (difference.value === 0 && (difference.halfWidth === 0 || difference.halfWidth === null)) return "equal";
  if (difference.halfWidth === null) return `${wordChange(figure)}, too few for an interval`;
  return isBeyondChance ? wordChange(figure) : `within noise (${wordChange(figure)})`;
}

/** The change alone: in points between shares, in percent where there was something before. */
function wordChange({ difference, relative, unit }: ComparedFigure): string {
  if (difference === null) return "";
  if (unit === "share") return wordDifference(difference, "points");
  return relative === null ? wordDifference(difference, "") : wordDifference(relative, "%");
}

/** What a verdict speaks of beside cores: the figures of the whole, and what to call them. */
const SPOKEN: readonly { readonly name: string; readonly statistic?: string; readonly words: string }[] = [
  { name: HEADLINE.guest_work.name, words: "guest work" },
  { name: HEADLINE.exits.name, words: "exits" },
  { name: HEADLINE.exit_cycles.name, words: "cycles per exit" },
  { name: HEADLINE.hit_rate.name, words: "fastpath hit rate" },
  ...LATENCIES.map(({ name, labels: { statistic = "" } }) => ({ name, statistic, words: `${statistic} ${name.replace("ipi", "IPI")}` })),
].map((spoken) => ({ ...spoken, words: spoken.words.replace("_", " ") }));

/** One sentence that says what changed, and what did not. */
export function verdict(figures: readonly ComparedFigure[]): string {
  const spoken = SPOKEN.flatMap(({ name, statistic, words }) => {
    const found = figures.find((one) => one.name === name && isWhole(one) && one.labels["statistic"] === statistic);
    return found === undefined ? [] : [{ figure: found, words }];
  });
  const changed = spoken.filter(({ figure }) => figure.isBeyondChance).map(({ figure, words }) => `${words} ${wordChange(figure)}`);
  const alone = spoken.filter(({ figure }) => figure.difference === null);
  const missing = alone.map(({ figure, words }) => `${words} only ${figure.before === null ? "after" : "before"}`);
  const same = spoken.filter(({ figure }) => figure.difference !== null && !figure.isBeyondChance).map(({ words }) => words);
  const cores = figures.find(({ name }) => name === HEADLINE.exit_cores.name);
  const coresDiffer = cores?.isBeyondChance === true;
  const parts = [...(coresDiffer ? [coresWords(cores)] : []), ...changed, ...missing];
  const equal = gathered(coresDiffer ? same : ["cores on exits", ...same]);
  if (equal.length > 0) parts.push(`no difference beyond noise in ${equal.join(", ")}`);
  const sentence = parts.join("; ");
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

/** Statistics of one latency under one name: `timer latency (mean, p50, p99)`. */
function gathered(words: readonly string[]): string[] {
  const latency = (text: string): string | undefined => /^(?:mean|p\d+) (.* latency)$/.exec(text)?.[1];
  const names = [...new Set(words.map((text) => latency(text) ?? text))];
  return names.map((name) => {
    const statistics = words.filter((text) => latency(text) === name).map((text) => text.slice(0, text.indexOf(" ")));
    return statistics.length === 0 ? name : `${name} (${statistics.join(", ")})`;
  });
}

/** Not one exit, one use or one component of the figure, but the whole. */
const isWhole = ({ labels }: ComparedFigure): boolean => Object.keys(labels).every((label) => label === "statistic");

function coresWords({ relative, before, after }: ComparedFigure): string {
  if (relative === null) return `AFTER spends ${after} cores on exits for 1000 vCPUs, BEFORE ${before}`;
  const amount = wordDifference({ ...relative, value: Math.abs(relative.value) }, "%", false);
  return `AFTER spends ${amount} ${relative.value < 0 ? "fewer" : "more"} cores on exits`;
}
