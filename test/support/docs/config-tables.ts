/** Tables of `src/config/README.md`: every key, from the schema that the loader itself uses. */
import { completeHostSpec } from "../../../src/config/defaults.ts";
import { GUEST_EFFECTS, HOST_EFFECTS } from "../../../src/config/effects.ts";
import { faultJsonSchema } from "../../../src/config/fault-schema.ts";
import { FAULTS } from "../../../src/fleet/fault.ts";
import { QUIET } from "../../../src/guest/workload.ts";
import { WORKLOADS } from "../../../src/guest/workloads.ts";
import { CPUS } from "../../../src/hw/cpus.ts";
import type { Commit } from "../../../src/kvm/commit.ts";
import { COMMITS } from "../../../src/kvm/commits.ts";
import { KERNELS } from "../../../src/kvm/kernels.ts";
import { PATCHES } from "../../../src/kvm/patches.ts";
import { code, markdownTable, prose } from "./markdown.ts";
import { workloadJsonSchema } from "../../../src/config/json-schema.ts";
import { alternatives, definition, FILE_SCHEMA, wordsOf, type Schema } from "./schema-words.ts";

/** Keys of a file of the configuration directory, of its groups and of its overrides. */
export function fileKeyTable(): string {
  return markdownTable(["key", "values", "what it is"], fileKeyRows("", FILE_SCHEMA));
}

function fileKeyRows(prefix: string, schema: Schema): string[][] {
  const ofHost = Object.keys(definition("host").properties ?? {});
  const own = Object.entries(schema.properties ?? {}).filter(([key]) => !ofHost.includes(key) || prefix !== "groups[].");
  return own.flatMap(([key, one]) => {
    const isRequired = schema.required?.includes(key) === true ? ", required" : "";
    const row = [code(prefix + key), wordsOf(one) + isRequired, prose(one.description)];
    const items = alternatives(one)[0]?.items;
    if (items?.properties === undefined) return [row, ...(key === "match" ? fileKeyRows(`${prefix}match.`, one) : [])];
    const inner = fileKeyRows(`${prefix}${key}[].`, items);
    const body = [code(`${key}[].…`), "the keys of a host specification", "What its hosts are"];
    return key === "groups" ? [row, ...inner, body] : [row, ...inner];
  });
}

/** What may break on purpose, and how. */
export function faultTable(): string {
  return markdownTable(
    ["kind", "what happens"],
    Object.entries(FAULTS).map(([kind, doc]) => [code(kind), doc]),
  );
}

/** Keys of a fault, of a schedule's and of a call's. */
export function faultKeyTable(): string {
  const { properties = {}, required = [] } = faultJsonSchema() as Schema;
  return markdownTable(
    ["key", "values", "what it is"],
    Object.entries(properties).map(([key, one]) => [
      code(key),
      wordsOf(one) + (required.includes(key) ? ", required" : ""),
      prose(one.description),
    ]),
  );
}

/** Keys of a host specification, those of a guest last. */
export function hostKeyTable(): string {
  const { guests, ...host } = completeHostSpec({ guests: { a: {} } });
  const { guests: guestsKey, ...keys } = definition("host").properties ?? {};
  return markdownTable(
    ["key", "values", "default", "in reality", "what it is"],
    [
      ...hostKeyRows("", keys, { ...host, ghz: "the model's" }, HOST_EFFECTS),
      [code("guests"), "a map by name", "none", "", prose(guestsKey?.description)],
      ...hostKeyRows("guests.*.", definition("guest").properties ?? {}, { ...guests["a"] }, GUEST_EFFECTS),
    ],
  );
}

type Tree = Readonly<Record<string, unknown>>;

function hostKeyRows(prefix: string, keys: Readonly<Record<string, Schema>>, defaults: Tree, effects: Tree): string[][] {
  return Object.entries(keys).flatMap(([key, one]) => {
    const [standard, effect] = [defaults[key], effects[key]];
    if (standard === undefined || effect === undefined) throw new Error(`expected a default and an effect of ${prefix}${key}`);
    const inner = alternatives(one)[0]?.properties;
    if (inner !== undefined) return hostKeyRows(`${prefix}${key}.`, inner, standard as Tree, effect as Tree);
    return [[code(prefix + key), wordsOf(one), defaultText(standard), effect as string, prose(one.description)]];
  });
}

function defaultText(value: unknown): string {
  const text = Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
  return text.includes(" ") ? text : code(text);
}

/** What `commits` of a kernel of one's own may name. */
export function commitTable(): string {
  const rows = Object.entries<Commit>(COMMITS).map(([name, { title, since, also = [] }]) => [
    [name, ...also].map(code).join(" "),
    since,
    title,
  ]);
  return markdownTable(["commit", "since", "what it is"], rows);
}

/** Keys of a workload of one's own, with what the guest does when they are missing. */
export function workloadKeyTable(): string {
  const { properties = {} } = workloadJsonSchema() as Schema;
  const { background, rhythm, ...own } = properties;
  const row = (prefix: string, standard: (key: string) => string | number | undefined, [key, one]: [string, Schema]): string[] => {
    const said = standard(key);
    return [code(prefix + key), wordsOf(one), said === undefined ? "" : code(String(said)), prose(one.description)];
  };
  return markdownTable(
    ["key", "values", "default", "what it is"],
    [
      ...Object.entries(own).map((entry) => row("", (key) => (QUIET as unknown as Readonly<Record<string, string | number>>)[key], entry)),
      ...Object.entries(rhythm?.properties ?? {}).map((entry) =>
        row("rhythm.", (key) => (QUIET.rhythm as Readonly<Record<string, string | number>>)[key], entry),
      ),
      ...Object.entries(background?.properties ?? {}).map((entry) => row("background.", () => 0, entry)),
    ],
  );
}

/** The catalogue of workloads with their sources. */
export function workloadTable(): string {
  return markdownTable(
    ["workload", "what it is", "where its figures come from"],
    Object.entries(WORKLOADS).map(([name, { doc, source }]) => [code(name), doc, source]),
  );
}

/** The names that `cpu`, `kernel`, `patches` and `workload` may take. */
export function nameTable(): string {
  return markdownTable(
    ["key", "name", "what it is"],
    [
      ...Object.values(CPUS).map(({ name, doc }) => [code("cpu"), code(name), doc]),
      ...Object.values(KERNELS).map(({ name, doc }) => [code("kernel"), code(name), doc]),
      ...Object.values(PATCHES).map(({ name, title, commits }) => [code("patches"), code(name), [title, ...commits].join(", ")]),
      ...Object.entries(WORKLOADS).map(([name, { doc }]) => [code("workload"), code(name), doc]),
    ],
  );
}
