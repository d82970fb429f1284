/** What a Markdown text promises: files that it links to, headings in them, scripts of npm. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const FENCE = /^```[^]*?^```$/gm;
const LINK = /\]\(([^()\s]+)\)/g;
const NPM_RUN = /\bnpm run ([\w:-]+)/g;

/** Relative links of a file that lead nowhere; in the prose, not in code. */
export function brokenLinks(path: string, text: string): string[] {
  const targets = [...text.replaceAll(FENCE, "").matchAll(LINK)].map(([, target]) => target as string);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target) && !resolves(path, text, target))
    .map((target) => `${path} links to ${target}`);
}

function resolves(path: string, text: string, target: string): boolean {
  const [file = "", anchor] = target.split("#");
  const found = file === "" ? path : normalize(join(dirname(path), file));
  if (!existsSync(found)) return false;
  return anchor === undefined || anchorsOf(file === "" ? text : readFileSync(found, "utf8")).includes(anchor);
}

/** Anchors of the headings, as GitHub makes them. */
const anchorsOf = (text: string): string[] =>
  [...text.replaceAll(FENCE, "").matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

/** Names of `npm run NAME` that package.json does not have. */
export function unknownScripts(path: string, text: string, scripts: Readonly<Record<string, string>>): string[] {
  const named = [...text.matchAll(NPM_RUN)].map(([, script]) => script as string);
  return named.filter((script) => !Object.hasOwn(scripts, script)).map((script) => `${path} names npm run ${script}`);
}
