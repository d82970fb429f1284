/** The schema of a fault: what breaks, on which hosts, for how long. A schedule's and a call's have the same keys. */
import * as z from "zod";
import { SCRAPE_ANSWERS } from "../fleet/breakage.ts";
import { type Effect, FAULT_KINDS, type FaultKind } from "../fleet/fault.ts";
import { WORKLOAD_NAMES } from "../guest/workloads.ts";
import { matchSchema } from "./match-schema.ts";
import { duration, integer, oneOf } from "./scalars.ts";

/** A scrape has to be answered before the server takes its connection for dead. */
const DELAY_MS_MAX = 50_000;
const delayWords = "expected a delay of at most 50s";
const jumpWords = "expected a duration such as 1h or -90s";

const shape = {
  kind: oneOf(FAULT_KINDS).describe("What breaks"),
  match: matchSchema.describe("Hosts that break; all keys must match, an empty map is every host"),
  for: duration.optional().describe("How long, by the wall clock; default: until it is healed"),
  delay: duration
    .refine((ms) => ms <= DELAY_MS_MAX, { error: delayWords })
    .optional()
    .describe("slow_scrape: how late the answer comes; default 15s, above the scrape timeout that Prometheus has by default"),
  answer: oneOf(SCRAPE_ANSWERS).optional().describe("scrape_error: status 500, or half a body; default error"),
  jump: z
    .string({ error: jumpWords })
    .regex(/^-?[1-9]\d{0,5}[smh]$/, { error: jumpWords })
    .transform((text) => (text.startsWith("-") ? -duration.parse(text.slice(1)) : duration.parse(text)) / 1000)
    .optional()
    .describe("clock_jump: how far the clock is put ahead, or back; default 1h"),
  vcpus: integer(1, 1024).optional().describe("noisy_neighbour: vCPUs of the guest; default 8"),
  workload: oneOf(WORKLOAD_NAMES).optional().describe("noisy_neighbour: what it runs; default noisy"),
};

/** Keys that say how a kind breaks. */
const OWN_KEYS = {
  down: [],
  slow_scrape: ["delay"],
  scrape_error: ["answer"],
  stuck_counter: [],
  clock_jump: ["jump"],
  noisy_neighbour: ["vcpus", "workload"],
  microcode_loss: [],
} as const satisfies Record<FaultKind, readonly (keyof typeof shape)[]>;
const ALL_OWN_KEYS = Object.values(OWN_KEYS).flat();

function refuseOthers(fault: { readonly kind: FaultKind }, context: z.RefinementCtx): void {
  const own: readonly string[] = OWN_KEYS[fault.kind];
  for (const key of ALL_OWN_KEYS) {
    if (own.includes(key) || (fault as Readonly<Record<string, unknown>>)[key] === undefined) continue;
    context.addIssue({ code: "custom", path: [key], message: `expected no ${key} with ${fault.kind}` });
  }
}

/** What a call asks for. */
export const faultSchema = z.strictObject(shape).superRefine(refuseOthers);

/** A schedule has to say when it ends: nobody is there to heal it. */
export const scheduledFaultSchema = z
  .strictObject({ ...shape, for: duration.describe("How long, by the wall clock") })
  .superRefine(refuseOthers);

export type FaultInput = z.output<typeof faultSchema>;

/** The effect that is asked for, with its defaults. */
export function effectOf({ kind, delay, answer, jump, vcpus, workload }: FaultInput): Effect {
  switch (kind) {
    case "down":
    case "stuck_counter":
    case "microcode_loss":
      return { kind };
    case "slow_scrape":
      return { kind, delayMs: delay ?? 15_000 };
    case "scrape_error":
      return { kind, answer: answer ?? "error" };
    case "clock_jump":
      return { kind, jumpSeconds: jump ?? 3600 };
    case "noisy_neighbour":
      return { kind, vcpus: vcpus ?? 8, workload: workload ?? "noisy" };
  }
}

/** The body of a call as OpenAPI describes it. */
export function faultJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema: _schema, ...schema } = z.toJSONSchema(faultSchema, { io: "input" });
  return schema;
}
