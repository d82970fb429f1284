/** What a JSON Schema accepts, in a few words for a table. */
import { CPU_NAMES } from "../../../src/hw/cpus.ts";
import { WORKLOAD_NAMES } from "../../../src/guest/workloads.ts";
import { KERNEL_NAMES } from "../../../src/kvm/kernels.ts";
import { PATCH_NAMES } from "../../../src/kvm/patches.ts";
import { fleetJsonSchema } from "../../../src/config/json-schema.ts";
import { codes } from "./markdown.ts";

/** As much of JSON Schema as the generated one uses. */
export interface Schema {
  readonly description?: string;
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly (string | number | boolean)[];
  readonly const?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly not?: object;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
}

export const FILE_SCHEMA = fleetJsonSchema() as unknown as Schema & { readonly definitions: Readonly<Record<string, Schema>> };

export function definition(name: string): Schema {
  const found = FILE_SCHEMA.definitions[name];
  if (found === undefined) throw new Error(`expected a definition ${name} in the JSON Schema`);
  return found;
}

const SWITCH = definition("switch");
/** The name of a file in `kernels/`, and of one in `workloads/`. */
const ownName = (id: string): Schema | undefined => definition(id).anyOf?.find(({ pattern }) => pattern !== undefined);
const OWN_KERNEL = ownName("kernel");
const OWN_WORKLOAD = ownName("workload");

/** The alternatives of a schema, references followed; null stands everywhere and is left out. */
export function alternatives(schema: Schema): Schema[] {
  const { $ref, anyOf, allOf, type } = schema;
  const inner = $ref === undefined ? schema : definition($ref.replace("#/definitions/", ""));
  if (inner === SWITCH || (inner === schema && anyOf === undefined && allOf === undefined)) return type === "null" ? [] : [inner];
  return inner === schema ? [...(anyOf ?? []), ...(allOf ?? [])].flatMap(alternatives) : alternatives(inner);
}

/** Each alternative in words; other spellings of `off` and of true and false go without saying. */
export function wordsOf(schema: Schema): string {
  const all = alternatives(schema);
  const isBoolean = all.some(({ type, const: value }) => type === "boolean" && value === undefined);
  const isSpelling = (one: Schema): boolean =>
    valuesIn(one)?.every((value) => value === false || value === 0 || (isBoolean && (value === "on" || value === "off"))) ?? false;
  return [...new Set(all.filter((one) => !isSpelling(one)).map(leafWords))].join(", ");
}

const valuesIn = (schema: Schema) => schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);

/** The catalogues have a table of their own. */
const CATALOGUES: readonly (readonly [names: readonly string[], words: string])[] = [
  [CPU_NAMES, "a [CPU model](#names)"],
  [KERNEL_NAMES, "a [kernel](#names)"],
  [PATCH_NAMES, "[patches](#names)"],
  [WORKLOAD_NAMES, "a [workload](#names)"],
];

function leafWords(schema: Schema): string {
  if (schema === SWITCH) return "a switch";
  if (schema === OWN_KERNEL) return "or one of `kernels/`";
  if (schema === OWN_WORKLOAD) return "or one of `workloads/`";
  const values = valuesIn(schema);
  if (values !== undefined) return CATALOGUES.find(([names]) => names.join() === values.join())?.[1] ?? codes(values.map(String));
  const { type, minimum, maximum, items } = schema;
  if (type === "integer") return maximum === Number.MAX_SAFE_INTEGER ? "a whole number" : `a whole number from ${minimum} to ${maximum}`;
  if (type === "number") return `a number from ${minimum} to ${maximum}`;
  if (type === "boolean") return codes(["true", "false"]);
  if (type === "array") return items?.not === undefined ? `a list${listOf(items)}` : "an empty list: not supported yet";
  if (type === "object") return schema === definition("host") ? "a [host specification](#keys-of-a-host-specification)" : mapWords(schema);
  return textWords(schema);
}

const mapWords = ({ additionalProperties: values }: Schema): string =>
  typeof values === "object" ? `a map to ${wordsOf(values)}` : "a map";

const listOf = (items: Schema | undefined): string => (items === undefined || items.enum === undefined ? "" : ` of ${wordsOf(items)}`);

const DURATION = "a duration such as `90s` or `10m`";
const SIGNED = "a duration such as `1h` or `-90s`";

function textWords({ format, pattern }: Schema): string {
  if (format === "date-time") return "a time such as `2026-01-31T00:00:00Z`";
  if (pattern?.startsWith(String.raw`^\d+(-`) === true) return 'a CPU list such as `"2-63"`';
  if (pattern?.endsWith("[smh]$") === true) return pattern.startsWith("^-") ? SIGNED : DURATION;
  return pattern?.endsWith("%$") === true ? "a share such as `10%`" : "text";
}
