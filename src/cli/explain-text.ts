/** An explanation for people: sections in the order in which decisions rest on each other. */
import { workloadNameOf } from "../guest/workload-choice.ts";
import type { KeyChange } from "../config/diff.ts";
import type { AlikeVms } from "../kvm/explain-alike.ts";
import type { ExplainedExit } from "../kvm/explain-exits.ts";
import { type Explanation, TOPICS, type Topic } from "../kvm/explanation.ts";
import { alignColumns } from "./table.ts";

export interface ExplanationParts {
  /** Keys that differ from the defaults. */
  readonly configuration: readonly KeyChange[];
  /** About the host as a whole. */
  readonly predicates: readonly Explanation[];
  readonly vms: readonly (AlikeVms & { readonly exits: readonly ExplainedExit[] })[];
}

const HOST_TOPICS = (Object.keys(TOPICS) as Topic[]).filter((topic) => topic !== "vm");
const INDENT = "  ";

/** @param width of the terminal, to which reasons are wrapped; null leaves each on one line. */
export function explanationText({ configuration, predicates, vms }: ExplanationParts, width: number | null): string {
  const warnings = predicates.filter(({ value }) => value === "warning");
  const sections = [
    section("In short", inShort(vms), width),
    ...(warnings.length === 0
      ? []
      : [
          section(
            "Warnings",
            warnings.map(({ predicate, why }) => [predicate, why]),
            width,
          ),
        ]),
    section("Configuration: keys that differ from the defaults, and what changing them takes", configuration.map(keyRow), width),
    ...HOST_TOPICS.map((topic) => section(TOPICS[topic], predicates.filter((row) => row.topic === topic).map(predicateRow), width)),
    ...vms.flatMap(({ vms: alike, rows, exits }) => [
      section(vmTitle(alike), rows.map(predicateRow), width),
      section("Exits, in cycles without noise, waiting and the waking of sleepers", exits.map(exitRow), width),
    ]),
  ];
  return sections.join("\n\n");
}

/** For each predicate that decides what exits cost: its values, and how many VMs have each. */
function inShort(vms: ExplanationParts["vms"]): string[][] {
  const all = vms.reduce((sum, { vms: alike }) => sum + alike.length, 0);
  return SPOKEN.flatMap((predicate) => {
    const counts = new Map<string, number>();
    for (const { vms: alike, rows } of vms) {
      const value = rows.find((row) => row.predicate === predicate)?.value;
      if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + alike.length);
    }
    const words = [...counts].map(([value, count]) => `${value} for ${count} of ${all} VMs`);
    return words.length === 0 ? [] : [[predicate, words.join(", ")]];
  });
}

const SPOKEN = ["fastpath preemption_timer", "fastpath tsc_deadline", "fastpath icr", "timer mode"];

function section(title: string, rows: readonly (readonly string[])[], width: number | null): string {
  const lines = rows.length === 0 ? ["none"] : alignColumns(rows, width === null ? null : width - INDENT.length).split("\n");
  return [title, ...lines.map((line) => INDENT + line)].join("\n");
}

const keyRow = ({ key, before, after, takes }: KeyChange): string[] => [
  key,
  JSON.stringify(after),
  `default ${JSON.stringify(before)}`,
  takes.replace("_", " "),
];

const predicateRow = ({ predicate, value, why, cycles }: Explanation): string[] => [
  predicate.replace("/sys/devices/system/cpu/vulnerabilities/", ""),
  value,
  cycles === undefined ? why : `${cycles} cycles each time: ${why}`,
];

function vmTitle(vms: AlikeVms["vms"]): string {
  const [first, last] = [vms[0], vms.at(-1)];
  const { vcpus = 0, workload = "idle" } = first?.spec ?? {};
  const names = vms.length === 1 ? `VM ${first?.name}` : `VMs ${first?.name} to ${last?.name}`;
  const pinned = vms.map(({ cpus }) => cpus.join(",")).join(" and ");
  return `${names}: ${vcpus} vCPUs${vms.length === 1 ? "" : " each"}, ${workloadNameOf(workload)}, on CPUs ${pinned}`;
}

function exitRow({ operation, exit, cycles, components }: ExplainedExit): string[] {
  if (exit === null) return [operation, "no exit"];
  const { reason, msr, path } = exit;
  const parts = Object.entries(components).map(([name, amount]) => `${name} ${amount}`);
  return [operation, `${reason}${msr === "" ? "" : ` ${msr}`} ${path}`, String(cycles), parts.join(" + ")];
}
