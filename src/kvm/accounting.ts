/**
 * What an exit leaves in the counters: one event of its cell, its cycles in the histogram and by
 * component, hits and misses, and KVM's own statistics with KVM's quirks.
 */
import { componentIndex } from "../cost/components.ts";
import type { ExitCost } from "../cost/plan.ts";
import { assert } from "../lib/assert.ts";
import type { Vendor } from "../hw/cpu-model.ts";
import { AT, CPU_USES, EXIT_CYCLE_EDGES, LATENCY_EDGES } from "./counters.ts";
import { cellsOfKinds, KIND_LIST, type ExitKind } from "./exit-kinds.ts";
import { NO_CELL } from "./exits.ts";
import { KVM_STATS, type KvmStat } from "./kvm-stats.ts";
import type { Tally } from "./tally.ts";
import type { Vcpu } from "./vcpu.ts";

const BUCKETS = EXIT_CYCLE_EDGES.length + 1;
/** Edges up to 16384 are multiples of 256, so a table indexed by 256-cycle steps is exact. */
const STEP = 256;
const TABLE = Uint8Array.from({ length: 16384 / STEP + 1 }, (_, i) => EXIT_CYCLE_EDGES.findIndex((edge) => i * STEP <= edge));

/** Bucket of an exit's cycles: the first edge that is not below them. */
export function exitBucket(total: number): number {
  if (total <= 16384) return TABLE[Math.ceil(total / STEP)] as number;
  return total <= 65536 ? 13 : total <= 1048576 ? 14 : 15;
}

const LAST_LATENCY_EDGE = LATENCY_EDGES.at(-1) as number;

/** Bucket of a latency: edges are the powers of two from 2^9. */
export function latencyBucket(latency: number): number {
  if (latency <= 512) return 0;
  if (latency > LAST_LATENCY_EDGE) return LATENCY_EDGES.length;
  return 32 - Math.clz32(latency - 1) - 9;
}

const STAT = Object.fromEntries(KVM_STATS.map((name, index) => [name, AT.stats + index])) as Record<KvmStat, number>;
export const statIndex = (name: KvmStat): number => STAT[name];

const COMPONENT = {
  l1dFlush: AT.components + componentIndex("l1d_flush"),
  wakeup: AT.components + componentIndex("wakeup"),
  handler: AT.components + componentIndex("handler"),
  runLoop: AT.components + componentIndex("run_loop"),
  hostInterrupt: AT.components + componentIndex("host_interrupt"),
  timerAdvance: AT.components + componentIndex("timer_advance"),
  ibpb: AT.components + componentIndex("ibpb"),
};

const MITIGATION = AT.cpuCycles + CPU_USES.indexOf("exit_mitigation");

/** Told of what interrupts took to reach their handlers. */
export interface LatencyObserver {
  /** Cycles from a timer's deadline to its handler. */
  timer(cycles: number): void;
  /** Cycles from an IPI's send to its handler. */
  ipi(cycles: number): void;
}

/**
 * Counts exits. What all exits of one compiled cost have in common is added up in its ledger and
 * spread over the counters by `settle`, at slice borders: the hot path adds a handful of numbers.
 */
export class Accounting {
  /** Told of each latency in cycles, for quantiles finer than the buckets of the counters. */
  latencies: LatencyObserver | null = null;
  /** 8b703a49c9df: `exits` counts re-entered fastpath exits too. */
  countsReentry = false;

  private readonly tally: Tally;
  /** Cell of each kind of exit on this host. */
  private readonly cells: Int32Array;
  /** All compiled costs that an exit may still refer to, by exit kind. */
  private ledgers: ReadonlySet<readonly ExitCost[]> = new Set();

  constructor(tally: Tally, vendor: Vendor) {
    this.tally = tally;
    this.cells = cellsOfKinds(vendor);
  }

