/** `fastpathd explain`: every predicate of a specification with its value and the reason, and what exits cost under them. */
import { completeHostSpec } from "../config/defaults.ts";
import { diffSpecs } from "../config/diff.ts";
import { formatConfigErrors } from "../config/format.ts";
import { parseHostSpecFile } from "../config/host-file.ts";
import type { HostSpec } from "../kvm/host-spec.ts";
import { alikeVms, explainVmExits } from "../kvm/explain-alike.ts";
import { explainExits } from "../kvm/explain-exits.ts";
import { explainHost } from "../kvm/explain.ts";
import { resolveHost } from "../kvm/resolve.ts";
import type { ResolvedGuest, ResolvedHost } from "../kvm/resolved.ts";
import { type ExplanationParts, explanationText } from "./explain-text.ts";

/** Prints the explanation; returns the exit code. */
export async function explain(file: string, { json }: { readonly json: boolean }): Promise<number> {
  const parsed = await parseHostSpecFile(file);
  if (!parsed.ok) {
    console.error(formatConfigErrors(parsed.errors));
    return 1;
  }
  const host = resolveHost(parsed.value);
  const configuration = ownKeys(parsed.value);
  if (json) {
    console.log(JSON.stringify(view(configuration, host), null, 2));
    return 0;
  }
  const predicates = explainHost(host).filter(({ topic }) => topic !== "vm");
  const vms = alikeVms(host).map((alike) => ({ ...alike, exits: explainExits(host, alike.vms[0] as ResolvedGuest) }));
  const { isTTY, columns } = process.stdout;
  console.log(explanationText({ configuration, predicates, vms }, isTTY ? columns : null));
  return 0;
}

function view(configuration: ExplanationParts["configuration"], host: ResolvedHost) {
  return {
    configuration: configuration.map(({ key, before, after, takes }) => ({ key, value: after, default: before, takes })),
    predicates: explainHost(host),
    exits: explainVmExits(host),
  };
}

/** What the file says beyond the defaults; the frequency only where it is not the model's own. */
function ownKeys(spec: HostSpec): ExplanationParts["configuration"] {
  const standard = completeHostSpec({ cpu: spec.cpu });
  return diffSpecs({ ...standard, cpu: completeHostSpec({}).cpu, guests: spec.guests }, spec);
}
