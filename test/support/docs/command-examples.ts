/** Output of commands that the README shows, made anew so that it cannot go out of date. */
import { comparisonText } from "../../../src/cli/compare.ts";
import { GAIN_COLUMNS, gainCells, gainOf } from "../../../src/cli/report/gain.ts";
import { TESTS } from "../../../src/cli/report/functional.ts";
import { hostOf, NO_ADVANCE, SKYLAKE, TEST_GUEST } from "../../../src/cli/report/machines.ts";
import { rowsMarkdown } from "../../../src/cli/report/markdown.ts";
import { completeHostSpec } from "../../../src/config/defaults.ts";
import { diffSpecs } from "../../../src/config/diff.ts";
import { compareNow } from "../../../src/fleet/compare/compare.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { pairExample, predictedPair } from "../predicted-pair.ts";

const SEEDS = [1, 2, 3, 4, 5];
/** What `sed -n '3,11p'` of the README takes. */
const FIRST_LINE = 3;
const LAST_LINE = 12;

/** `compare` of a host without the timer fastpaths and one with them, 4 s of each. */
export function compareExample(): string {
  const [before, after] = (["rhel-8.2", "c82"] as const).map((kernel) => completeHostSpec({ kernel, guests: { web: { vcpus: 8 } } }));
  if (before === undefined || after === undefined) throw new RangeError("two specifications");
  const hosts = [{ name: "host", before: resolveHost(before), after: resolveHost(after), weight: 1 }];
  const comparison = compareNow({ hosts, seeds: SEEDS, secondsPerSeed: 0.8 });
  const files = { before: "/tmp/before.yaml", after: "/tmp/after.yaml" };
  const lines = comparisonText(files, diffSpecs(before, after), comparison, SEEDS).split("\n");
  return ["```", ...lines.slice(FIRST_LINE - 1, LAST_LINE), "```"].join("\n");
}

/** The rows of `report --only functional` about the vendor's kernel on a Skylake. */
export function functionalExample(): string {
  const rows = TESTS.map(({ exit, test, off }) => {
    const on = [{ kernel: "c84" }, TEST_GUEST, NO_ADVANCE];
    const running = gainOf(test, hostOf(SKYLAKE, ...on, off), hostOf(SKYLAKE, ...on), SEEDS.slice(0, 3));
    let step = running.next();
    while (step.done !== true) step = running.next();
    return { exit, test, ...gainCells(step.value) };
  });
  return rowsMarkdown([{ key: "exit", title: "exit" }, { key: "test", title: "test" }, ...GAIN_COLUMNS], rows);
}

/** `import` of the pair of captures round the fastpath of the ICR, up to the sources of its figures. */
export function hackbenchExample(): string {
  const guests = { vm: { vcpus: 8, kernel: "linux-5.4" } } as const;
  const pair = predictedPair({
    before: "hackbench",
    after: "hackbench-fastpath",
    spec: { kernel: "linux-5.5", fastpath: { icr: "off" }, guests },
    set: { fastpath: { icr: "on" } },
  });
  return ["```", pairExample(pair), "```"].join("\n");
}
