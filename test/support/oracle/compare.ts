/** Runs engine and oracle side by side and says where they part. */
import { cellOf } from "../../../src/kvm/exit-kinds.ts";
import { KvmHost } from "../../../src/kvm/host.ts";
import { viewCounters } from "../../../src/kvm/host-view.ts";
import type { ResolvedHost } from "../../../src/kvm/resolved.ts";
import { bootWorkload, type Boot } from "../../../src/kvm/vm.ts";
import { exitLabel, namedCounters } from "../counter-names.ts";
import { OracleHost } from "./host.ts";
import type { ExitRecord } from "./world.ts";

export interface Comparison {
  readonly exits: number;
  /** The first exit that differs, or the counters that do; null when all agree. */
  readonly difference: Difference | null;
}

type Difference =
  | {
      readonly exit: number;
      readonly engine: ExitRecord | null;
      readonly oracle: ExitRecord | null;
      readonly before: readonly ExitRecord[];
    }
  | { readonly counters: Readonly<Record<string, { readonly engine: number; readonly oracle: number }>> };

export interface Run {
  readonly resolved: ResolvedHost;
  readonly seed: number;
  readonly cycles: number;
  readonly boot?: Boot;
}

function engineExits({ resolved, seed, cycles, boot = bootWorkload }: Run): { exits: ExitRecord[]; host: KvmHost } {
  const host = new KvmHost(resolved, seed, boot);
  const exits: ExitRecord[] = [];
  const { vendor } = resolved.cpu;
  host.observe((vcpu, kind, total, end) => exits.push({ vcpu: vcpu.index, exit: exitLabel(cellOf(kind, vendor)), total, end }));
  host.advance(cycles);
  return { exits, host };
}

function oracleExits({ resolved, seed, cycles, boot = bootWorkload }: Run): { exits: ExitRecord[]; host: OracleHost } {
  const host = new OracleHost(resolved, seed, boot);
  const exits: ExitRecord[] = [];
  host.observe((record) => exits.push(record));
  host.advance(cycles);
  return { exits, host };
}

/** Both must tell the same exits in the same order, and end with the same counters. */
export function compare(run: Run): Comparison {
  const engine = engineExits(run);
  const oracle = oracleExits(run);
  const exits = engine.exits.length;
  const longest = Math.max(exits, oracle.exits.length);
  for (let i = 0; i < longest; i++) {
    const [a, b] = [engine.exits[i] ?? null, oracle.exits[i] ?? null];
    if (a?.vcpu !== b?.vcpu || a?.exit !== b?.exit || a?.total !== b?.total || a?.end !== b?.end) {
      return { exits, difference: { exit: i, engine: a, oracle: b, before: engine.exits.slice(Math.max(0, i - 5), i) } };
    }
  }
  const expected = oracle.host.counters();
  const differing = [...namedCounters(viewCounters(engine.host), run.resolved.cpu.vendor)].filter(
    ([name, value]) => Number(value) !== (expected.get(name) ?? 0),
  );
  if (differing.length === 0) return { exits, difference: null };
  const counters = Object.fromEntries(
    differing.map(([name, value]) => [name, { engine: Number(value), oracle: expected.get(name) ?? 0 }] as const),
  );
  return { exits, difference: { counters } };
}
