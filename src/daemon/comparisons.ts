/**
 * Comparisons that a call asks for: a change on a selection of hosts, both ways over the same
 * seeds. What runs is not touched: hosts of the comparison are emulated apart, in slices, one
 * comparison at a time, and no more work than a bound allows.
 */
import type { Logger } from "pino";
import type { LoadedConfig } from "../config/assemble.ts";
import { type CompareRequest, parseCompareRequest } from "../config/compare-request.ts";
import { diffSpecs, hardestEffect } from "../config/diff.ts";
import type { ConfigError } from "../config/error.ts";
import { namesOf } from "../config/own.ts";
import { whatIf, type WhatIfHost } from "../config/what-if.ts";
import { vcpusOf } from "../fleet/compare/arm.ts";
import { type ComparedHost, compare } from "../fleet/compare/compare.ts";
import { comparisonView } from "../fleet/compare/view.ts";
import type { CompareOutcome } from "../http/backend.ts";
import { resolveHost } from "../kvm/resolve.ts";
import { GivenUp, inSlices } from "./in-slices.ts";
import { refused } from "./refused.ts";

/** vCPU seconds that one comparison may emulate, both arms and all seeds together. */
const VCPU_SECONDS_MAX = 4000;
/** As many are spent where nobody says for how long: some seconds of ours. */
const VCPU_SECONDS_WANTED = 600;
const SECONDS_DEFAULT = 10;
/** Less is mostly warm-up. */
const SECONDS_MIN = 0.1;
/** A warm-up comes on top of what is measured, in each arm. */
const ARMS_WITH_WARM_UP = 2.2;
/** Below the time after which the server takes a silent connection for dead. */
const MS_MAX = 45_000;
const RETRY_AFTER_SECONDS = 5;

/** Hosts that are equal before and equal after. */
interface HostClass {
  readonly hosts: readonly WhatIfHost[];
}

export class Comparisons {
  readonly #config: () => LoadedConfig;
  readonly #seed: number;
  readonly #log: Logger;
  #running = false;

  /** @param seed of the fleet that runs. */
  constructor(config: () => LoadedConfig, seed: number, log: Logger) {
    this.#config = config;
    this.#seed = seed;
    this.#log = log;
  }

  /** Answers a call; `signal` tells when whoever asked is gone. */
  async answer(body: unknown, signal: AbortSignal): Promise<CompareOutcome> {
    const config = this.#config();
    const parsed = parseCompareRequest(body, namesOf(config.own));
    if (!parsed.ok) return refused(parsed.errors);
    const changed = whatIf(config, parsed.value.match, parsed.value.set);
    if (!changed.ok) return refused(changed.errors);
    const classes = classesOf(changed.hosts);
    if (classes.every(({ hosts: [host] }) => host === undefined || diffSpecs(host.before, host.after).length === 0)) {
      return refused([problem("set", "expected a set that changes something; the hosts of the selection are so already")]);
    }
    const hosts = representatives(classes, parsed.value.hostsPerClass);
    const planned = plannedSeconds(hosts, parsed.value);
    if (typeof planned !== "number") return refused([planned]);
    if (this.#running) {
      const headers = { "retry-after": String(RETRY_AFTER_SECONDS) };
      return { problem: { status: 429, detail: "another comparison is under way; one runs at a time", headers } };
    }
    this.#running = true;
    try {
      return await this.#run(parsed.value, classes, hosts, planned, signal);
    } finally {
      this.#running = false;
    }
  }

  async #run(
    request: CompareRequest,
    classes: readonly HostClass[],
    hosts: readonly ComparedHost[],
    seconds: number,
    signal: AbortSignal,
  ): Promise<CompareOutcome> {
    const seeds = Array.from({ length: request.seeds }, (_, i) => this.#seed + i);
    const startMs = performance.now();
    try {
      const comparison = await inSlices(compare({ hosts, seeds, secondsPerSeed: seconds / seeds.length }), signal, MS_MAX);
      const view = comparisonView(comparison, seeds);
      this.#log.info({ hosts: hosts.length, took_seconds: (performance.now() - startMs) / 1000 }, `compared: ${view.verdict}`);
      return { body: { match: request.match, set: request.set, ...selection(classes, hosts.length), ...view } };
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
      const detail = `the comparison took longer than ${MS_MAX / 1000} s and was given up; fewer seconds, seeds or hosts_per_class take less`;
      return { problem: { status: 503, detail } };
    }
  }
}

function classesOf(hosts: readonly WhatIfHost[]): HostClass[] {
  const byBefore = new Map<object, Map<object, WhatIfHost[]>>();
  for (const host of hosts) {
    const byAfter = byBefore.get(host.before) ?? new Map<object, WhatIfHost[]>();
    byBefore.set(host.before, byAfter);
    byAfter.set(host.after, [...(byAfter.get(host.after) ?? []), host]);
  }
  return [...byBefore.values()].flatMap((byAfter) => [...byAfter.values()].map((alike) => ({ hosts: alike })));
}

/** The first few hosts of each class; each stands for its share of the class. A host without a vCPU has nothing to compare. */
function representatives(classes: readonly HostClass[], perClass: number): ComparedHost[] {
  return classes.flatMap(({ hosts }) => {
    const chosen = hosts.slice(0, perClass);
    const weight = hosts.length / chosen.length;
    const resolved = chosen.map(({ name, before, after }) => ({ name, before: resolveHost(before), after: resolveHost(after), weight }));
    return resolved.filter(({ before, after }) => vcpusOf(before) + vcpusOf(after) > 0);
  });
}

/** Seconds of each host and arm: as asked, or as many as the bound allows. */
function plannedSeconds(hosts: readonly ComparedHost[], { seconds, seeds }: CompareRequest): number | ConfigError {
  const vcpus = hosts.reduce((sum, { before, after }) => sum + (vcpusOf(before) + vcpusOf(after)) / 2, 0);
  if (vcpus === 0) return problem("match", "expected hosts with guests, came hosts that run none");
  const allowed = VCPU_SECONDS_MAX / (vcpus * ARMS_WITH_WARM_UP);
  const wanted = Math.max(SECONDS_MIN, VCPU_SECONDS_WANTED / (vcpus * ARMS_WITH_WARM_UP));
  const planned = seconds ?? Math.min(SECONDS_DEFAULT, allowed, wanted);
  if (planned <= allowed && planned >= SECONDS_MIN) return planned;
  const asked = `${hosts.length} hosts with ${vcpus} vCPUs for ${planned.toFixed(1)} s with ${seeds} seeds`;
  const key = seconds === null ? "match" : "seconds";
  return problem(
    key,
    `expected at most ${VCPU_SECONDS_MAX} vCPU seconds of both arms together, came ${asked}; ${allowed.toFixed(1)} s would do`,
  );
}

/** Whom the change is for, and what it would take there. */
function selection(classes: readonly HostClass[], emulated: number) {
  const described = classes.map(({ hosts }) => {
    const [first] = hosts;
    const changes = first === undefined ? [] : diffSpecs(first.before, first.after);
    return { hosts: hosts.length, example: first?.name ?? null, changes, takes: hardestEffect(changes) };
  });
  return {
    hosts: { matched: described.reduce((sum, { hosts }) => sum + hosts, 0), emulated },
    classes: described,
    takes: hardestEffect(described.flatMap(({ changes }) => changes)),
  };
}

const problem = (key: string, message: string): ConfigError => ({ file: "request", line: 0, column: 0, key, message });
