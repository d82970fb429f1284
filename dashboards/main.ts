/** `npm run dashboards`: writes every dashboard into dashboards/json. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DASHBOARDS, fileOf, textOf } from "./dashboards.ts";

for (const build of DASHBOARDS) {
  const dashboard = build();
  writeFileSync(join(import.meta.dirname, "json", fileOf(dashboard)), textOf(dashboard));
}
