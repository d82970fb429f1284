/** Faults in words, for the list of changes and the log. */
import type { Effect, Fault } from "../fleet/fault.ts";
import type { FleetSnapshot } from "../fleet/snapshot.ts";
import type { ChangeRecord } from "../http/backend.ts";

/** A record for each host that a fault broke, and for each that is healed of one or gone with it. */
export function faultChanges(before: readonly Fault[], after: readonly Fault[], { hosts }: FleetSnapshot, time: Date): ChangeRecord[] {
  const record = (kind: "break" | "heal", host: string, note: string): ChangeRecord => {
    const generation = hosts.get(host)?.generation ?? null;
    return { time: time.toISOString(), host, kind, generation, keys: [], takes: "live", note };
  };
  const [was, is] = [byId(before), byId(after)];
  const begun = after
    .filter(({ id }) => !was.has(id))
    .flatMap((fault) => fault.hosts.map((host) => record("break", host, wordFault(fault))));
  const ended = before.flatMap((fault) => {
    const left = new Set(is.get(fault.id)?.hosts);
    return fault.hosts.filter((host) => !left.has(host)).map((host) => record("heal", host, wordEnd(fault, hosts.has(host))));
  });
  return [...ended, ...begun];
}

const byId = (faults: readonly Fault[]): ReadonlyMap<string, Fault> => new Map(faults.map((fault) => [fault.id, fault]));

/** `fault 3: slow_scrape by 15 s, for 600 s (schedule lunch)` */
function wordFault({ id, effect, sinceMs, untilMs, schedule }: Fault): string {
  const how = untilMs === null ? "until it is healed" : `for ${Math.round((untilMs - sinceMs) / 1000)} s`;
  return `fault ${id}: ${wordEffect(effect)}, ${how}${schedule === null ? "" : ` (schedule ${schedule})`}`;
}

const wordEnd = ({ id, effect }: Fault, isThere: boolean): string =>
  `fault ${id}: ${effect.kind} is ${isThere ? "healed" : "over, as the host is gone"}`;

function wordEffect(effect: Effect): string {
  switch (effect.kind) {
    case "down":
    case "stuck_counter":
    case "microcode_loss":
      return effect.kind;
    case "slow_scrape":
      return `${effect.kind} by ${effect.delayMs / 1000} s`;
    case "scrape_error":
      return `${effect.kind}, ${effect.answer}`;
    case "clock_jump":
      return `${effect.kind} by ${effect.jumpSeconds} s`;
    case "noisy_neighbour":
      return `${effect.kind}, ${effect.vcpus} vCPUs of ${effect.workload}`;
  }
}
