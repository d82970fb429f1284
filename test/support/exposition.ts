/** Reads an exposition back: a small parser that is strict about what we promise. */

export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const PAIR = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

/** All samples of an exposition; throws at a line that is none and no comment. */
export function parseExposition(text: string): ParsedSample[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const found = LINE.exec(line);
      if (found === null) throw new Error(`not a sample: ${line}`);
      return { name: found[1] as string, labels: parseLabels(found[2] ?? "", line), value: found[3] as string };
    });
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const pair = PAIR.exec(text);
    if (pair === null) throw new Error(`not a label set: ${line}`);
    const [, name, value] = pair as unknown as [string, string, string];
    if (name in labels) throw new Error(`label ${name} twice: ${line}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
  }
  return labels;
}

/** The samples of one name. */
export const samplesNamed = (samples: readonly ParsedSample[], name: string): ParsedSample[] => samples.filter((one) => one.name === name);

/** The value of the one sample with this name and these labels among others. */
export function valueOf(samples: readonly ParsedSample[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = samplesNamed(samples, name).filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value));
  if (found.length !== 1) throw new Error(`expected one ${name} ${JSON.stringify(labels)}, found ${found.length}`);
  return Number((found[0] as ParsedSample).value);
}

/** A series as one comparable line. */
export function seriesKey({ name, labels }: ParsedSample, without: readonly string[] = []): string {
  const pairs = Object.entries(labels).filter(([label]) => !without.includes(label));
  return `${name} ${JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}
