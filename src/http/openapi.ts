/** The OpenAPI document, made from the list of calls. */
import { API_CALLS } from "./api.ts";
import type { ApiCall } from "./api-call.ts";
import { STATUS_CODES } from "node:http";

/** OpenAPI 3.1 of all calls. */
export function openApiDocument(version: string): unknown {
  return {
    openapi: "3.1.0",
    info: { title: "fastpathd", version, description: "An emulated fleet of KVM hosts. Errors are application/problem+json (RFC 9457)." },
    paths: Object.fromEntries(API_CALLS.map(({ template }) => [template, pathItem(template)])),
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } }, schemas: { Problem: PROBLEM } },
  };
}

const PROBLEM = {
  type: "object",
  required: ["type", "title", "status", "detail"],
  properties: { type: { type: "string" }, title: { type: "string" }, status: { type: "integer" }, detail: { type: "string" } },
};

/** All calls of a path, which have different methods. */
function pathItem(template: string): unknown {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((found) => found[1]);
  const parameters = names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
  const calls = API_CALLS.filter((call) => call.template === template);
  const operations = calls.flatMap((call) => call.methods.map((method) => [method.toLowerCase(), operation(call, method)] as const));
  return { parameters, ...Object.fromEntries(operations) };
}

function operation(call: ApiCall, method: string): unknown {
  const statuses = [...call.problems, ...(call.changes ? [401, 403] : [])];
  const problem = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
  const problems = statuses.map((status): [number, unknown] => [status, { description: STATUS_CODES[status], content: problem }]);
  return {
    operationId: `${method} ${call.template}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_"),
    summary: call.summary,
    ...(call.changes ? { security: [{ token: [] }] } : {}),
    ...(call.takes === undefined ? {} : { requestBody: { required: true, content: { "application/json": { schema: call.takes() } } } }),
    responses: { 200: { description: "OK", content: { "application/json": {} } }, ...Object.fromEntries(problems) },
  };
}
