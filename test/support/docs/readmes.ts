/** Which README has which generated sections. */
import { readFileSync } from "node:fs";
import { compareExample, functionalExample, hackbenchExample } from "./command-examples.ts";
import {
  commitTable,
  faultKeyTable,
  faultTable,
  fileKeyTable,
  hostKeyTable,
  nameTable,
  workloadKeyTable,
  workloadTable,
} from "./config-tables.ts";
import { accuracySummary, accuracyTable } from "./accuracy-table.ts";
import { coldTable, componentTable, cpuTable, extraTable, handlerTable, hardwareTable, runLoopTable } from "./cost-tables.ts";
import { fillSections } from "./markdown.ts";
import { cpuPmToggle, dpdkToggle, fastpathToggle, taaToggle } from "./toggle-examples.ts";
import { daemonMetricTable, exitTable, fastpathTable, hostMetricTable } from "./metric-tables.ts";

const READMES: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  "README.md": {
    "fastpaths off": fastpathToggle,
    "cpu pm": cpuPmToggle,
    "dpdk host": dpdkToggle,
    "taa off": taaToggle,
    comparison: compareExample,
    "functional test": functionalExample,
    accuracy: accuracySummary,
    "pair of captures": hackbenchExample,
  },
  "src/metrics/README.md": {
    "metrics of a host": hostMetricTable,
    "metrics of the daemon": daemonMetricTable,
    "exit reasons": exitTable,
    fastpaths: fastpathTable,
  },
  "src/config/README.md": {
    faults: faultTable,
    "keys of a fault": faultKeyTable,
    "keys of a file": fileKeyTable,
    "keys of a host": hostKeyTable,
    "keys of a workload": workloadKeyTable,
    names: nameTable,
    commits: commitTable,
  },
  "src/guest/README.md": { workloads: workloadTable },
  "src/cost/README.md": {
    accuracy: accuracyTable,
    components: componentTable,
    "cpu models": cpuTable,
    "hardware figures": hardwareTable,
    "run loop": runLoopTable,
    handlers: handlerTable,
    "cold caches": coldTable,
    extras: extraTable,
  },
};

export interface Readme {
  readonly path: string;
  readonly text: string;
  /** The text as it should be. */
  readonly current: string;
}

/** Every README with generated sections, as it is and as it should be. */
export function generatedReadmes(): Readme[] {
  return Object.entries(READMES).map(([path, sections]) => {
    const text = readFileSync(path, "utf8");
    return { path, text, current: fillSections(text, sections) };
  });
}
