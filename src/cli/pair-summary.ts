/** What a pair of captures comes to: measured beside emulated, a verdict, and what each emulated average rests on. */
import { GRADES, type Grade } from "../hw/figure.ts";
import type { NamedFigure } from "../cost/figure-names.ts";
import type { Capture } from "../fleet/capture/capture.ts";
import type { Span } from "../fleet/imitation/span.ts";
import type { Figures, Judged, JudgedReason, Verdict } from "../fleet/prediction/judge.ts";
import type { PricedPart, PricedReason } from "../kvm/event-prices.ts";
import { exitsOf } from "./capture-file.ts";
import type { Pair } from "./import-pair.ts";
import { alignColumns } from "./table.ts";

const GRADE_WORDS: Readonly<Record<NamedFigure["grade"], string>> = {
  read: "read",
  derived: "derived",
  partly_assumed: "in part assumed",
  assumed: "assumed",
  definition: "definition",
};

const MSR_WRITE = { intel: "MSR_WRITE", amd: "msr" } as const;

/** It writes none, or a table says to which. */
const saysMsrs = ({ vendor, exits, msrs }: Capture): boolean =>
  msrs.length > 0 || exits.every(({ reason }) => reason !== MSR_WRITE[vendor]);

/** @param width of the terminal, into which sources are wrapped; null leaves each on one line. */
export function pairText(pair: Pair, width: number | null = null): string {
  const { imported, after, reasons, verdict } = pair;
  const assumed = [
    ...(saysMsrs(imported.capture)
      ? []
      : [
          `BEFORE: which MSRs its ${MSR_WRITE[imported.capture.vendor]} exits wrote, found with the guest (a table of --event msr would tell)`,
        ]),
    ...imported.span.assumed.map((text) => `BEFORE: ${text}`),
    ...imported.capture.notes.map((text) => `BEFORE: ${text}`),
    ...after.span.assumed.map((text) => `AFTER: ${text}`),
    ...after.capture.notes.map((text) => `AFTER: ${text}`),
  ];
  return [
    [
      sideLine("BEFORE", pair.beforeFile, imported.capture, imported.span),
      sideLine("AFTER ", after.file, after.capture, after.span),
      ...changeLines(pair),
      ...assumed.map((text) => `assumed: ${text}`),
    ].join("\n"),
    `The guest was found in BEFORE alone (wrote ${imported.file}). AFTER is what it is tested on; nothing of it went into what is emulated.`,
    measuredTable(reasons),
    rateLine(pair),
    verdictText(verdict),
    `What the emulated averages rest on: parts of a mean event between perf's tracepoints, in cycles\n\n${gradeTable(pair)}`,
    partTable(pair),
    figureTable(pair, width),
  ].join("\n\n");
}

const sideLine = (side: string, file: string, capture: Capture, { seconds, vcpus }: Span): string =>
  `${side}  ${file}: ${capture.tool}, ${exitsOf(capture)} exits, ${Number(seconds.toPrecision(4))} s of ${vcpus} vCPUs`;

function changeLines({ after: { changes } }: Pair): string[] {
  if (changes.length === 0) return ["        the specifications are the same"];
  return changes.map(({ key, before, after }) => `        ${key}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`);
}

const points = (value: number): string => `${value < 0 ? "" : "+"}${(value * 100).toFixed(2)}`;
const percent = (value: number): string => `${value < 0 ? "" : "+"}${(value * 100).toFixed(1)} %`;

function measuredTable(reasons: readonly JudgedReason[]): string {
  const word = ({ agrees }: Judged): string => (agrees ? "agrees" : "DIFFERS");
  const shares = reasons.map(({ reason, measured, emulated, share }) => [
    reason,
    ...shareCells(measured, share.measured),
    ...shareCells(emulated, share.emulated),
    word(share),
  ]);
  const averages = reasons.map(({ reason, measured, emulated, avg, unjudged }) => [
    reason,
    ...averageCells(measured),
    ...averageCells(emulated),
    avg === null ? `not judged: ${unjudged}` : word(avg),
  ]);
  const heading = (title: string): string[] => [title, "MEASURED", "AFTER", "CHANGE", "EMULATED", "AFTER", "CHANGE"];
  return alignColumns([heading("SHARE OF EXITS"), ...shares, [""], heading("AVERAGE, US"), ...averages]);
}

type Sides<T> = { readonly before: T; readonly after: T };

const shareCells = ({ before, after }: Sides<Figures>, change: number): string[] => [
  `${(before.share * 100).toFixed(2)} %`,
  `${(after.share * 100).toFixed(2)} %`,
  points(change),
];

function averageCells({ before, after }: Sides<Figures>): string[] {
  const cell = ({ avg_us }: Figures): string => (avg_us === null ? "-" : avg_us.toFixed(2));
  const known = before.avg_us !== null && after.avg_us !== null && before.avg_us > 0;
  return [cell(before), cell(after), known ? percent(after.avg_us / before.avg_us - 1) : "-"];
}

