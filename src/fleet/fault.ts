/**
 * Faults: what breaks on purpose, on some hosts, for a time or until it is healed. A fault is a
 * value, and the active ones lie over the configuration as the whereabouts of VMs do.
 *
 * A kind acts where it would act in reality: on the machine (`down`), on what scrapes it (`slow_scrape`,
 * `scrape_error`), on what it exposes (`stuck_counter`, `clock_jump`), or on its configuration, as if an
 * override said so (`noisy_neighbour`, `microcode_loss`).
 */
import type { WorkloadName } from "../guest/workloads.ts";
import type { BreakAction } from "./action.ts";
import { type Breakage, type ScrapeAnswer, SOUND } from "./breakage.ts";

export const FAULTS = {
  down: "The host loses its power: its VMs are gone and its scrape fails with 503. Healed, it boots: counters start at 0.",
  slow_scrape: "The exporter answers late. Nothing else of the host is slow, and no other scrape is.",
  scrape_error: "The exporter answers with an error, or with half a body. The host runs on.",
  stuck_counter: "The exporter's counters stand still while the host runs on. Healed, they jump to where they would be.",
  clock_jump: "The wall clock is set wrong, so the boot time moves, which a kernel counts back from it. TSC and guests do not notice.",
  noisy_neighbour: "One more guest that is busy by fits and starts, on whatever CPUs the others do not have for themselves.",
  microcode_loss: "The host runs on old microcode, as after a BIOS update that brought one: mitigations lack what they need.",
} as const satisfies Record<string, string>;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** A kind, and how it breaks. */
export type Effect =
  | { readonly kind: "down" | "stuck_counter" | "microcode_loss" }
  | { readonly kind: "slow_scrape"; readonly delayMs: number }
  | { readonly kind: "scrape_error"; readonly answer: ScrapeAnswer }
  | { readonly kind: "clock_jump"; readonly jumpSeconds: number }
  | { readonly kind: "noisy_neighbour"; readonly vcpus: number; readonly workload: WorkloadName };

export interface Fault {
  readonly id: string;
  readonly effect: Effect;
  /** Machines, not names: a host that is taken out of the configuration takes its faults along. */
  readonly hosts: readonly string[];
  /** Unix milliseconds. */
  readonly sinceMs: number;
  /** Null: until it is healed. */
  readonly untilMs: number | null;
  /** The schedule that it comes from; null: a call. */
  readonly schedule: string | null;
}

/** Each host that is broken. Delays and jumps of several faults add up; of two errors the later one is answered. */
function breakages(faults: readonly Fault[]): ReadonlyMap<string, Breakage> {
  const broken = new Map<string, Breakage>();
  for (const { hosts, effect } of faults) {
    for (const host of hosts) {
      const before = broken.get(host) ?? SOUND;
      broken.set(host, { ...before, ...adds(effect, before) });
    }
  }
  return broken;
}

const KEYS = Object.keys(SOUND) as (keyof Breakage)[];

/** What has to break, and what is healed, so that hosts are as broken as the faults say. */
export function breakActions(hosts: Iterable<readonly [name: string, now: Breakage]>, faults: readonly Fault[]): BreakAction[] {
  const wanted = breakages(faults);
  return [...hosts].flatMap(([host, now]): BreakAction[] => {
    const breakage = wanted.get(host) ?? SOUND;
    return KEYS.every((key) => breakage[key] === now[key]) ? [] : [{ kind: "break", host, breakage }];
  });
}

function adds(effect: Effect, before: Breakage): Partial<Breakage> {
  switch (effect.kind) {
    case "down":
      return { down: true };
    case "slow_scrape":
      return { scrapeDelayMs: before.scrapeDelayMs + effect.delayMs };
    case "scrape_error":
      return { scrapeError: effect.answer };
    case "stuck_counter":
      return { stuckCounters: true };
    case "clock_jump":
      return { clockAheadSeconds: before.clockAheadSeconds + effect.jumpSeconds };
    case "noisy_neighbour":
    case "microcode_loss":
      return {};
  }
}

/** The faults that are left when hosts are gone; one that has no host left has ended with its last. */
export function withoutHosts(faults: readonly Fault[], gone: ReadonlySet<string>): readonly Fault[] {
  if (gone.size === 0) return faults;
  return faults.flatMap((fault) => {
    const hosts = fault.hosts.filter((host) => !gone.has(host));
    if (hosts.length === fault.hosts.length) return [fault];
    return hosts.length === 0 ? [] : [{ ...fault, hosts }];
  });
}
