/** What a client asked for in Accept and Accept-Encoding. */
import type { IncomingMessage } from "node:http";
import type { Format } from "../metrics/format.ts";

interface Choice {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 refuses, 1 prefers. */
  readonly quality: number;
}

/** OpenMetrics 1.0.0 when the client likes it at least as much as plain text. */
export function wantedFormat(req: IncomingMessage): Format {
  const choices = parse(req.headers.accept);
  const qualityOf = (name: string, fits: (choice: Choice) => boolean): number =>
    Math.max(0, ...choices.filter((one) => one.name === name && fits(one)).map(({ quality }) => quality));
  const openMetrics = qualityOf("application/openmetrics-text", ({ parameters }) => (parameters.get("version") ?? "1.0.0") === "1.0.0");
  const text = qualityOf("text/plain", () => true);
  return openMetrics > 0 && openMetrics >= text ? "openmetrics" : "text";
}

/** The client takes gzip. */
export const wantsGzip = (req: IncomingMessage): boolean =>
  parse(req.headers["accept-encoding"]?.toString()).some(({ name, quality }) => name === "gzip" && quality > 0);

function parse(header: string | undefined): Choice[] {
  return (header ?? "").split(",").map((part) => {
    const [name = "", ...rest] = part.split(";").map((text) => text.trim().toLowerCase());
    const pairs = rest.map((text): [string, string] => {
      const [key = "", value = ""] = text.split("=").map((side) => side.trim().replaceAll('"', ""));
      return [key, value];
    });
    const parameters = new Map(pairs);
    const quality = Number(parameters.get("q") ?? 1);
    return { name, parameters, quality: Number.isFinite(quality) ? quality : 0 };
  });
}
