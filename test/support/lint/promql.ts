/** Reads a PromQL expression into what the lint asks of it, with Prometheus' own grammar. */
import { parser } from "@prometheus-io/lezer-promql";

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

export interface SelectorUse {
  readonly name: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
  /** The range in brackets, and the function round it; null for an instant selector. */
  readonly range: string | null;
  readonly within: string | null;
}

export interface QueryFacts {
  readonly isValid: boolean;
  readonly selectors: readonly SelectorUse[];
  readonly functions: readonly string[];
  /** Labels of `by`, `on` and `group_left`. */
  readonly groupings: readonly string[];
  /** Labels of `by` alone. */
  readonly by: readonly string[];
  /** Labels that the query makes itself, by label_join or label_replace. */
  readonly made: readonly string[];
}

/** Variables in places where the grammar wants a duration or a number. */
const STAND_INS: Readonly<Record<string, string>> = { $__rate_interval: "7m7s", $__range: "9m9s", $__from: "1", $top: "10" };

export function readQuery(expr: string): QueryFacts {
  const text = Object.entries(STAND_INS).reduce((all, [variable, stand]) => all.replaceAll(variable, stand), expr);
  const facts = {
    isValid: true,
    selectors: [] as SelectorUse[],
    functions: [] as string[],
    groupings: [] as string[],
    by: [] as string[],
    made: [] as string[],
  };
  const textOf = (node: SyntaxNode | null): string => (node === null ? "" : text.slice(node.from, node.to));
  parser.parse(text).iterate({
    enter: ({ node, type }) => {
      if (type.isError) facts.isValid = false;
      if (type.name === "VectorSelector") facts.selectors.push(selectorOf(node, textOf));
      if (type.name === "FunctionIdentifier") facts.functions.push(textOf(node));
      if (type.name === "GroupingLabels") {
        const labels = node.getChildren("LabelName").map(textOf);
        facts.groupings.push(...labels);
        if (node.parent?.type.name === "AggregateModifier") facts.by.push(...labels);
      }
      if (type.name === "FunctionCall" && /^label_(join|replace)/.test(textOf(node))) {
        facts.made.push(textOf(node.getChild("FunctionCallBody")?.getChild("StringLiteral") ?? null).slice(1, -1));
      }
    },
  });
  return facts;
}

function selectorOf(node: SyntaxNode, textOf: (node: SyntaxNode | null) => string): SelectorUse {
  const matchers = (node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []).map((one) => ({
    label: textOf(one.getChild("LabelName")),
    operator: textOf(one.getChild("MatchOp")),
    value: textOf(one.getChild("StringLiteral")).slice(1, -1),
  }));
  const matrix = node.parent?.type.name === "MatrixSelector" ? node.parent : null;
  const range = matrix === null ? null : textOf(matrix.getChild("DurationExpr"));
  return {
    name: textOf(node.getChild("Identifier")),
    matchers,
    range: variableOf(range),
    within: matrix === null ? null : callOf(matrix, textOf),
  };
}

const variableOf = (range: string | null): string | null => Object.entries(STAND_INS).find(([, stand]) => stand === range)?.[0] ?? range;

function callOf(node: SyntaxNode, textOf: (node: SyntaxNode | null) => string): string | null {
  for (let at = node.parent; at !== null; at = at.parent) {
    const name = at.getChild("FunctionIdentifier");
    if (name !== null) return textOf(name);
  }
  return null;
}
