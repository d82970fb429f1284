/** `fastpathd explain`: every predicate of a specification with its value and the reason. */
import { formatConfigErrors } from "../config/format.ts";
import { parseHostSpecFile } from "../config/host-file.ts";
import { explainHost } from "../kvm/explain.ts";
import { resolveHost } from "../kvm/resolve.ts";
import { alignColumns } from "./table.ts";

/** Prints the explanation; returns the exit code. */
export async function explain(file: string, { json }: { readonly json: boolean }): Promise<number> {
  const parsed = await parseHostSpecFile(file);
  if (!parsed.ok) {
    console.error(formatConfigErrors(parsed.errors));
    return 1;
  }
  const rows = explainHost(resolveHost(parsed.value));
  const heading = ["SUBJECT", "PREDICATE", "VALUE", "WHY"];
  const table = () => alignColumns([heading, ...rows.map((row) => [row.subject, row.predicate, row.value, row.why])]);
  console.log(json ? JSON.stringify({ predicates: rows }, null, 2) : table());
  return 0;
}
