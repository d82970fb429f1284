/**
 * The calls of the API as a list: method, template, what it answers. The router, the OpenAPI
 * document and the count of requests all read it, so none can miss one.
 */
import { compareRequestJsonSchema } from "../config/compare-request.ts";
import { explainVmExits } from "../kvm/explain-alike.ts";
import { explainHost } from "../kvm/explain.ts";
import type { HostSnapshot } from "../fleet/snapshot.ts";
import type { ApiAnswer, ApiCall, ApiRequest } from "./api-call.ts";
import { FAULT_CALLS } from "./fault-calls.ts";
import { fleetView } from "./fleet-view.ts";
import { hostDetail, hostSummary } from "./host-view.ts";

export const API_CALLS: readonly ApiCall[] = [
  {
    methods: ["GET"],
    template: "/api/v1/fleet",
    summary: "Sizes and pace of the fleet, and how its configuration fares.",
    changes: false,
    problems: [],
    answer: ({ backend }) => ({ body: fleetView(backend) }),
  },
  {
    methods: ["GET"],
    template: "/api/v1/hosts",
    summary: "All hosts, a summary each.",
    changes: false,
    problems: [],
    answer: ({ backend }) => ({ body: { hosts: [...backend.snapshot().hosts.values()].map((host) => hostSummary(host, backend.times)) } }),
  },
  {
    methods: ["GET"],
    template: "/api/v1/hosts/{host}",
    summary: "One host: its specification and what KVM made of it.",
    changes: false,
    problems: [404],
    answer: (request) => ofHost(request, (host) => hostDetail(host, request.backend.times)),
  },
  {
    methods: ["GET"],
    template: "/api/v1/hosts/{host}/explain",
    summary: "Every predicate of one host with its value and the reason, and what exits of its VMs cost, piece by piece.",
    changes: false,
    problems: [404],
    answer: (request) =>
      ofHost(request, ({ plan, generation, resolved }) => ({
        host: plan.name,
        generation,
        predicates: explainHost(resolved),
        exits: explainVmExits(resolved),
      })),
  },
  {
    methods: ["GET"],
    template: "/api/v1/changes",
    summary: "Accepted changes of the configuration, the latest first; ?host= takes those of one host.",
    changes: false,
    problems: [],
    answer: ({ backend, query }) => {
      const host = query.get("host");
      return { body: { changes: backend.changes().filter((change) => host === null || change.host === host) } };
    },
  },
  {
    methods: ["POST"],
    template: "/api/v1/compare",
    summary:
      "What a set would do to a selection of hosts: both ways over the fleet's seeds, with confidence intervals and a verdict. Nothing that runs is touched.",
    changes: true,
    problems: [400, 411, 413, 415, 422, 429, 503],
    takes: compareRequestJsonSchema,
    answer: ({ backend, body, signal }) => backend.compare(body, signal),
  },
  ...FAULT_CALLS,
  {
    methods: ["POST", "PUT"],
    template: "/-/reload",
    summary: "Loads the configuration again; a bad one changes nothing and says why.",
    changes: true,
    problems: [500],
    answer: async ({ backend }) => {
      const outcome = await backend.reload();
      if (outcome.ok) return { body: { changed: outcome.changed } };
      const detail = `the configuration has ${outcome.errors.length} errors, the last good one runs on`;
      return { problem: { status: 500, detail, more: { errors: outcome.errors } } };
    },
  },
];

function ofHost({ backend, parameters }: ApiRequest, view: (host: HostSnapshot) => unknown): ApiAnswer {
  const name = parameters["host"] ?? "";
  const host = backend.snapshot().hosts.get(name);
  if (host === undefined) return { problem: { status: 404, detail: `no host is named "${name}"; /api/v1/hosts lists all` } };
  return { body: view(host) };
}
