/** What panels must show at the end of the history, worked out from the emulator's own counters: all ratios, and more. */
import { UID } from "../../../dashboards/uids.ts";
import { MITIGATION_COMPONENTS } from "../../../src/cost/components.ts";
import { CPU_USES, HALT_POLL_RESULTS } from "../../../src/kvm/counters.ts";
import type { Variables } from "./panels.ts";
import { cellOf, type HostWindow, type Window } from "./truth.ts";

type Labels = Readonly<Record<string, string>>;

export interface Expected {
  readonly uid: string;
  readonly panel: string;
  readonly refId?: string;
  readonly chosen?: Variables;
  /** Of the window that ends at the reading, for a series with these labels. */
  readonly truth: (all: Window, labels: Labels) => number;
  /** What is shown is a difference: compared with this added, so that a hundredth of it is not nothing. */
  readonly offset?: number;
}

const onExits = (one: HostWindow): number => one.seconds(one.grewOf("cpuCycles", CPU_USES, ["exit_work", "exit_mitigation"]));
const busy = (one: HostWindow): number => one.seconds(one.grewAll("cpuCycles") - one.grewOf("cpuCycles", CPU_USES, ["idle"]));
const exits = (one: HostWindow): number => one.exits();
const cycles = (one: HostWindow): number => one.exitCycles();
const mitigation = (one: HostWindow): number => one.components(MITIGATION_COMPONENTS);
const vcpus = (one: HostWindow): number => one.host.vcpus * one.elapsed;
const expirations = (one: HostWindow): number => one.grewAll("timerExpirations");
const tsc = (all: Window): number => all.hosts[0]!.host.resolved.tscHz;

const FLEET: readonly Expected[] = [
  { uid: UID.fleet, panel: "Hosts up", truth: (all) => all.hosts.length },
  { uid: UID.fleet, panel: "Exits per second", truth: (all) => all.rate(exits) },
  { uid: UID.fleet, panel: "Fastpath hit rate", truth: (all) => all.hitRate },
  { uid: UID.fleet, panel: "Cycles of an exit", truth: (all) => all.meanCycles() },
  { uid: UID.fleet, panel: "CPU time on exits", truth: (all) => all.ratio(onExits, busy) },
  { uid: UID.fleet, panel: "Cores on exits", truth: (all) => all.rate(onExits) },
  { uid: UID.fleet, panel: "Hit rate by kernel", truth: (all, labels) => all.where(labels).hitRate },
  { uid: UID.fleet, panel: "Cycles of an exit by kernel", truth: (all, labels) => all.where(labels).meanCycles() },
  { uid: UID.fleet, panel: "Exits by path", truth: (all, labels) => all.rate((one) => one.exits(cellOf(labels))) },
  { uid: UID.fleet, panel: "Hosts", refId: "B", truth: (all, labels) => all.where(labels).hitRate },
  { uid: UID.fleet, panel: "Hosts", refId: "D", truth: (all, labels) => all.where(labels).meanCycles() },
  // The same for a part of the fleet that only the info metric knows.
  { uid: UID.fleet, panel: "Hosts up", chosen: { kernel: "linux-5.8" }, truth: (all) => all.hosts.length },
  {
    uid: UID.fleet,
    panel: "Exits per second",
    chosen: { kernel: "linux-5.8" },
    truth: (all) => all.where({ kernel: "linux-5.8" }).rate(exits),
  },
  {
    uid: UID.fleet,
    panel: "Hosts",
    refId: "E",
    chosen: { cpu_model: "icelake-sp" },
    truth: (all) => vulnerabilities(all.where({ cpu_model: "icelake-sp" })),
  },
];

const vulnerabilities = (all: Window): number =>
  all.sum(({ host }) => Object.values(host.resolved.vulnerabilities).filter(({ state }) => state === "vulnerable").length);

const HOST = { host: "dpdk-lost-001" };
const HOSTS: readonly Expected[] = [
  { uid: UID.host, panel: "Exits per second and vCPU", chosen: HOST, truth: (all) => all.where(HOST).ratio(exits, vcpus) },
  { uid: UID.host, panel: "Fastpath hit rate", chosen: HOST, truth: (all) => all.where(HOST).hitRate },
  { uid: UID.host, panel: "Cycles of an exit", chosen: HOST, truth: (all) => all.where(HOST).meanCycles() },
  { uid: UID.host, panel: "CPU time on exits", chosen: HOST, truth: (all) => all.where(HOST).ratio(onExits, busy) },
  {
    uid: UID.host,
    panel: "Hit rate by fastpath",
    chosen: HOST,
    truth: (all, { fastpath = "" }) => {
      const hits = (one: HostWindow): number => one.hits([fastpath]);
      return all.where(HOST).ratio(hits, (one) => hits(one) + one.misses([fastpath]));
    },
  },
  {
    uid: UID.host,
    panel: "Cycles of an exit by reason and path",
    chosen: HOST,
    truth: (all, labels) => all.where(HOST).meanCycles(cellOf(labels)),
  },
  {
    uid: UID.host,
    panel: "Components of a mean exit",
    chosen: HOST,
    truth: (all, { component }) => all.where(HOST).ratio((one) => one.components([component as "verw"]), exits),
  },
  {
    uid: UID.host,
    panel: "Time of the CPUs",
    chosen: HOST,
    truth: (all, { use = "" }) => all.where(HOST).rate((one) => one.seconds(one.grewOf("cpuCycles", CPU_USES, [use]))),
  },
];

