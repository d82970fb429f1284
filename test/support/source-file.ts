/**
 * What the architecture test needs to know of a source file: what it imports, which globals it
 * touches, how long it is. Read from the syntax tree, so prose and strings do not count.
 */
import { readdirSync, readFileSync } from "node:fs";
import { parseSync, Visitor, type Node } from "oxc-parser";

export interface SourceFile {
  /** From the top of the repository, with `/`: `src/kvm/exits/hlt.ts`. */
  readonly path: string;
  /** Specifiers as written, of `import`, `import type`, `export … from`, `import()` and `import("…").T`. */
  readonly imports: readonly string[];
  /** Free names, and `Math.random`; a local variable of the same name counts as well. */
  readonly names: ReadonlySet<string>;
  readonly lines: number;
}

export function readSourceTexts(folder: string): { readonly path: string; readonly text: string }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts"))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(path, "utf8") }));
}

export const readSourceFiles = (folder: string): SourceFile[] =>
  readSourceTexts(folder).map(({ path, text }) => parseSourceFile(path, text));

export function parseSourceFile(path: string, text: string): SourceFile {
  const { program, module, errors } = parseSync(path, text);
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`);
  const imports = new Set([
    ...module.staticImports.map((each) => each.moduleRequest.value),
    ...module.staticExports.flatMap((each) => each.entries).flatMap((entry) => entry.moduleRequest?.value ?? []),
  ]);
  const names = new Set<string>();
  const labels = new Set<Node>();
  const skipKey = (node: { key: Node; computed: boolean; shorthand?: boolean }): void => {
    if (!node.computed && node.shorthand !== true) labels.add(node.key);
  };
  new Visitor({
    ImportExpression: ({ source }) => {
      if (source.type !== "Literal") throw new Error(`${path}: import() of something other than a string`);
      imports.add(String(source.value));
    },
    TSImportType: ({ source }) => void imports.add(source.value),
    ImportSpecifier: ({ imported }) => void labels.add(imported),
    MemberExpression: ({ object, property, computed }) => {
      if (!computed) labels.add(property);
      if (object.type === "Identifier" && property.type === "Identifier") names.add(`${object.name}.${property.name}`);
    },
    Property: skipKey,
    PropertyDefinition: skipKey,
    MethodDefinition: skipKey,
    TSPropertySignature: skipKey,
    TSMethodSignature: skipKey,
    Identifier: (node) => {
      if (!labels.has(node)) names.add(node.name);
    },
  }).visit(program);
  return { path, imports: [...imports], names, lines: text.split("\n").length - 1 };
}