function rateLine({ imported, after, emulated }: Pair): string {
  const words = (before: number, now: number): string => `${before.toFixed(1)} and ${now.toFixed(1)} (${percent(now / before - 1)})`;
  const isKnown = imported.span.assumed.length + after.span.assumed.length === 0;
  return [
    `exits per second and vCPU: measured ${words(imported.mix.total, after.mix.total)}, emulated ${words(emulated.before.mix.total, emulated.after.mix.total)};`,
    isKnown
      ? "not judged: load is not the change's doing"
      : "not judged: how long the recordings took is assumed (--for and --after-for say it)",
  ].join(" ");
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

function verdictText({ agrees, findings, judged }: Verdict): string {
  const of = `${counted(judged.shares, "share")} and ${counted(judged.averages, "average")}`;
  if (agrees) return `The emulator agrees with what the change did: ${of} judged, all close enough.`;
  return [`The emulator does not agree with what the change did (${of} judged):`, ...findings.map((text) => `- ${text}`)].join("\n");
}

/** Reasons that are rarer are in the JSON alone. */
const SHOWN_SHARE = 0.01;

/** The priced reasons of each side that count for something. */
function shownReasons({
  reasons,
  emulated,
}: Pair): readonly { readonly reason: string; readonly sides: Sides<PricedReason | undefined> }[] {
  const counts = reasons.filter(({ emulated: { before, after } }) => Math.max(before.share, after.share) >= SHOWN_SHARE);
  const find = (prices: readonly PricedReason[], name: string) => prices.find(({ reason }) => reason === name);
  return counts
    .map(({ reason }) => ({ reason, sides: { before: find(emulated.before.prices, reason), after: find(emulated.after.prices, reason) } }))
    .filter(({ sides }) => sides.before !== undefined || sides.after !== undefined);
}

/** Shares of a mean event's priced cycles by how well their figures are known. */
function gradeShares({ parts }: PricedReason): Readonly<Record<Grade, number>> {
  const total = parts.reduce((sum, { cycles }) => sum + cycles, 0);
  const of = (grade: Grade): number => parts.reduce((sum, part) => sum + (part.grade === grade ? part.cycles : 0), 0) / total;
  return { read: of("read"), derived: of("derived"), partly_assumed: of("partly_assumed"), assumed: of("assumed") };
}

function gradeTable(pair: Pair): string {
  const rows = shownReasons(pair).flatMap(({ reason, sides }) =>
    (["before", "after"] as const).flatMap((side) => {
      const priced = sides[side];
      if (priced === undefined) return [];
      const shares = gradeShares(priced);
      return [
        [
          `${reason} ${side}`,
          (priced.cycles - priced.waiting).toFixed(0),
          ...GRADES.map((grade) => `${(shares[grade] * 100).toFixed(0)} %`),
          priced.waiting < 1 ? "" : priced.waiting.toFixed(0),
        ],
      ];
    }),
  );
  return alignColumns([["", "CYCLES", ...GRADES.map((grade) => GRADE_WORDS[grade].toUpperCase()), "AND WAITS"], ...rows]);
}

/** Parts of each reason, before and after: what the change took away or put in stands alone on its side. */
function partTable(pair: Pair): string {
  const rows = shownReasons(pair).flatMap(({ reason, sides }) => {
    const parts = [...(sides.before?.parts ?? []), ...(sides.after?.parts ?? [])];
    const keys = [...new Set(parts.map((part) => keyOf(part)))];
    return keys.map((key) => {
      const part = parts.find((one) => keyOf(one) === key) as PricedPart;
      const cycles = (priced: PricedReason | undefined): string =>
        priced?.parts.find((one) => keyOf(one) === key)?.cycles.toFixed(1) ?? "-";
      return [reason, part.component, cycles(sides.before), cycles(sides.after), GRADE_WORDS[part.grade], part.figures.join(" ")];
    });
  });
  return alignColumns([["REASON", "COMPONENT", "BEFORE", "AFTER", "KNOWN AS", "FIGURES"], ...rows]);
}

const keyOf = ({ component, figures }: PricedPart): string => [component, ...figures].join(" ");

/** All figures of both sides, each once; hosts of two CPU models have some twice. */
function figuresOf({ emulated }: Pair): readonly NamedFigure[] {
  const all = [...emulated.before.figures, ...emulated.after.figures];
  const unique = new Map(all.map((figure) => [`${figure.name} ${figure.value} ${figure.source}`, figure]));
  return [...unique.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function figureTable(pair: Pair, width: number | null): string {
  const shown = new Set(
    shownReasons(pair)
      .flatMap(({ sides }) => [sides.before, sides.after].flatMap((priced) => priced?.parts ?? []))
      .flatMap(({ figures }) => figures),
  );
  const rows = figuresOf(pair)
    .filter(({ name }) => shown.has(name))
    .map(({ name, value, grade, source }) => [name, String(value), GRADE_WORDS[grade], source]);
  return alignColumns([["FIGURE", "VALUE", "GRADE", "SOURCE"], ...rows], width);
}

/** The same as JSON. */
export function pairView(pair: Pair): object {
  const { imported, after, emulated, reasons, verdict } = pair;
  const side = (file: string, capture: Capture, { seconds, vcpus, assumed }: Span) => ({
    file,
    tool: capture.tool,
    vendor: capture.vendor,
    seconds,
    vcpus,
    assumed: [...assumed, ...capture.notes],
  });
  const priced = (prices: readonly PricedReason[], name: string): object | null => {
    const found = prices.find(({ reason }) => reason === name);
    if (found === undefined) return null;
    const { cycles, waiting, parts } = found;
    return { cycles, waiting, grades: gradeShares(found), parts };
  };
  return {
    before: side(pair.beforeFile, imported.capture, imported.span),
    after: side(after.file, after.capture, after.span),
    changes: after.changes.map(({ key, before, after: is }) => ({ key, before, after: is })),
    fitted_to: "before",
    workload: imported.file,
    agrees: verdict.agrees,
    findings: verdict.findings,
    exits: reasons.map((judged) => ({
      ...judged,
      rests_on: { before: priced(emulated.before.prices, judged.reason), after: priced(emulated.after.prices, judged.reason) },
    })),
    figures: figuresOf(pair),
  };
}
