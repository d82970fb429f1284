/** Fixed uids: what links, the stack and alerts point at. */
export const UID = {
  fleet: "fastpathd-fleet",
  host: "fastpathd-host",
  rollout: "fastpathd-rollout",
  exitLatency: "fastpathd-exit-latency",
  timers: "fastpathd-timers",
  mitigations: "fastpathd-mitigations",
  daemon: "fastpathd-daemon",
} as const;
export type Uid = (typeof UID)[keyof typeof UID];
