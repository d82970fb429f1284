/** What a call to compare asks for: a change, whom it is for, and how long to look. */
import * as z from "zod";
import type { ConfigError } from "./error.ts";
import type { HostSpecPatch } from "./host-schema.ts";
import { type Match, matchSchema } from "./match-schema.ts";
import { isMap, ownValue } from "./merge.ts";
import type { OwnNames } from "./own.ts";
import { parseHostPatch, type Parsed, parseMatch, parseWith } from "./patch.ts";
import { decimal, integer } from "./scalars.ts";

export interface CompareRequest {
  readonly match: Match;
  readonly set: HostSpecPatch;
  /** Emulated seconds of each host and arm, all seeds together; null: as much as the work allows, at most ten. */
  readonly seconds: number | null;
  readonly seeds: number;
  /** Hosts emulated of each class of equal hosts. */
  readonly hostsPerClass: number;
}

const REQUEST = "request";
const SEEDS_DEFAULT = 3;
const HOSTS_PER_CLASS_DEFAULT = 2;

const scalarsSchema = z.strictObject({
  match: z.unknown().optional().describe("Hosts of the selection: each key a name, a glob or a list of them; none: every host"),
  set: z.unknown().optional().describe("A partial host specification (RFC 7396 merge patch), as an override has it"),
  seconds: decimal(0.1, 600).optional().describe("Emulated seconds of each host and arm, all seeds together; default: up to 10"),
  seeds: integer(1, 20).optional().describe(`Seeds from the fleet's own one on; default ${SEEDS_DEFAULT}`),
  hosts_per_class: integer(1, 10).optional().describe(`Hosts emulated of each class of equal hosts; default ${HOSTS_PER_CLASS_DEFAULT}`),
});

/** Checks a body. @param names every kernel and workload that `set` may name. */
export function parseCompareRequest(body: unknown, names: OwnNames): Parsed<CompareRequest> {
  const scalars = parseWith(scalarsSchema, body, REQUEST);
  const map = isMap(body) ? body : {};
  const match = parseMatch(ownValue(map, "match") ?? {}, "match");
  const set = parseHostPatch(ownValue(map, "set") ?? {}, "set", names);
  const errors = [scalars, match, set].flatMap((part) => (part.ok ? [] : part.errors.map(inRequest)));
  if (!scalars.ok || !match.ok || !set.ok) return { ok: false, errors };
  const { seconds, seeds = SEEDS_DEFAULT, hosts_per_class: hostsPerClass = HOSTS_PER_CLASS_DEFAULT } = scalars.value;
  return { ok: true, value: { match: match.value, set: set.value, seconds: seconds ?? null, seeds, hostsPerClass } };
}

/** The error of a part as one of the whole body: `set.kernel`. */
const inRequest = (error: ConfigError): ConfigError =>
  error.file === REQUEST ? error : { ...error, file: REQUEST, key: error.key === "" ? error.file : `${error.file}.${error.key}` };

/** The body as OpenAPI describes it. */
export function compareRequestJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema: _schema, ...schema } = z.toJSONSchema(scalarsSchema, { io: "input" });
  const { properties = {} } = schema;
  const pattern = { type: ["string", "array"], items: { type: "string" } };
  const keys: Record<string, typeof pattern> = Object.fromEntries(Object.keys(matchSchema.shape).map((key) => [key, pattern]));
  return {
    ...schema,
    properties: {
      ...properties,
      match: { ...(properties["match"] as object), type: "object", properties: keys, additionalProperties: false },
      set: { ...(properties["set"] as object), type: "object" },
    },
  };
}
