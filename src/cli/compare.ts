/** `fastpathd compare`: two specifications over the same seeds, every figure with its interval, and a verdict. */
import { diffSpecs, type KeyChange } from "../config/diff.ts";
import { formatConfigErrors } from "../config/format.ts";
import { parseHostSpecFile } from "../config/host-file.ts";
import { vcpusOf } from "../fleet/compare/arm.ts";
import { type Comparison, compare as compareHosts, type ComparePlan } from "../fleet/compare/compare.ts";
import { comparisonView } from "../fleet/compare/view.ts";
import { verdict } from "../fleet/compare/wording.ts";
import type { HostSpec } from "../kvm/host-spec.ts";
import { resolveHost } from "../kvm/resolve.ts";
import { comparisonTable } from "./comparison-table.ts";
import { Progress } from "./progress.ts";

export interface CompareFlags {
  /** Seconds of emulated time of each specification, all seeds together. */
  readonly for: number;
  readonly seed: number;
  readonly seeds: number;
  readonly json: boolean;
}

/** Compares and prints; returns the exit code. */
export async function compare(beforeFile: string, afterFile: string, flags: CompareFlags): Promise<number> {
  const [before, after] = [await readSpec(beforeFile), await readSpec(afterFile)];
  if (before === null || after === null) return 1;
  const changes = diffSpecs(before, after);
  const seeds = Array.from({ length: flags.seeds }, (_, i) => flags.seed + i);
  const host = { name: "host", before: resolveHost(before), after: resolveHost(after), weight: 1 };
  const comparison = run({ hosts: [host], seeds, secondsPerSeed: flags.for / flags.seeds });
  if (flags.json) {
    const arm = (file: string, resolved: typeof host.before) => ({ file, vcpus: vcpusOf(resolved) });
    const arms = { before: arm(beforeFile, host.before), after: arm(afterFile, host.after) };
    const keys = changes.map(({ key, before: was, after: is }) => ({ key, before: was, after: is }));
    console.log(JSON.stringify({ ...arms, changes: keys, ...comparisonView(comparison, seeds) }, null, 2));
    return 0;
  }
  console.log(comparisonText({ before: beforeFile, after: afterFile }, changes, comparison, seeds));
  return 0;
}

/** What people read: what differs, the verdict, every figure, and how it was found. */
export function comparisonText(
  files: { readonly before: string; readonly after: string },
  changes: readonly KeyChange[],
  comparison: Comparison,
  seeds: readonly number[],
): string {
  return [
    `BEFORE  ${files.before}\nAFTER   ${files.after}\n${wordChanges(changes)}`,
    verdict(comparison.figures),
    comparisonTable(comparison.figures),
    method(comparison, seeds),
  ].join("\n\n");
}

/** A specification with guests, or null when its errors were printed. */
async function readSpec(file: string): Promise<HostSpec | null> {
  const parsed = await parseHostSpecFile(file);
  if (!parsed.ok) {
    console.error(formatConfigErrors(parsed.errors));
    return null;
  }
  if (Object.values(parsed.value.guests).some(({ count }) => count > 0)) return parsed.value;
  console.error(`${file}: guests: expected at least one guest, came none`);
  return null;
}

function run(plan: ComparePlan): Comparison {
  const progress = new Progress("emulating both");
  const running = compareHosts(plan);
  for (;;) {
    const step = running.next();
    if (step.done === true) {
      progress.done();
      return step.value;
    }
    progress.show(step.value);
  }
}

function wordChanges(changes: readonly KeyChange[]): string {
  if (changes.length === 0) return "The two are the same specification.";
  return changes.map(({ key, before, after }) => `        ${key}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`).join("\n");
}

function method({ blocks }: Comparison, seeds: readonly number[]): string {
  const batches = seeds.length * blocks.blocks;
  const span = seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seeds[0]} to ${seeds.at(-1)}`;
  const seconds = Number((batches * blocks.blockSeconds).toFixed(3));
  return [
    `${seconds} s of each, ${span}, after a warm-up of ${Number(blocks.warmUpSeconds.toFixed(3))} s a seed. ± is the 95 % confidence interval of the paired`,
    `difference: batch means over ${batches} batches (${blocks.blocks} blocks of time a seed, fewer where neighbours are correlated), jackknife,`,
    "Student's t. Beyond noise: p below 0.05 after Holm's correction for the number of figures.",
  ].join("\n");
}
