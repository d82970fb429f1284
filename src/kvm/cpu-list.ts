/**
 * CPU lists as the kernel command line writes them: "0-3,8,10-15", and "0-15:2/4" for the first
 * two of each group of four.
 *
 * Linux: lib/bitmap.c bitmap_parselist; Documentation/admin-guide/kernel-parameters.rst.
 * Left out: "all" and "N", and CPUs beyond the last are an error, not ignored.
 */
import { SpecError } from "./resolved.ts";

type Path = readonly (string | number)[];
const ITEM = /^(\d{1,5})(?:-(\d{1,5})(?::(\d{1,5})\/(\d{1,5}))?)?$/;

/**
 * CPUs of a list, ascending, each once. Throws a SpecError at `path` when the text is no list or
 * names a CPU that a host of `cpus` CPUs does not have.
 */
export function parseCpuList(text: string, cpus: number, path: Path): readonly number[] {
  const found = new Set<number>();
  for (const item of text.split(",")) {
    for (const cpu of parseItem(item.trim(), text, path)) {
      if (cpu >= cpus) throw new SpecError(path, `expected CPUs from 0 to ${cpus - 1}, came CPU ${cpu} in "${text}"`);
      found.add(cpu);
    }
  }
  return [...found].toSorted((a, b) => a - b);
}

function parseItem(item: string, text: string, path: Path): readonly number[] {
  const match = ITEM.exec(item);
  if (match === null) throw new SpecError(path, `expected a CPU list such as "2-63" or "0,4-7", came "${text}"`);
  const [first = 0, last = first, used = 1, group = used] = parts(match);
  if (last < first) throw new SpecError(path, `expected a range that ascends, came "${item}"`);
  if (group < 1 || used > group) throw new SpecError(path, `expected used/group with used at most group, came "${item}"`);
  const range = Array.from({ length: last - first + 1 }, (_, i) => i);
  return range.filter((i) => i % group < used).map((i) => first + i);
}

/** The groups that took part in the match; a later one never matches without those before it. */
const parts = (match: readonly (string | undefined)[]): readonly number[] =>
  match.slice(1).flatMap((part) => (part === undefined ? [] : [Number(part)]));

/** The shortest list of the CPUs whose flag is set: "2-63". */
export function formatCpuList(flags: readonly boolean[]): string {
  const ranges: string[] = [];
  for (let cpu = 0; cpu < flags.length; cpu++) {
    if (flags[cpu] !== true) continue;
    const first = cpu;
    while (flags[cpu + 1] === true) cpu++;
    ranges.push(first === cpu ? `${cpu}` : `${first}-${cpu}`);
  }
  return ranges.join(",");
}
