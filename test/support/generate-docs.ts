/** `npm run docs`: rewrites the generated tables of the READMEs. */
import { writeFileSync } from "node:fs";
import { generatedReadmes } from "./docs/readmes.ts";

for (const { path, text, current } of generatedReadmes()) {
  if (text === current) continue;
  writeFileSync(path, current);
  console.log(`rewrote ${path}`);
}
