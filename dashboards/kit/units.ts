/** Units under Grafana's names; `count:` scales with K and M, `suffix:` does not. */
export const UNIT = {
  cycles: "count:cycles",
  cyclesEach: "suffix: cycles",
  cyclesPerSecond: "count:cycles/s",
  exits: "count:exits",
  exitsPerSecond: "count:exits/s",
  exitsPerCycle: "suffix: exits per timer cycle",
  perSecond: "count:/s",
  perMinute: "suffix: per minute",
  cores: "suffix: cores",
  hosts: "suffix: hosts",
  guests: "suffix: guests",
  share: "percentunit",
  seconds: "s",
  bytes: "bytes",
  hertz: "hertz",
  number: "short",
  plain: "none",
  time: "dateTimeFromNow",
} as const;
export type Unit = (typeof UNIT)[keyof typeof UNIT];
