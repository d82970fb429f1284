/**
 * The schema of the files of a configuration directory: `fleet.yaml` and the further `*.yaml`
 * have the same keys, all optional; the state directory's `overrides.yaml` has overrides only.
 */
import * as z from "zod";
import { NO_COHORT } from "./cohorts.ts";
import { isCronExpression } from "./cron-expression.ts";
import { scheduledFaultSchema } from "./fault-schema.ts";
import { hostPatchSchema, hostShape } from "./host-schema.ts";
import { matchSchema } from "./match-schema.ts";
import { duration, integer, labelValue, name, share } from "./scalars.ts";

/** Label names of the exported metrics: a group's own label must not shadow one. */
const RESERVED_LABELS: ReadonlySet<string> = new Set(
  "host group zone instance job reason msr path fastpath cause component delivery state use result workload name direction mode vulnerability codename mitigation cpu_model vendor kernel scenario microcode cohort rollout le".split(
    " ",
  ),
);
const LABELS_MAX = 8;
const HOSTS_PER_GROUP_MAX = 10_000;

const cohortName = name.refine((cohort) => cohort !== NO_COHORT, { error: `expected another name: ${NO_COHORT} is a host of no cohort` });

const labelName = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, { error: "expected a label name of a-z, 0-9 and _, that begins with a letter" })
  .refine((label) => !RESERVED_LABELS.has(label), { error: "expected a label name that no metric uses" });
const labels = z
  .record(labelName, labelValue)
  .refine((map) => Object.keys(map).length <= LABELS_MAX, { error: `expected at most ${LABELS_MAX} labels` });

const groupSchema = z.strictObject({
  name: name.describe("Hosts are named <name>-001, <name>-002, …"),
  count: integer(0, HOSTS_PER_GROUP_MAX).describe("Hosts of the group"),
  zone: labelValue.optional().describe("Label zone of the hosts"),
  labels: labels.optional().describe(`At most ${LABELS_MAX} labels that every target of the group carries`),
  ...hostShape,
});

/** Whether this system knows a time zone. */
function isTimezone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

const overrideSchema = z.strictObject({
  match: matchSchema.describe("All keys must match; an empty map is every host"),
  set: hostPatchSchema.describe("A partial host specification; later overrides win"),
  reason: z.string({ error: "expected text" }).max(500, { error: "expected at most 500 characters" }).optional(),
});

const cronWords = 'expected a cron expression of five fields, or six with seconds first, such as "*/5 * * * *"';
const hostOrGroup = z.string({ error: "expected a host or a group" }).min(1, { error: "expected a host or a group" });
/** What happens again and again, by the wall clock. */
const scheduleSchema = z
  .strictObject({
    name: name.describe("Says in logs and in the list of changes what happened"),
    cron: z.string({ error: cronWords }).refine(isCronExpression, { error: cronWords }).describe("When, by the wall clock"),
    timezone: z
      .string({ error: "expected a time zone such as Asia/Shanghai" })
      .refine(isTimezone, { error: "expected a time zone such as Asia/Shanghai" })
      .optional()
      .describe("Of the expression; default: the daemon's"),
    migrate: z
      .strictObject({
        guest: z
          .string({ error: "expected a VM such as web-1" })
          .describe("A VM by its name where it lives: web-1, or web-1@home away from home"),
        from: hostOrGroup.describe("The host where it lives"),
        to: hostOrGroup.describe("A host, or a group of which the first that can takes it in"),
      })
      .optional()
      .describe("A VM moves to another host"),
    override: z
      .strictObject({
        match: matchSchema.describe("Hosts that change"),
        set: hostPatchSchema.describe("A partial host specification, over all overrides"),
        for: duration.describe("How long, by the wall clock"),
      })
      .optional()
      .describe("A change that is taken back by itself: of the load, of anything else"),
    fault: scheduledFaultSchema.optional().describe("Hosts break for a while"),
  })
  .refine(({ migrate, override, fault }) => [migrate, override, fault].filter((one) => one !== undefined).length === 1, {
    error: "expected one of migrate, override and fault",
  });

const nothingYet = z.array(z.never({ error: "expected an empty list (not supported yet)" }));

/** One file of the configuration directory. */
export const fleetFileSchema = z.strictObject({
  seed: integer(0, Number.MAX_SAFE_INTEGER).nullable().optional().describe("Same seed, same bytes"),
  epoch: z.iso
    .datetime({ offset: true, error: "expected null or a time such as 2026-01-31T00:00:00Z" })
    .nullable()
    .optional()
    .describe("Wall-clock start of emulated time; needed for shards"),
  cohorts: z.record(cohortName, share.nullable()).nullable().optional().describe("Named, stable shares of each group"),
  defaults: hostPatchSchema.nullable().optional().describe("A partial host specification for every group"),
  groups: z.array(groupSchema).nullable().optional().describe("Hosts of one kind"),
  overrides: z.array(overrideSchema).nullable().optional().describe("Changes of some hosts; later wins"),
  rollouts: nothingYet.nullable().optional(),
  schedules: z.array(scheduleSchema).nullable().optional().describe("What happens again and again, by the wall clock"),
});

/** `overrides.yaml` of the state directory. */
export const stateFileSchema = z.strictObject({ overrides: fleetFileSchema.shape.overrides });

export type GroupInput = z.output<typeof groupSchema>;
export type OverrideInput = z.output<typeof overrideSchema>;
export type ScheduleInput = z.output<typeof scheduleSchema>;
export { groupSchema, overrideSchema, scheduleSchema };
