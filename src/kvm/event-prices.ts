/**
 * What the events of a `perf kvm stat` run are made of: between the tracepoints each cycle comes
 * from some figure of the cost model, or the vCPU waits. Nothing is computed beside the engine: it
 * says what it charged, and the figures are those that the charge was compiled from.
 *
 * Simplified: where the engine adds up work of several sorts (host interrupts, wake-ups), the sum
 * rests on all figures of that sort.
 */
import { BODY, COLD, CYCLES_PER_INDIRECT_CALL, EXTRAS, HANDLERS, RUN_LOOP, type HandlerName } from "../cost/paths.ts";
import type { EntryConditions } from "../cost/conditions.ts";
import type { Component } from "../cost/components.ts";
import { figureNamer, type NamedFigure } from "../cost/figure-names.ts";
import { itemizedCost, type ExitCost, type ItemizedCost } from "../cost/plan.ts";
import { SMI_NS } from "../hw/smi.ts";
import { type Figure, type Grade, worstGrade } from "../hw/figure.ts";
import { cellOf, type ExitKind } from "./exit-kinds.ts";
import { entryConditions } from "./host-settings.ts";
import type { PerfWindow, WindowExtras } from "./perf-window.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";
import type { Vcpu } from "./vcpu.ts";
import type { Vm } from "./vm.ts";

/** Cycles of a mean event that rest on the same figures. */
export interface PricedPart {
  /** Or perf's own recording of the event. */
  readonly component: Component | "recording";
  /** Names of the figures. */
  readonly figures: readonly string[];
  readonly grade: Grade;
  readonly cycles: number;
}

/** A mean event of a reason: its parts and its waiting add up to its cycles. */
export interface PricedReason {
  readonly reason: string;
  readonly events: number;
  readonly cycles: number;
  /** Asleep, polling, or without a CPU: the workload's doing, and no figure's. */
  readonly waiting: number;
  /** The largest first. */
  readonly parts: readonly PricedPart[];
}

/** Events of one compiled cost. */
interface Sum {
  readonly reason: string;
  readonly handler: HandlerName;
  readonly item: ItemizedCost;
  readonly on: EntryConditions;
  events: number;
  cycles: number;
  noise: number;
  cold: number;
  recording: number;
  smi: number;
  barrier: number;
  readonly extras: { -readonly [key in keyof WindowExtras]: WindowExtras[key] };
}

/** What a sender of IPIs does for others. */
const SENDERS: ReadonlySet<HandlerName> = new Set(["icr", "apicWrite", "apicAccess", "apicPageFault", "avicIncompleteIpi", "vmcall"]);

export class EventPrices {
  private readonly resolved: ResolvedHost;
  private readonly guests: ReadonlyMap<Vcpu, ResolvedGuest>;
  private readonly window: PerfWindow;
  private readonly name: (figure: Figure) => NamedFigure;
  private readonly sums = new Map<ExitCost, Sum>();
  private readonly used = new Map<string, NamedFigure>();

  constructor(resolved: ResolvedHost, vms: readonly Vm[], window: PerfWindow) {
    this.resolved = resolved;
    this.guests = new Map(vms.flatMap(({ vcpus, guest }) => vcpus.map((vcpu) => [vcpu, guest] as const)));
    this.window = window;
    this.name = figureNamer(resolved.cpu);
  }

  /** One event of so many cycles, of the exit that has just ended. */
  add(vcpu: Vcpu, kind: ExitKind, cycles: number): void {
    const cost = vcpu.cost as ExitCost;
    let sum = this.sums.get(cost);
    if (sum === undefined) this.sums.set(cost, (sum = this.begin(vcpu, kind)));
    const { extras } = sum;
    const { handler, loop, interrupt, wake } = this.window.extras(vcpu, kind);
    sum.events++;
    sum.cycles += cycles;
    sum.noise += vcpu.noise;
    sum.cold += vcpu.caches.cycles;
    sum.smi += vcpu.smiCycles;
    sum.recording += this.window.recordingOf(vcpu);
    sum.barrier += vcpu.barrierCycles;
    extras.handler += handler;
    extras.loop += loop;
    extras.interrupt += interrupt;
    extras.wake += wake;
  }

  /** A mean event of each reason, the most frequent first. */
  reasons(): readonly PricedReason[] {
    const all = [...this.sums.values()];
    const reasons = [...new Set(all.map(({ reason }) => reason))];
    const priced = reasons.map((name) =>
      this.priced(
        name,
        all.filter(({ reason }) => reason === name),
      ),
    );
    return priced.toSorted((a, b) => b.events - a.events);
  }

