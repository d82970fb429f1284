/**
 * Turns zod's issues into sentences in one wording: what was expected, what came, and the
 * nearest thing that would have been right.
 */
import type * as z from "zod";
import { describeValue, type ErrorWords, type KeyPath } from "./error.ts";
import { isForbiddenKey, isMap, ownValue } from "./merge.ts";
import { nearest } from "./suggest.ts";

/** An issue without its place in a file. */
export interface Issue {
  readonly path: KeyPath;
  readonly at: "key" | "value";
  readonly words: ErrorWords;
}

type Schema = z.core.$ZodType;

/** All issues of a value; none when the schema takes it. Keys that reach a prototype are found elsewhere, before. */
export function issuesOf(schema: z.ZodType, value: unknown): Issue[] {
  const result = schema.safeParse(value);
  return result.success ? [] : result.error.issues.flatMap((issue) => explain(schema, value, issue));
}

function explain(schema: Schema, root: unknown, issue: z.core.$ZodIssue): Issue[] {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.filter((key) => !isForbiddenKey(key)).map((key) => unknownKey(schema, path, key));
  }
  if (issue.code === "invalid_key") {
    if (isForbiddenKey(String(path.at(-1)))) return [];
    const expected = expectation(issue.issues[0] ?? issue);
    return [{ path, at: "key", words: sentence(expected, describeValue(path.at(-1))) }];
  }
  const value = valueAt(root, path);
  const expected = expectation(issue);
  if (value === undefined) return [{ path, at: "value", words: { message: `missing; expected ${expected}`, expected, came: "nothing" } }];
  const suggestion = typeof value === "string" ? nearest(value, candidates(issue)) : undefined;
  const hint = suggestion === undefined ? {} : { suggestion };
  return [{ path, at: "value", words: { ...sentence(expected, describeValue(value)), ...hint } }];
}

const sentence = (expected: string, came: string) => ({ message: `expected ${expected}, came ${came}`, expected, came });

const TYPES: Readonly<Record<string, string>> = {
  object: "a map",
  record: "a map",
  array: "a list",
  string: "text",
  boolean: "true or false",
};

/** What would have been right, without the word "expected". */
function expectation(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith("expected ")) return issue.message.slice("expected ".length);
  if (issue.code === "invalid_type") return TYPES[issue.expected] ?? issue.expected;
  return issue.message;
}

/** The words that an enumeration, or a union with one, would have taken. */
function candidates(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "invalid_value") return issue.values.filter((value) => typeof value === "string");
  if (issue.code === "invalid_union") return issue.errors.flat().flatMap(candidates);
  return [];
}

function unknownKey(schema: Schema, path: KeyPath, key: string): Issue {
  const shape = shapeAt(schema, path);
  const suggestion = Object.hasOwn(shape, key) ? undefined : (deeperKey(shape, key) ?? nearest(key, Object.keys(shape)));
  const hint = suggestion === undefined ? {} : { suggestion };
  return { path: [...path, key], at: "key", words: { message: "unknown key", ...hint } };
}

/** A key that exists one level further down: `pi_inject_timer` is `kvm.pi_inject_timer`. */
function deeperKey(shape: Readonly<Record<string, Schema>>, key: string): string | undefined {
  const parent = Object.keys(shape).find((name) => Object.hasOwn(shapeAt(shape[name] as Schema, []), key));
  return parent === undefined ? undefined : `${parent}.${key}`;
}

/** The keys that the map at a path may have. */
function shapeAt(schema: Schema, path: KeyPath): Readonly<Record<string, Schema>> {
  let here: Schema | undefined = unwrap(schema);
  for (const part of path) {
    const { def } = (here as z.core.$ZodTypes)._zod;
    let next: Schema | undefined;
    if (def.type === "object") next = def.shape[String(part)];
    else if (def.type === "array") next = def.element;
    else if (def.type === "record") next = def.valueType;
    if (next === undefined) return {};
    here = unwrap(next);
  }
  const { def } = (here as z.core.$ZodTypes)._zod;
  return def.type === "object" ? def.shape : {};
}

/** The schema below what only makes it optional, nullable or transformed. */
function unwrap(schema: Schema): Schema {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === "optional" || def.type === "nullable") return unwrap(def.innerType);
  if (def.type === "pipe") return unwrap(def.in);
  return schema;
}

function valueAt(root: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, part) => {
    if (Array.isArray(value)) return typeof part === "number" ? (value as unknown[])[part] : undefined;
    return isMap(value) ? ownValue(value, String(part)) : undefined;
  }, root);
}
