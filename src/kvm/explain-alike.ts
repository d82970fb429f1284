/** VMs that the same sentences explain: those of one kind that differ only in the CPUs they are pinned to. */
import { explainExits, type ExplainedExit } from "./explain-exits.ts";
import { explainGuest, PINNED } from "./explain-guest.ts";
import type { Explanation } from "./explanation.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";

/** VMs in the order of the host, and what holds for each of them. */
export interface AlikeVms {
  readonly vms: readonly ResolvedGuest[];
  readonly rows: readonly Explanation[];
}

/** An exit, and the VMs for which it is so. */
export type VmExit = ExplainedExit & { readonly vms: readonly string[] };

/** What the exits of all VMs cost, those that are alike together. */
export function explainVmExits(host: ResolvedHost): readonly VmExit[] {
  return alikeVms(host).flatMap(({ vms }) =>
    explainExits(host, vms[0] as ResolvedGuest).map((exit) => ({ vms: vms.map(({ name }) => name), ...exit })),
  );
}

/** Groups the VMs of a host. */
export function alikeVms(host: ResolvedHost): readonly AlikeVms[] {
  const groups = new Map<string, { vms: ResolvedGuest[]; rows: readonly Explanation[] }>();
  for (const guest of host.guests) {
    const rows = explainGuest(host, guest).filter(({ predicate }) => predicate !== PINNED);
    const isolated = guest.cpus.map((cpu) => host.nohzFull[cpu] === true);
    const key = JSON.stringify([guest.kind, isolated, rows.map(({ predicate, value, why }) => [predicate, value, why])]);
    const group = groups.get(key) ?? { vms: [], rows };
    group.vms.push(guest);
    groups.set(key, group);
  }
  return [...groups.values()];
}
