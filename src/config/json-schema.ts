/** The JSON Schema of a configuration file, for editors that complete and check as one types. */
import * as z from "zod";
import { fleetFileSchema } from "./fleet-schema.ts";

/** Generated from the schema that the loader uses; what people write, before normalisation. */
export function fleetJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(fleetFileSchema, { io: "input", target: "draft-7" });
  return { $schema, title: "fastpathd: a file of the configuration directory", ...schema };
}