  /** All figures that the reasons' parts name. */
  figures(): readonly NamedFigure[] {
    return [...this.used.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  private begin(vcpu: Vcpu, kind: ExitKind): Sum {
    const { cpu } = this.resolved;
    const handler = kind.handlers[cpu.vendor];
    const on = entryConditions(this.resolved, this.guests.get(vcpu) as ResolvedGuest, vcpu.cpu);
    const cold = vcpu.exitCosts === vcpu.coldCosts && vcpu.coldCosts !== vcpu.costs;
    const item = itemizedCost(cpu, handler, kind.variant, kind.userspace, on, cold);
    const extras = { handler: 0, loop: 0, interrupt: 0, wake: 0 };
    return {
      reason: cellOf(kind, cpu.vendor).reason,
      handler,
      item,
      on,
      events: 0,
      cycles: 0,
      noise: 0,
      cold: 0,
      recording: 0,
      smi: 0,
      barrier: 0,
      extras,
    };
  }

  private priced(reason: string, sums: readonly Sum[]): PricedReason {
    const parts = new Map<string, { component: PricedPart["component"]; figures: readonly Figure[]; cycles: number }>();
    const add = (component: PricedPart["component"], cycles: number, figures: readonly Figure[]): void => {
      if (cycles === 0) return;
      const key = [component, ...figures.map((figure) => this.name(figure).name)].join(" ");
      const part = parts.get(key) ?? { component, figures, cycles: 0 };
      part.cycles += cycles;
      parts.set(key, part);
    };
    const events = sums.reduce((all, sum) => all + sum.events, 0);
    const cycles = sums.reduce((all, sum) => all + sum.cycles, 0);
    for (const sum of sums) this.itemize(sum, add);
    const all = [...parts.values()].map((part) => this.part(part, events));
    const known = all.reduce((total, part) => total + part.cycles, 0);
    return {
      reason,
      events,
      cycles: cycles / events,
      waiting: cycles / events - known,
      parts: all.toSorted((a, b) => b.cycles - a.cycles),
    };
  }

  /** Names what a part rests on; figures that are what they are by definition say nothing. */
  private part({ component, figures, cycles }: Omit<PricedPart, "figures" | "grade"> & { figures: readonly Figure[] }, events: number) {
    const named = figures.map((figure) => this.name(figure)).filter(({ grade }) => grade !== "definition");
    for (const figure of named) this.used.set(figure.name, figure);
    return { component, figures: named.map(({ name }) => name), grade: worstGrade(figures), cycles: cycles / events };
  }

  private itemize({ item, events, noise, cold, recording, smi, barrier, extras, on, handler }: Sum, add: (...part: Charge) => void): void {
    const { ibpb, softwareScale } = this.resolved.cpu.cycles;
    for (const { component, cycles, tracedBy, figures } of item.pieces) {
      if (tracedBy.includes(this.window.from)) add(component, cycles * events, figures);
    }
    const scaled = [...this.hostCode(on), softwareScale];
    add(HANDLERS[handler].spread > 0 ? "handler" : "run_loop", noise, [
      item.spreadOf,
      ...(item.spreadOf.source === BODY.source ? [] : [softwareScale]),
    ]);
    add(HANDLERS[handler].spread > 0 ? "handler" : "run_loop", cold, [...Object.values(COLD), softwareScale]);
    add("run_loop", extras.loop, [RUN_LOOP.outer, softwareScale]);
    const { hrtimer, ipiTarget, selfNotification, hostTick, hostDevice, hrtimerInterrupt, reschedule } = EXTRAS;
    add("handler", extras.handler, [...(SENDERS.has(handler) ? [ipiTarget, selfNotification] : [hrtimer]), ...scaled]);
    add("host_interrupt", extras.interrupt, [hostTick, hostDevice, hrtimerInterrupt, reschedule, ...scaled]);
    add("wakeup", extras.wake, [...this.wakeFigures(handler), ...scaled]);
    add("ibpb", barrier, [ibpb]);
    add("host_interrupt", smi, [SMI_NS]);
    add("recording", recording, [EXTRAS.perfRecord, softwareScale]);
  }

  /** What the host's code outside of an exit's path is scaled by, beside the model's own factor. */
  private hostCode({ retpolines, callDepth, ibrs }: EntryConditions): readonly Figure[] {
    const { retpoline, ibrsSlowdown, callDepthSlowdown } = this.resolved.cpu.cycles;
    return [
      ...(retpolines ? [retpoline, CYCLES_PER_INDIRECT_CALL] : []),
      ...(ibrs === "legacy" ? [ibrsSlowdown] : []),
      ...(callDepth ? [callDepthSlowdown] : []),
    ];
  }

  private wakeFigures(handler: HandlerName): readonly Figure[] {
    const { wakeSwait, wakeRcuwait, wakeRemote, pollingTarget, scheduleOut, scheduleIn, coldCaches, vmcsClear } = EXTRAS;
    const waiter = this.resolved.traits.waiter === "swait" ? wakeSwait : wakeRcuwait;
    if (SENDERS.has(handler)) return [waiter, wakeRemote, pollingTarget];
    return [scheduleOut, scheduleIn, coldCaches, ...(handler === "hlt" ? [] : [vmcsClear])];
  }
}

type Charge = [component: PricedPart["component"], cycles: number, figures: readonly Figure[]];
