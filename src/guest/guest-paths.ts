/**
 * Guest cycles of the guest kernel's code paths. All assumed: the order of magnitude of such
 * paths on a server core; no source at hand lists them one by one.
 */
export const GUEST_PATHS = {
  interruptEntry: 250,
  timerEntry: 600,
  tick: 2600,
  softTimer: 1500,
  reprogram: 250,
  device: 1800,
  request: 800,
  reschedule: 200,
  idleLoop: 500,
  haltEntry: 120,
  wake: 900,
  send: 1500,
} as const;
