/**
 * A change that nobody has made: what the hosts of a selection would be if an override were
 * appended to the configuration. Pure; the configuration stays as it is.
 */
import type { HostSpec } from "../kvm/host-spec.ts";
import { type ConfigError, dotted } from "./error.ts";
import type { Match } from "./match-schema.ts";
import { isGlob } from "./glob.ts";
import { NO_COHORT } from "./cohorts.ts";
import type { HostSpecPatch } from "./host-schema.ts";
import { type PlanInput, planHosts } from "./plan.ts";
import { specProblems } from "./resolve-spec.ts";
import { nearest } from "./suggest.ts";

/** A host as it is and as it would be. */
export interface WhatIfHost {
  readonly name: string;
  readonly before: HostSpec;
  readonly after: HostSpec;
}

export type WhatIf =
  | { readonly ok: true; readonly hosts: readonly WhatIfHost[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

type Layers = PlanInput;

/** The hosts that a match selects, before and after `set`; hosts of equal specification share one object. */
export function whatIf(config: Layers, match: Match, set: HostSpecPatch): WhatIf {
  const unknown = undefinedCohort(config, match);
  if (unknown !== null) return { ok: false, errors: [unknown] };
  const before = planHosts(config);
  const matched: number[] = [];
  const added = config.overrides.length;
  const after = planHosts({ ...config, overrides: [...config.overrides, { match, set }] }, (override, host) => {
    if (override === added) matched.push(host);
  });
  if (matched.length === 0) {
    return { ok: false, errors: [errorAt("match", { message: "expected a match that some host fits, came one that none does" })] };
  }
  const hosts = matched.map((i) => {
    const [was, is] = [before.hosts[i], after.hosts[i]];
    if (was === undefined || is === undefined) throw new RangeError(`no host ${i} in the plan`);
    return { name: was.name, before: was.spec, after: is.spec };
  });
  const errors = problemsOf(hosts);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, hosts };
}

/** What would not run, once for each specification. */
function problemsOf(hosts: readonly WhatIfHost[]): ConfigError[] {
  const first = new Map(hosts.toReversed().map(({ name, after }) => [after, name]));
  return [...first].flatMap(([spec, name]) =>
    specProblems(spec).map(({ path, message }) => errorAt(dotted(["set", ...path]), { message: `${message} (host ${name})` })),
  );
}

function undefinedCohort({ cohorts }: Layers, match: Match): ConfigError | null {
  const known = [...cohorts.keys(), NO_COHORT];
  const came = match.cohort?.find((cohort) => !isGlob(cohort) && !known.includes(cohort));
  if (came === undefined) return null;
  const expected = `a cohort that is defined (${known.join(", ")})`;
  const suggestion = nearest(came, known);
  const words = { message: `expected ${expected}, came ${JSON.stringify(came)}`, expected, came: JSON.stringify(came) };
  return errorAt("match.cohort", { ...words, ...(suggestion === undefined ? {} : { suggestion }) });
}

const errorAt = (key: string, words: Pick<ConfigError, "message" | "expected" | "came" | "suggestion">): ConfigError => ({
  file: "request",
  line: 0,
  column: 0,
  key,
  ...words,
});