  /** The exit in flight is complete; it took `total` cycles. */
  exit(vcpu: Vcpu, total: number): void {
    const { low } = this.tally;
    const { ledger, conditionalFlush } = vcpu.cost as ExitCost;
    ledger.exits++;
    ledger.cycles += total;
    ledger.noise += vcpu.noise + vcpu.caches.cycles;
    if (vcpu.flush) ledger.flushes += conditionalFlush === 0 ? 0 : 1;
    bump(low, AT.exitBuckets + (this.cells[vcpu.kind] as number) * BUCKETS + exitBucket(total), 1);
    if (vcpu.hasExtras) this.extras(vcpu);
    if (vcpu.miss >= 0) bump(low, AT.misses + vcpu.miss, 1);
    if (vcpu.loopCycles !== 0 && !this.countsReentry) bump(low, STAT.exits, 1);
  }

  /** Spreads the ledgers over the counters. */
  settle(): void {
    for (const costs of this.ledgers) costs.forEach((cost, kind) => this.settleOne(cost, kind));
  }

  /** From now on exits begin with these costs; those in flight end with the costs that they began with, however long they sleep. */
  use(costs: ReadonlySet<readonly ExitCost[]>, inFlight: ReadonlySet<ExitCost>): void {
    this.settle();
    const needed = [...this.ledgers].filter((old) => old.some((cost) => inFlight.has(cost)));
    this.ledgers = new Set([...needed, ...costs]);
  }

  /** The guest takes its timer interrupt `latency` cycles after the deadline. */
  timerLatency(latency: number): void {
    if (this.latencies !== null) this.latencies.timer(latency);
    bump(this.tally.low, AT.timerLatencyBuckets + latencyBucket(latency), 1);
    bump(this.tally.low, AT.timerLatencyCycles, latency);
  }

  /** The guest takes a reschedule interrupt `latency` cycles after it was sent. */
  ipiLatency(latency: number): void {
    if (this.latencies !== null) this.latencies.ipi(latency);
    bump(this.tally.low, AT.ipiLatencyBuckets + latencyBucket(latency), 1);
    bump(this.tally.low, AT.ipiLatencyCycles, latency);
  }

  private settleOne(cost: ExitCost, number: number): void {
    const { ledger } = cost;
    if (ledger.exits === 0) return;
    const kind = KIND_LIST[number] as ExitKind;
    const cell = this.cells[number] as number;
    assert(cell !== NO_CELL, `this vendor has no exits ${kind.reason}`);
    const { low } = this.tally;
    const { exits, flushes } = ledger;
    bump(low, AT.exits + cell, exits);
    bump(low, AT.exitCycles + cell, ledger.cycles);
    cost.components.forEach((cycles, i) => bump(low, AT.components + i, exits * cycles));
    bump(low, AT.components + cost.spreadInto, ledger.noise);
    bump(low, COMPONENT.l1dFlush, flushes * cost.conditionalFlush);
    bump(low, STAT.l1d_flush, cost.flushesAlways ? exits : flushes);
    bump(low, MITIGATION, exits * cost.mitigation + flushes * cost.conditionalFlush);
    if (kind.hit >= 0) bump(low, AT.hits + kind.hit, exits);
    if (this.countsReentry || kind.variant !== "reenter") bump(low, STAT.exits, exits);
    if (kind.stat >= 0) bump(low, AT.stats + kind.stat, exits);
    ledger.exits = 0;
    ledger.cycles = 0;
    ledger.noise = 0;
    ledger.flushes = 0;
  }

  /** Cycles beyond the compiled cost. */
  private extras(vcpu: Vcpu): void {
    const { low } = this.tally;
    bump(low, COMPONENT.handler, vcpu.handlerCycles);
    bump(low, COMPONENT.runLoop, vcpu.loopCycles);
    bump(low, COMPONENT.hostInterrupt, vcpu.interruptCycles + vcpu.smiCycles);
    bump(low, COMPONENT.wakeup, vcpu.wakeCycles);
    bump(low, COMPONENT.timerAdvance, vcpu.waitCycles);
    bump(low, COMPONENT.ibpb, vcpu.barrierCycles);
    bump(low, MITIGATION, vcpu.barrierCycles);
  }
}

function bump(low: Float64Array, index: number, amount: number): void {
  low[index] = (low[index] as number) + amount;
}
