/**
 * Cron expressions as node-cron takes them: five fields, or six with seconds first. Checked here,
 * so that an error has its place in a file; a test holds it against node-cron itself.
 */
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAYS = "sun mon tue wed thu fri sat".split(" ");

interface Field {
  readonly min: number;
  readonly max: number;
  /** Names of its values, from the least on. */
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 7, names: DAYS },
];

export function isCronExpression(text: string): boolean {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) return false;
  return fields.every((field, i) => isField(field, FIELDS[i + FIELDS.length - fields.length] as Field));
}

const isField = (text: string, field: Field): boolean => text.split(",").every((part) => isPart(part, field));

/** `*`, a value or a range, with or without a step. */
function isPart(text: string, field: Field): boolean {
  const [range = "", step, ...more] = text.split("/");
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false;
  if (range === "*") return true;
  const ends = range.split("-");
  if (ends.length > 2 || (ends.length === 1 && step !== undefined)) return false;
  const [low, high = low] = ends.map((end) => valueOf(end, field));
  return low !== undefined && high !== undefined && low >= field.min && high <= field.max && low <= high;
}

function valueOf(text: string, { min, names = [] }: Field): number {
  if (/^\d+$/.test(text)) return Number(text);
  const named = names.indexOf(text.toLowerCase());
  return named < 0 ? Number.NaN : min + named;
}
