/**
 * The fleet of the dashboards' history, and what changes in it when: a group for each row of the functional
 * and benchmark tests that a dashboard must show, small enough that twenty minutes are emulated in one.
 * An automatic timer advance waits for the deadline whatever a fastpath saved, so those that show the saving have none.
 * Nothing that is a label of an info metric changes: a history has no markers for series that end.
 */

import type { MigrateAction } from "../../../src/fleet/action.ts";

/** Emulated seconds from the first sample to the last, and between two. */
export const LENGTH = 1200;
export const STEP = 15;

/** Instants, in emulated seconds, at which the panels are read. */
export const AT = { early: 285, before: 585, middle: 885, end: LENGTH } as const;

const WEB = "web: { vcpus: 2, workload: web, load: 0.03, hz: 100 }";
const BUSY = "busy: { vcpus: 2, workload: packets, placement: isolated }";
const DPDK = `guests: { dpdk: { vcpus: 2, workload: packets, placement: isolated, cpu_pm: true }, web: { vcpus: 2, workload: web, load: 0.03, hz: 100, placement: housekeeping } }`;

export const FLEET = `seed: 1
cohorts: { canary: 25% }
defaults: { cpu: skylake-sp, cpus: 8, kernel: c84 }
groups:
  - { name: timers, count: 2, zone: bj-a, kvm: { lapic_timer_advance: off }, guests: { ${WEB} } }
  - { name: ipis, count: 1, zone: bj-a, kernel: c82, kvm: { halt_poll: off }, guests: { ${WEB} } }
  - { name: cpu-pm, count: 1, zone: bj-e, cpus: 12, scenario: enterprise-cloud, cmdline: { nohz_full: "4-11" }, kvm: { pi_inject_timer: 0 }, guests: { ${BUSY} } }
  - { name: dpdk, count: 1, zone: bj-d, ${DPDK.replace("isolated", '"4-7"').replace("housekeeping", '"0-3"')} }
  - { name: dpdk-lost, count: 1, zone: bj-d, ${DPDK.replace("isolated", '"4-7"').replace("housekeeping", '"0-3"')} }
  - { name: taa, count: 1, zone: bj-b, cpu: cascade-lake, tsx: on, mitigations: { microcode: old }, guests: { ${WEB} } }
  - { name: peers, count: 2, zone: bj-a, kernel: linux-5.8, guests: { ${WEB} } }
  - { name: canaries, count: 4, zone: bj-a, labels: { team: compute }, guests: { ${WEB} } }
  - { name: move-fast, count: 1, zone: bj-a, guests: { ${WEB} } }
  - { name: move-slow, count: 1, zone: bj-a, kernel: linux-4.18, guests: { idle: { vcpus: 2, workload: idle } } }
  - { name: icelake, count: 1, zone: bj-b, cpu: icelake-sp, ghz: 2.9, guests: { ${WEB}, idle: { vcpus: 2, workload: idle } } }
`;

export interface Change {
  /** Emulated seconds. */
  readonly at: number;
  /** A file of the configuration directory beside fleet.yaml, and what it says from then on. */
  readonly file: string;
  readonly text: string;
}

/** A VM that moves to a host without the fastpaths, and back. */
export const MOVES: readonly (MigrateAction & { readonly at: number })[] = [
  { at: 300, kind: "migrate", guest: "web-1", from: "move-fast-001", to: "move-slow-001" },
  { at: 600, kind: "migrate", guest: "web-1@move-fast-001", from: "move-slow-001", to: "move-fast-001" },
];

const override = (match: string, set: string): string => `overrides:\n  - { match: { ${match} }, set: { ${set} } }\n`;

/** Each a configuration file that is written; the daemon's own code loads it. */
export const CHANGES: readonly Change[] = [
  { at: 300, file: "dpdk.yaml", text: override("group: dpdk", 'cmdline: { nohz_full: "4-7" }') },
  { at: 300, file: "dpdk-lost.yaml", text: override("group: dpdk-lost", 'cmdline: { nohz_full: "4-7" }') },
  { at: 600, file: "dpdk.yaml", text: override("group: dpdk", 'cmdline: { nohz_full: "4-7" }, patches: [timer-pi-per-vm]') },
  { at: 600, file: "timers.yaml", text: override("group: timers", "fastpath: { tsc_deadline: off, preemption_timer: off }") },
  { at: 600, file: "ipis.yaml", text: override("group: ipis", "patches: [rcuwait]") },
  { at: 600, file: "cpu-pm.yaml", text: override("group: cpu-pm", "cpu_pm: true, kvm: { pi_inject_timer: auto }") },
  { at: 600, file: "taa.yaml", text: override("group: taa", "mitigations: { taa: off }") },
  { at: 600, file: "peers.yaml", text: override("host: peers-002", "mitigations: { spectre_v2: off }") },
  { at: 600, file: "canaries.yaml", text: override("group: canaries, cohort: canary", "fastpath: { icr: off }") },
  { at: 1125, file: "broken.yaml", text: override("group: timers", "kernal: c82") },
];
