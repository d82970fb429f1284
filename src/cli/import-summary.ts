/** What an import prints: captured beside emulated, reason by reason. */
import type { Capture } from "../fleet/capture/capture.ts";
import type { Imitation } from "../fleet/imitation/imitate.ts";
import { otherName, rateOf, shareOf, unnamedRate, type Mix } from "../fleet/imitation/mix.ts";
import type { Span } from "../fleet/imitation/span.ts";
import { exitsOf } from "./capture-file.ts";
import { alignColumns } from "./table.ts";

/** What an import came to. */
export interface Imported {
  readonly capture: Capture;
  readonly span: Span;
  readonly mix: Mix;
  readonly imitation: Imitation;
  readonly file: string;
  /** The specification it was found on, with the guest that runs it; null: the caller's own. */
  readonly specification: string | null;
}

interface Row {
  readonly reason: string;
  readonly captured: Figures;
  readonly emulated: Figures;
}
interface Figures {
  readonly share: number;
  readonly per_second_per_vcpu: number;
  readonly avg_us: number | null;
}

/** A line for each reason that was captured, and one for all that it does not name. */
function rowsOf({ mix, imitation: { emulated } }: Imported): readonly Row[] {
  const other = otherName(mix.vendor);
  const named = [...mix.rates.keys()].filter((reason) => reason !== other);
  const rows = named.map((reason) => ({ reason, captured: figures(mix, reason), emulated: figures(emulated, reason) }));
  const captured = rateOf(mix, other) + mix.unlisted;
  const came = rateOf(emulated, other) + unnamedRate(mix, emulated);
  if (captured + came === 0) return rows;
  const all = (rate: number, { total }: Mix): Figures => ({
    share: total === 0 ? 0 : rate / total,
    per_second_per_vcpu: rate,
    avg_us: null,
  });
  return [...rows, { reason: other, captured: all(captured, mix), emulated: all(came, emulated) }];
}

const figures = (mix: Mix, reason: string): Figures => ({
  share: shareOf(mix, reason),
  per_second_per_vcpu: rateOf(mix, reason),
  avg_us: mix.avgUs.get(reason) ?? null,
});

/** The same as JSON. */
export function importView(imported: Imported): object {
  const { capture, span, imitation, file } = imported;
  return {
    file,
    tool: capture.tool,
    vendor: capture.vendor,
    seconds: span.seconds,
    vcpus: span.vcpus,
    assumed: [...span.assumed, ...capture.notes],
    exits: rowsOf(imported),
    unknown: capture.unknown.map(({ reason, count }) => ({ reason, count })),
    unlisted: capture.unlisted,
    worst_share_difference: imitation.worst,
    specification: imported.specification,
  };
}

export function importSummary(imported: Imported, name: string): string {
  const { capture, span, imitation, file, specification } = imported;
  const vendor = capture.vendor === "intel" ? "an Intel host" : "an AMD host";
  const other = otherName(capture.vendor);
  const kept = [
    ...capture.unknown.map((exits) => `${exits.count} ${exits.reason}`),
    ...(capture.unlisted > 0 ? [`${capture.unlisted} that no line names`] : []),
  ];
  return [
    `${capture.tool}: ${exitsOf(capture)} exits on ${vendor}, ${Number(span.seconds.toPrecision(4))} s of ${span.vcpus} vCPUs`,
    ...span.assumed.map((assumed) => `assumed: ${assumed} (--for and --vcpus say it)`),
    ...capture.notes.map((note) => `assumed: ${note}`),
    ...(kept.length > 0 ? [`without rules here, kept as ${other}: ${kept.join(", ")}`] : []),
    "",
    table(rowsOf(imported)),
    "",
    `shares are at most ${(imitation.worst * 100).toFixed(1)} points apart`,
    `wrote ${file}`,
    ...(specification === null
      ? []
      : ["", "It was found on this host; put it beside workloads/ and run stat on it:", "", specification.trimEnd()]),
    ...(specification === null ? [`as a guest of the specification has it: workload: ${name}`] : []),
  ].join("\n");
}

function table(rows: readonly Row[]): string {
  const cells = ({ share, per_second_per_vcpu, avg_us }: Figures): string[] => [
    `${(share * 100).toFixed(2)} %`,
    per_second_per_vcpu.toFixed(1),
    avg_us === null ? "" : avg_us.toFixed(2),
  ];
  const heading = ["REASON", "CAPTURED", "PER S AND VCPU", "AVG US", "EMULATED", "PER S AND VCPU", "AVG US"];
  return alignColumns([heading, ...rows.map(({ reason, captured, emulated }) => [reason, ...cells(captured), ...cells(emulated)])]);
}
