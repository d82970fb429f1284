/** Tables of `src/cost/README.md`: every figure of the cost model with its source. */
import { COMPONENTS, COMPONENT_NAMES, MITIGATION_COMPONENTS } from "../../../src/cost/components.ts";
import {
  COLD,
  EXTRAS,
  HANDLERS,
  INDIRECT_CALLS,
  IPI_FASTPATH,
  RUN_LOOP,
  TABLE_CALLS,
  TIMER_FASTPATH,
  type HandlerPath,
} from "../../../src/cost/paths.ts";
import { CPUS, CPU_NAMES, type CpuName } from "../../../src/hw/cpus.ts";
import { cstatesOf } from "../../../src/hw/cstates.ts";
import { EXIT_ANATOMY, type Figure, gradeOf } from "../../../src/hw/figure.ts";
import { SKYLAKE_CYCLES, type HardwareCycles } from "../../../src/hw/hardware-cycles.ts";
import { code, markdownTable } from "./markdown.ts";

export function componentTable(): string {
  const rows = COMPONENT_NAMES.map((name) => [code(name), MITIGATION_COMPONENTS.includes(name) ? "yes" : "", COMPONENTS[name]]);
  return markdownTable(["component", "by a mitigation", "what it is"], rows);
}

/** Each figure of the reference core, and below it the models that differ. */
export function hardwareTable(): string {
  const rows = (Object.keys(SKYLAKE_CYCLES) as (keyof HardwareCycles)[]).flatMap((key) => {
    const differing = CPU_NAMES.filter((cpu) => CPUS[cpu].cycles[key] !== SKYLAKE_CYCLES[key]);
    return [
      [code(key), "", ...figureCells(SKYLAKE_CYCLES[key])],
      ...differing.map((cpu) => [code(key), code(cpu), ...figureCells(CPUS[cpu].cycles[key])]),
    ];
  });
  return markdownTable(["figure", "only on", "cycles", "grade", "source"], rows);
}

export function cpuTable(): string {
  const rows = CPU_NAMES.map((name) => [
    code(name),
    `${CPUS[name].baseGhz} GHz`,
    idleText(name),
    CPUS[name].affectedBy.join(", "),
    CPUS[name].source,
  ]);
  return markdownTable(["CPU model", "base and TSC", "C-states: exit after a sleep of", "bugs", "source of its facts"], rows);
}

const idleText = (cpu: CpuName): string =>
  cstatesOf(cpu, "c6")
    .map(({ name, exitNs, residencyNs }) => `${name} ${exitNs / 1000} µs after ${residencyNs / 1000} µs`)
    .join(", ");

export function runLoopTable(): string {
  const counts = (calls: Readonly<Record<string, number>>, name: string): string => String(calls[name] ?? 0);
  const rows = Object.entries(RUN_LOOP).map(([name, one]) => [
    code(name),
    ...withCalls(figureCells(one), counts(INDIRECT_CALLS, name), counts(TABLE_CALLS, name)),
  ]);
  return markdownTable(["piece", "cycles", "indirect calls", "from 5.12 on", "grade", "source"], rows);
}

export function handlerTable(): string {
  const rows = Object.entries<HandlerPath>(HANDLERS).map(([name, one]) => {
    const [value = "", grade = "", source = ""] = figureCells(one);
    return [
      code(name),
      value,
      String(one.before),
      String(one.indirectCalls),
      String(one.tableCalls),
      one.spread === 0 ? "" : String(one.spread),
      grade,
      source,
    ];
  });
  return markdownTable(["handler", "cycles", "until its effect", "indirect calls", "from 5.12 on", "spread", "grade", "source"], rows);
}

export function coldTable(): string {
  return markdownTable(
    ["figure", "value", "grade", "source"],
    Object.entries(COLD).map(([name, one]) => [code(name), ...figureCells(one)]),
  );
}

export function extraTable(): string {
  return markdownTable(
    ["extra", "cycles", "grade", "source"],
    Object.entries(EXTRAS).map(([name, one]) => [code(name), ...figureCells(one)]),
  );
}

const withCalls = ([value = "", ...rest]: readonly string[], ...calls: readonly string[]): string[] => [value, ...calls, ...rest];

function figureCells(figure: Figure): string[] {
  const { value, source } = figure;
  const text = SHORT.reduce((rest, [long, short]) => rest.replace(long, short), source);
  return [String(value), gradeWords(figure), text.replace(/^(assumed|derived|by definition): /, "")];
}

/** Sources that the README spells out once. */
const SHORT: readonly (readonly [long: string, short: string])[] = [
  [EXIT_ANATOMY, "[exit-anatomy](#sources)"],
  [TIMER_FASTPATH, "[timer fastpath letters](#sources)"],
  [IPI_FASTPATH, "[IPI fastpath letter](#sources)"],
];

const WORDS: Readonly<Record<ReturnType<typeof gradeOf>, string>> = {
  read: "published",
  derived: "derived",
  partly_assumed: "in part **assumed**",
  assumed: "**assumed**",
  definition: "definition",
};

function gradeWords(figure: Figure): string {
  const grade = gradeOf(figure);
  if (grade !== "partly_assumed") return WORDS[grade];
  return `${figure.source.startsWith("derived") ? "derived" : "published"}, ${WORDS[grade]}`;
}
