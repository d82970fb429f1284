/** Which configuration directory a command takes when none is named. */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const DEFAULT = "config/fleet";

/** `config/fleet` here; where there is none, the one that comes with the package. */
export function defaultConfigDir(): string {
  if (existsSync(DEFAULT)) return DEFAULT;
  const own = fileURLToPath(new URL(`../../${DEFAULT}`, import.meta.url));
  const near = relative(process.cwd(), own);
  return near.startsWith("..") ? own : near;
}
