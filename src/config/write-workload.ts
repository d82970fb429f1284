/** The text of a file in `workloads/`: what the guest does, without what it does not. */
import { stringify } from "yaml";
import { QUIET, type Workload } from "../guest/workload.ts";

/** The first line of a file that may be written again. */
export const WRITTEN = "# Written by fastpathd import; run it again rather than edit this.";

/**
 * @param remarks lines of comment below the first one.
 */
export function workloadText({ background, ...workload }: Workload, remarks: readonly string[]): string {
  const own = without(workload, QUIET);
  const operations = without(background, QUIET.background);
  const body = stringify({ ...own, ...(Object.keys(operations).length > 0 ? { background: operations } : {}) }, { lineWidth: 0 });
  return `${[WRITTEN, ...remarks.map((remark) => `# ${remark}`.trimEnd())].join("\n")}\n${body}`;
}

/** The keys that say something. */
const without = (map: object, quiet: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(map).filter(([key, value]) => (quiet as Record<string, unknown>)[key] !== value));
