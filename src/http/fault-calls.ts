/** Calls that break hosts and heal them. */
import { faultJsonSchema } from "../config/fault-schema.ts";
import type { Fault } from "../fleet/fault.ts";
import type { ApiCall } from "./api-call.ts";

const NO_FAULT = (id: string) => ({ problem: { status: 404, detail: `no active fault has the id "${id}"; /api/v1/faults lists all` } });

export const FAULT_CALLS: readonly ApiCall[] = [
  {
    methods: ["GET"],
    template: "/api/v1/faults",
    summary: "Faults that break hosts now, the oldest first.",
    changes: false,
    problems: [],
    answer: ({ backend }) => ({ body: { faults: backend.faults().map(faultView) } }),
  },
  {
    methods: ["POST"],
    template: "/api/v1/faults",
    summary: "Breaks the hosts that match now, for a time or until the fault is healed.",
    changes: true,
    problems: [400, 409, 411, 413, 415, 422],
    takes: faultJsonSchema,
    answer: async ({ backend, body }) => {
      const outcome = await backend.break(body);
      return "problem" in outcome ? outcome : { body: faultView(outcome.fault) };
    },
  },
  {
    methods: ["DELETE"],
    template: "/api/v1/faults/{id}",
    summary: "Heals a fault, and answers with it.",
    changes: true,
    problems: [404],
    answer: async ({ backend, parameters: { id = "" } }) => {
      const fault = await backend.heal(id);
      return fault === null ? NO_FAULT(id) : { body: faultView(fault) };
    },
  },
];

/** A fault under the words in which it was asked for; spans are seconds. */
function faultView({ id, effect, hosts, sinceMs, untilMs, schedule }: Fault) {
  const until = untilMs === null ? null : new Date(untilMs).toISOString();
  return { id, kind: effect.kind, ...ownKeys(effect), hosts, since: new Date(sinceMs).toISOString(), until, schedule };
}

function ownKeys(effect: Fault["effect"]): Readonly<Record<string, unknown>> {
  switch (effect.kind) {
    case "down":
    case "stuck_counter":
    case "microcode_loss":
      return {};
    case "slow_scrape":
      return { delay_seconds: effect.delayMs / 1000 };
    case "scrape_error":
      return { answer: effect.answer };
    case "clock_jump":
      return { jump_seconds: effect.jumpSeconds };
    case "noisy_neighbour":
      return { vcpus: effect.vcpus, workload: effect.workload };
  }
}
