/**
 * One YAML file with the way back: from a key's path to the line and column where it stands.
 * Files are data from people, so they are bounded: size, aliases, and no key that would reach
 * an object's prototype.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import { type ConfigError, dotted, type ErrorWords, type KeyPath } from "./error.ts";
import { isForbiddenKey } from "./merge.ts";

export const FILE_BYTES_MAX = 4 * 1024 * 1024;
const ALIASES_MAX = 100;

export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** A parsed file. `value` is undefined when it could not be read at all. */
export class Source {
  readonly file: string;
  readonly value: unknown;
  readonly errors: readonly ConfigError[];
  readonly #document: Document;
  readonly #lines = new LineCounter();

  constructor({ file, text }: SourceText) {
    this.file = file;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      version: "1.2",
      schema: "core",
      stringKeys: true,
    });
    const problems = [...this.#document.errors, ...this.#document.warnings];
    const errors = [...problems.map((problem) => this.#syntaxError(problem, text)), ...this.#forbiddenKeys()];
    const readable = this.#document.errors.every((error) => error.code === "DUPLICATE_KEY");
    this.value = readable ? this.#read(errors) : undefined;
    this.errors = errors;
  }

  /** An error at a key's path: at the key itself, or at its value. */
  error(path: KeyPath, at: "key" | "value", words: ErrorWords): ConfigError {
    return { file: this.file, ...this.position(path, at), key: dotted(path), ...words };
  }

  /** Where a path stands; where it does not exist, its nearest parent. */
  position(path: KeyPath, at: "key" | "value"): { line: number; column: number } {
    let node: Node | null = this.#document.contents;
    let offset = node?.range?.[0] ?? 0;
    for (const [depth, part] of path.entries()) {
      const pair = childOf(node, part, this.#document);
      if (pair === null) break;
      const wantsKey = at === "key" && depth === path.length - 1;
      offset = (wantsKey ? pair.key : (pair.value ?? pair.key))?.range?.[0] ?? offset;
      node = pair.value;
    }
    return this.#lineOf(offset);
  }

  #lineOf(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** The plain value; too many aliases are an error of the file. */
  #read(errors: ConfigError[]): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: ALIASES_MAX });
    } catch (error) {
      errors.push({
        file: this.file,
        line: 1,
        column: 1,
        key: "",
        message: `expected at most ${ALIASES_MAX} aliases: ${(error as Error).message}`,
      });
      return undefined;
    }
  }

  #syntaxError(problem: YAMLError, text: string): ConfigError {
    const [start, end] = problem.pos;
    const where = { file: this.file, ...this.#lineOf(start) };
    if (problem.code === "DUPLICATE_KEY") {
      const path = this.#pathAt(start);
      const key = path.length > 0 ? dotted(path) : text.slice(start, end);
      return { ...where, key, message: "expected each key once in a map, came a second time" };
    }
    const isSecond = problem.code === "MULTIPLE_DOCS";
    const message = isSecond ? "expected one YAML document in the file, came a second one" : `not valid YAML: ${problem.message}`;
    return { ...where, key: "", message };
  }

  /** Path of the key that starts at an offset. */
  #pathAt(offset: number): KeyPath {
    let found: KeyPath = [];
    visit(this.#document, {
      Pair: (_, pair, ancestors) => {
        if (isNode(pair.key) && pair.key.range?.[0] === offset) found = [...pathOf(ancestors), keyText(pair.key)];
      },
    });
    return found;
  }

  #forbiddenKeys(): ConfigError[] {
    const errors: ConfigError[] = [];
    visit(this.#document, {
      Pair: (_, pair, ancestors) => {
        const key = isNode(pair.key) ? keyText(pair.key) : "";
        if (!isForbiddenKey(key)) return;
        const path = [...pathOf(ancestors), key];
        errors.push({
          file: this.file,
          ...this.#lineOf((pair.key as Node).range?.[0] ?? 0),
          key: dotted(path),
          message: "this key is refused everywhere",
        });
      },
    });
    return errors;
  }
}

const keyText = (key: Node): string => (isScalar(key) ? String(key.value) : "");

/** The configuration path of a node, from the nodes above it. */
function pathOf(ancestors: readonly unknown[]): (string | number)[] {
  const path: (string | number)[] = [];
  for (const [i, node] of ancestors.entries()) {
    const child = ancestors[i + 1];
    if (isSeq(node) && child !== undefined) path.push(node.items.indexOf(child));
    else if (isMap(node) && child !== undefined) path.push(keyText((child as Pair<Node>).key));
  }
  return path;
}

/** The key and the value of one step down, through an alias if there is one. */
function childOf(parent: Node | null, part: string | number, document: Document): { key: Node | null; value: Node | null } | null {
  const node = isAlias(parent) ? (parent.resolve(document) ?? null) : parent;
  if (isSeq(node)) {
    const item = typeof part === "number" ? node.items[part] : undefined;
    return isNode(item) ? { key: item, value: item } : null;
  }
  if (!isMap(node)) return null;
  const pairs = node.items.filter((item) => isNode(item.key) && keyText(item.key) === String(part));
  const pair = pairs.at(-1);
  return pair === undefined ? null : { key: pair.key as Node, value: isNode(pair.value) ? pair.value : null };
}
