/** Rollout: a cohort beside another or beside the rest, before more hosts get what it has. */
import type { Dashboard } from "@grafana/schema";
import { FLEET_CHANGES } from "./kit/annotations.ts";
import { dashboard } from "./kit/dashboard.ts";
import { TWO_COHORTS } from "./kit/variables.ts";
import { course } from "./rollout/course.ts";
import { guardrails } from "./rollout/guardrails.ts";
import { perHost } from "./rollout/hosts.ts";
import { reasons } from "./rollout/reasons.ts";
import { verdict } from "./rollout/verdict.ts";
import { UID } from "./uids.ts";

export const rollout = (): Dashboard =>
  dashboard({
    uid: UID.rollout,
    title: "fastpathd / Rollout",
    description:
      "A cohort against another, or against all other hosts: hit rate, cost of an exit, what the guests get done. Give the cohort a setting by an override that matches it.",
    variables: TWO_COHORTS,
    changes: FLEET_CHANGES,
    rows: [verdict(), course(), reasons(), guardrails(), perHost()],
  });
