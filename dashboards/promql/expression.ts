/**
 * PromQL as values. Every operator puts its operands in parentheses where they are operations
 * themselves, so nobody has to remember that `and` binds weaker than `/`.
 */
import type { LabelOf, SeriesName } from "./series.ts";

export interface Expression {
  readonly text: string;
  /** It ends in an operator's operand, so as an operand it needs parentheses. */
  readonly isOperation: boolean;
}

export interface Selector extends Expression {
  readonly kind: "selector";
}

/** What a label must be: equal to a text, one of several, or matched by a pattern and not equal to a text. */
export type Matcher = string | readonly string[] | { readonly pattern: string; readonly not?: string };
export type Matchers<Name extends SeriesName> = Readonly<Partial<Record<LabelOf<Name>, Matcher>>>;

const atom = (text: string): Expression => ({ text, isOperation: false });
const operand = ({ text, isOperation }: Expression): string => (isOperation ? `(${text})` : text);

export function select<Name extends SeriesName>(name: Name, matchers: Matchers<Name>): Selector {
  const pairs = Object.entries(matchers as Readonly<Record<string, Matcher>>).map(([label, matcher]) => matcherText(label, matcher));
  return { kind: "selector", text: pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`, isOperation: false };
}

function matcherText(label: string, matcher: Matcher): string {
  if (typeof matcher === "string") return `${label}="${matcher}"`;
  if (!("pattern" in matcher)) return `${label}=~"${matcher.join("|")}"`;
  const excluded = matcher.not === undefined ? "" : `,${label}!="${matcher.not}"`;
  return `${label}=~"${matcher.pattern}"${excluded}`;
}

export const number = (value: number): Expression => atom(`${value}`);

/** Per second, over a window that holds at least four scrapes. */
export const rate = (of: Selector): Expression => atom(`rate(${of.text}[$__rate_interval])`);
/** Mean of a gauge or a recorded rate over the whole time range, the same at every point of it. */
export const meanOfRange = (of: Selector): Expression => atom(`avg_over_time(${of.text}[$__range] @ end())`);

type Aggregation = "sum" | "count" | "min" | "max" | "avg";
const aggregate =
  (how: Aggregation) =>
  (of: Expression, by: readonly string[] = []): Expression =>
    atom(by.length === 0 ? `${how}(${of.text})` : `${how} by (${by.join(", ")}) (${of.text})`);
export const sum = aggregate("sum");
export const count = aggregate("count");
export const min = aggregate("min");
export const max = aggregate("max");
export const avg = aggregate("avg");

export const topk = (size: string, of: Expression): Expression => atom(`topk(${size}, ${of.text})`);
export const vector = (value: number): Expression => atom(`vector(${value})`);

/** The value below which this share of the observations lies; `of` keeps the label `le`. */
export const quantile = (share: number, of: Expression): Expression => atom(`histogram_quantile(${share}, ${of.text})`);

/** A further label from others, joined by a blank: a name for what two labels tell apart. */
export const joined = (of: Expression, label: string, from: readonly string[]): Expression =>
  atom(`label_join(${of.text}, "${label}", " ", ${from.map((one) => `"${one}"`).join(", ")})`);

/** Which labels pair two sides; `keep` copies labels of the one-side to the many on the left. */
export interface Pairing {
  readonly on: readonly string[];
  readonly keep?: readonly string[];
}

type Operator = "+" | "-" | "*" | "/" | "==" | "!=" | ">" | ">=" | "<" | "== bool" | "> bool" | "and" | "or" | "unless";

export function operation(left: Expression, operator: Operator, right: Expression, pairing?: Pairing): Expression {
  const on = pairing === undefined ? "" : ` on (${pairing.on.join(", ")})`;
  const group = pairing?.keep === undefined ? "" : ` group_left (${pairing.keep.join(", ")})`;
  return { text: `${operand(left)} ${operator}${on}${group} ${operand(right)}`, isOperation: true };
}

export const plus = (left: Expression, right: Expression): Expression => operation(left, "+", right);
export const minus = (left: Expression, right: Expression): Expression => operation(left, "-", right);
export const times = (left: Expression, right: Expression, pairing?: Pairing): Expression => operation(left, "*", right, pairing);
export const divide = (left: Expression, right: Expression, pairing?: Pairing): Expression => operation(left, "/", right, pairing);
/** A quotient that is no data, not NaN, where the divisor is 0. */
export const ratio = (left: Expression, right: Expression, pairing?: Pairing): Expression => divide(left, positive(right), pairing);
/** Samples above 0 only. */
export const positive = (of: Expression): Expression => operation(of, ">", number(0));
/** The left where it has samples, else the right. */
export const or = (left: Expression, right: Expression): Expression => operation(left, "or", right);
/** The left where the right has a sample with these labels. */
export const and = (left: Expression, right: Expression, on: readonly string[]): Expression => operation(left, "and", right, { on });
