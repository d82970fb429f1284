/** Demand that comes and goes: a function of emulated time alone, so the same on every run and in every slice. */
import type { Rhythm } from "./workload.ts";

/** Share of the full demand at `seconds` since the guest's boot. */
export function demandAt({ shape, period_s: period, busy_share: busy, quiet_load: quiet }: Rhythm, seconds: number): number {
  const phase = (seconds / period) % 1;
  switch (shape) {
    case "steady":
      return 1;
    case "bursts":
      return phase < busy ? 1 : quiet;
    case "diurnal":
      return quiet + ((1 - quiet) * (1 - Math.cos(2 * Math.PI * phase))) / 2;
  }
}

/** Seconds until a burst begins or ends; a day changes too slowly for any gap to notice. */
function demandLasts({ shape, period_s: period, busy_share: busy }: Rhythm, seconds: number): number {
  if (shape !== "bursts") return Infinity;
  const phase = (seconds / period) % 1;
  return ((phase < busy ? busy : 1) - phase) * period;
}

/** Seconds after `since` in which demand, whole for `seconds`, would bring as much as it brings here. */
export function stretched(rhythm: Rhythm, since: number, seconds: number): number {
  let at = since;
  let left = seconds;
  for (;;) {
    const demand = demandAt(rhythm, at);
    const lasts = demandLasts(rhythm, at);
    if (left <= lasts * demand) return at + left / demand - since;
    left -= lasts * demand;
    // A step beyond the border, so that rounding cannot stand still on it.
    at += lasts + rhythm.period_s * 1e-9;
  }
}
