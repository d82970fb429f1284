/** Which kernel a host runs, what was taken on top of it, and what is odd about that. */
import type { Explanation } from "./explanation.ts";
import { commitWarnings } from "./kernel-from-commits.ts";
import { KERNELS } from "./kernels.ts";
import type { ResolvedHost } from "./resolved.ts";

/** One row for the kernel, and one for each of its own commits that is wrong or idle without another. */
export function explainKernel({ kernel, spec }: ResolvedHost): readonly Explanation[] {
  const patches = spec.patches.length === 0 ? "" : `; patches ${spec.patches.join(", ")}`;
  const own = typeof spec.kernel === "string" ? undefined : spec.kernel;
  const warnings = own === undefined ? [] : commitWarnings(KERNELS[own.base], own.commits);
  return [
    {
      topic: "kernel",
      subject: "host",
      predicate: "kernel",
      value: kernel.name,
      why: own === undefined || own.commits.length === 0 ? `${kernel.doc}${patches}` : `${kernel.doc}: ${own.commits.join(", ")}${patches}`,
      source: own === undefined ? kernel.source : `kernels/${own.name}.yaml`,
    },
    ...warnings.map(({ commit, message }): Explanation => ({
      topic: "kernel",
      subject: "host",
      predicate: `commit ${commit}`,
      value: "warning",
      why: message,
      source: `kernels/${kernel.name}.yaml`,
    })),
  ];
}
