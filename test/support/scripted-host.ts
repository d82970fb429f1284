/**
 * Plays scripts on the vCPUs of one bare guest and lists the exits of each, written as the tables
 * of exit sequences write them: the reason, then how far it got.
 */
import { ScriptProgram, type Line } from "../../src/guest/script.ts";
import { cellOf } from "../../src/kvm/exit-kinds.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import type { ExitObserver } from "../../src/kvm/run-loop.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import type { ResolvedHost } from "../../src/kvm/resolved.ts";
import type { KernelTraits } from "../../src/kvm/kernel.ts";
import type { GuestSpec } from "../../src/kvm/host-spec.ts";
import { namedCounters } from "./counter-names.ts";
import { hostSpec, type HostOverrides } from "./host-spec.ts";

/** A host whose CPUs see no device interrupt in the first 13 ms; the first tick comes after 4 ms. */
const QUIET_SEED = 2;
const CYCLES_PER_MS = 2.5e6;

export interface Scripted {
  /** Keys of the host; it has eight CPUs. */
  readonly host?: HostOverrides;
  readonly guest?: Partial<GuestSpec>;
  /** Kernel traits that no kernel of the catalogue has yet. */
  readonly traits?: Partial<KernelTraits>;
  /** Anything else of the resolved host. */
  readonly resolved?: Partial<ResolvedHost>;
  /** One script per vCPU. */
  readonly scripts: readonly (readonly Line[])[];
  readonly ms?: number;
  /** Told of each exit when it is complete. */
  readonly onExit?: ExitObserver;
}

export interface Played {
  /** Exits of each vCPU, in order: "MSR_WRITE(icr) handled". */
  readonly exits: readonly (readonly string[])[];
  readonly counters: ReadonlyMap<string, bigint>;
  readonly programs: readonly ScriptProgram[];
  readonly host: KvmHost;
}

export function play(scripted: Scripted): Played {
  const { scripts, ms = 3 } = scripted;
  const programs = scripts.map((lines) => new ScriptProgram(lines));
  const resolved = resolveScripted(scripted);
  const { vendor } = resolved.cpu;
  const host = new KvmHost(resolved, QUIET_SEED, () => programs);
  const exits: string[][] = scripts.map(() => []);
  host.observe((vcpu, kind, total, end) => {
    scripted.onExit?.(vcpu, kind, total, end);
    const { msr, reason, path } = cellOf(kind, vendor);
    // A fastpath that could not finish the exit after all left the inner loop.
    const how = kind.variant === "reenter" && path === "kernel" ? "handled" : kind.variant;
    exits[vcpu.index]!.push(`${reason}${msr === "" ? "" : `(${msr})`} ${how}`);
  });
  host.advance(ms * CYCLES_PER_MS);
  return { exits, counters: namedCounters(viewCounters(host), vendor), programs, host };
}

function resolveScripted({ host, guest, traits, resolved, scripts }: Scripted): ResolvedHost {
  // A bare guest: no paravirtual EOI unless a test is about it.
  const bare = { vcpus: scripts.length, pv: { ipi: true, eoi: false, haltpoll: false } };
  const own = resolveHost(hostSpec({ cpus: 8, ...host, guests: { g: { ...bare, ...guest } } }));
  return { ...own, ...resolved, traits: { ...own.traits, ...traits } };
}