const LATENCY: readonly Expected[] = [
  { uid: UID.exitLatency, panel: "Cycles of an exit", refId: "A", truth: (all) => all.meanCycles() },
  { uid: UID.exitLatency, panel: "Cycles of an exit", refId: "B", truth: (all) => all.quantile(0.5) },
  { uid: UID.exitLatency, panel: "Cycles of an exit", refId: "D", truth: (all) => all.quantile(0.99) },
  {
    uid: UID.exitLatency,
    panel: "Mean time of an exit by group",
    truth: (all, labels) => all.where(labels).meanCycles() / tsc(all.where(labels)),
  },
  {
    uid: UID.exitLatency,
    panel: "99th percentile of an exit's time by group",
    truth: (all, labels) => all.where(labels).quantile(0.99) / tsc(all.where(labels)),
  },
  { uid: UID.exitLatency, panel: "Cycles of an exit by path", truth: (all, labels) => all.meanCycles(cellOf(labels)) },
  { uid: UID.exitLatency, panel: "99th percentile by path", truth: (all, labels) => all.quantile(0.99, cellOf(labels)) },
  { uid: UID.exitLatency, panel: "Cycles of an exit by reason and path", truth: (all, labels) => all.meanCycles(cellOf(labels)) },
  {
    uid: UID.exitLatency,
    panel: "Cycles of an exit",
    refId: "A",
    chosen: { reason: "HLT" },
    truth: (all) => all.meanCycles(cellOf({ reason: "HLT" })),
  },
];

const timerExits = (one: HostWindow): number =>
  one.exits(({ msr, reason }) => msr === "tsc_deadline" || reason === "PREEMPTION_TIMER" || reason === "HLT");
const timerCycles = (one: HostWindow): number =>
  one.exitCycles(({ msr, reason }) => msr === "tsc_deadline" || reason === "PREEMPTION_TIMER" || reason === "EXTERNAL_INTERRUPT");

const TIMERS: readonly Expected[] = [
  {
    uid: UID.timers,
    panel: "Exits per timer expiration by group",
    truth: (all, labels) => all.where(labels).ratio(timerExits, expirations),
  },
  {
    uid: UID.timers,
    panel: "Cycles of timer exits per expiration by group",
    truth: (all, labels) => all.where(labels).ratio(timerCycles, expirations),
  },
  {
    uid: UID.timers,
    panel: "Cycles of an ICR write by group",
    truth: (all, labels) => all.where(labels).meanCycles(cellOf({ msr: "icr" })),
  },
  {
    uid: UID.timers,
    panel: "Timer latency, mean and quantiles",
    refId: "A",
    truth: (all) =>
      all.ratio(
        (one) => one.grew("timerLatencyCycles"),
        (one) => one.grewAll("timerLatencyBuckets"),
      ),
  },
  {
    uid: UID.timers,
    panel: "IPI latency by group",
    truth: (all, labels) =>
      all.where(labels).ratio(
        (one) => one.seconds(one.grew("ipiLatencyCycles")),
        (one) => one.grewAll("ipiLatencyBuckets"),
      ),
  },
  {
    uid: UID.timers,
    panel: "Polls that paid",
    truth: (all, labels) =>
      all.where(labels).ratio(
        (one) => one.grewOf("haltPolls", HALT_POLL_RESULTS, ["success"]),
        (one) => one.grewAll("haltPolls"),
      ),
  },
];

const MITIGATIONS: readonly Expected[] = [
  { uid: UID.mitigations, panel: "Hosts with old microcode", truth: (all) => all.where({ group: "taa" }).hosts.length },
  { uid: UID.mitigations, panel: "Mitigations' share of exit cycles", truth: (all) => all.ratio(mitigation, cycles) },
  { uid: UID.mitigations, panel: "Mitigation cycles of an exit", truth: (all) => all.ratio(mitigation, exits) },
  { uid: UID.mitigations, panel: "Cores on mitigations", truth: (all) => all.rate((one) => one.seconds(mitigation(one))) },
  {
    uid: UID.mitigations,
    panel: "Mitigation cycles of a mean exit",
    truth: (all, { component }) => all.ratio((one) => one.components([component as "verw"]), exits),
  },
  {
    uid: UID.mitigations,
    panel: "Mitigation cycles of a mean exit by group",
    truth: (all, labels) => all.where(labels).ratio(mitigation, exits),
  },
  {
    uid: UID.mitigations,
    panel: "VERW cycles of a mean exit by group",
    truth: (all, labels) => all.where(labels).ratio((one) => one.components(["verw"]), exits),
  },
  {
    uid: UID.mitigations,
    panel: "Share of exit cycles by kernel and CPU",
    truth: (all, labels) => all.where(labels).ratio(mitigation, cycles),
  },
  {
    uid: UID.mitigations,
    panel: "A mean exit with and without, by group",
    refId: "A",
    truth: (all, labels) => all.where(labels).meanCycles(),
  },
  {
    uid: UID.mitigations,
    panel: "A mean exit with and without, by group",
    refId: "B",
    truth: (all, labels) => all.where(labels).ratio((one) => one.exitCycles() - mitigation(one), exits),
  },
  {
    uid: UID.mitigations,
    panel: "A mean exit with and without, by group",
    refId: "C",
    truth: (all, labels) => all.where(labels).ratio(mitigation, cycles),
  },
];

export const EXPECTED: readonly Expected[] = [...FLEET, ...HOSTS, ...LATENCY, ...TIMERS, ...MITIGATIONS];
