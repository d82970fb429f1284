/** The JSON Schemas of configuration files, for editors that complete and check as one types. */
import * as z from "zod";
import { fleetFileSchema } from "./fleet-schema.ts";
import { kernelFileSchema } from "./kernel-schema.ts";
import { workloadFileSchema } from "./workload-schema.ts";

/** Generated from the schema that the loader uses; what people write, before normalisation. */
export function fleetJsonSchema(): Readonly<Record<string, unknown>> {
  return jsonSchema(fleetFileSchema, "fastpathd: a file of the configuration directory");
}

/** The same for `kernels/<name>.yaml`. */
export function kernelJsonSchema(): Readonly<Record<string, unknown>> {
  return jsonSchema(kernelFileSchema, "fastpathd: a kernel of one's own, kernels/<name>.yaml");
}

/** The same for `workloads/<name>.yaml`. */
export function workloadJsonSchema(): Readonly<Record<string, unknown>> {
  return jsonSchema(workloadFileSchema, "fastpathd: a workload of one's own, workloads/<name>.yaml");
}

function jsonSchema(file: z.ZodType, title: string): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(file, { io: "input", target: "draft-7" });
  return { $schema, title, ...schema };
}
