/** The schema of a selection of hosts: each key a name, a glob or a list of them. */
import * as z from "zod";

const patternWords = "expected a name, a glob (* and ?) or a list of them";
const pattern = z.string({ error: patternWords }).min(1, { error: patternWords });
const patterns = z
  .union([pattern, z.array(pattern).min(1, { error: patternWords })], { error: patternWords })
  .transform((value): readonly string[] => (typeof value === "string" ? [value] : value))
  .optional();

/** Which hosts something is for; kernel, cpu and scenario are those of the group. */
export const matchSchema = z.strictObject({
  host: patterns,
  group: patterns,
  zone: patterns,
  kernel: patterns,
  cpu: patterns,
  scenario: patterns,
  cohort: patterns,
});

export type Match = z.output<typeof matchSchema>;
