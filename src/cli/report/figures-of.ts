/** Figures of a comparison by name, for the tables that rest on one. */
import { type ComparedFigure, compareNow } from "../../fleet/compare/compare.ts";
import type { HostSpec } from "../../kvm/host-spec.ts";
import { resolveHost } from "../../kvm/resolve.ts";

export type FigureOf = (name: string, labels?: Readonly<Record<string, string>>) => ComparedFigure | undefined;

/** Compares two hosts for so many seconds, all seeds together. */
export function figuresOf(before: HostSpec, after: HostSpec, seeds: readonly number[], seconds: number): FigureOf {
  const hosts = [{ name: "host", before: resolveHost(before), after: resolveHost(after), weight: 1 }];
  const { figures } = compareNow({ hosts, seeds, secondsPerSeed: seconds / seeds.length });
  return (name, labels = {}) => figures.find((one) => one.name === name && sameLabels(one.labels, labels));
}

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
