/**
 * The exposition of hosts, fast. Series that are the same on every host are prepared once as
 * text, so a line costs one number and one concatenation; what a host has of its own (its
 * vulnerabilities, its workloads) is prepared at each scrape. A test holds this against the
 * reference rendering, character by character.
 */
import type { HostPlan } from "../fleet/action.ts";
import type { HostSnapshot } from "../fleet/snapshot.ts";
import { factsOf } from "./facts.ts";
import { FAMILY_SEPARATOR, familyHeader, labelPairs, type Format } from "./format.ts";
import { HOST_METRIC, isExposed } from "./host-metrics.ts";
import { identityLabels } from "./identity.ts";
import type { HostFacts, HostTimes, Series } from "./metric.ts";
import { HOST_METRIC_NAMES, HOST_METRICS, type HostMetricName } from "./names.ts";

/** A chunk is handed out once it has grown to this many characters; one metric of one host may come on top. */
const CHUNK_LENGTH = 64 * 1024;

/** Text of the series of one metric, in three pieces round the identity labels. */
interface Prepared {
  /** `name{labels} ` */
  readonly bare: readonly string[];
  /** `name{`, then the identity labels, then `,labels} ` */
  readonly open: readonly string[];
  readonly rest: readonly string[];
}

const preparedBySeries = new WeakMap<readonly Series[], Prepared>();
const identityByPlan = new WeakMap<HostPlan, string>();

/** The exposition of one host without identity labels, without the closing line. */
export function renderHost(host: HostSnapshot, times: HostTimes, format: Format): string {
  const facts = factsOf(host);
  let text = "";
  for (const name of HOST_METRIC_NAMES) {
    if (!isExposed(name, host)) continue;
    text += (text === "" ? "" : FAMILY_SEPARATOR[format]) + familyHeader(name, HOST_METRICS[name], format);
    text += hostLines(name, host, facts, times, null);
  }
  return text;
}

/** The exposition of many hosts, each sample with identity labels, in chunks of `CHUNK_LENGTH` and more. */
export function* renderFleet(hosts: readonly HostSnapshot[], times: HostTimes, format: Format): Generator<string> {
  const facts = new Map(hosts.map((host) => [host, factsOf(host)]));
  let text = "";
  for (const [i, name] of HOST_METRIC_NAMES.entries()) {
    text += (i === 0 ? "" : FAMILY_SEPARATOR[format]) + familyHeader(name, HOST_METRICS[name], format);
    for (const [host, own] of facts) {
      if (!isExposed(name, host)) continue;
      text += hostLines(name, host, own, times, identityText(host.plan));
      if (text.length < CHUNK_LENGTH) continue;
      yield text;
      text = "";
    }
  }
  yield text;
}

function hostLines(name: HostMetricName, host: HostSnapshot, facts: HostFacts, times: HostTimes, identity: string | null): string {
  const { bare, open, rest } = prepared(name, HOST_METRIC[name].series(facts));
  const values = HOST_METRIC[name].values(host, times);
  let text = "";
  for (let i = 0; i < bare.length; i++) {
    text += identity === null ? `${bare[i]}${values[i]}\n` : `${open[i]}${identity}${rest[i]}${values[i]}\n`;
  }
  return text;
}

function prepared(name: string, series: readonly Series[]): Prepared {
  const known = preparedBySeries.get(series);
  if (known !== undefined) return known;
  const pairs = series.map(({ labels }) => labelPairs(labels));
  const made: Prepared = {
    bare: series.map(({ suffix }, i) => (pairs[i] === "" ? `${name}${suffix} ` : `${name}${suffix}{${pairs[i]}} `)),
    open: series.map(({ suffix }) => `${name}${suffix}{`),
    rest: pairs.map((text) => (text === "" ? "} " : `,${text}} `)),
  };
  preparedBySeries.set(series, made);
  return made;
}

function identityText(plan: HostPlan): string {
  const known = identityByPlan.get(plan);
  if (known !== undefined) return known;
  const text = labelPairs(identityLabels(plan));
  identityByPlan.set(plan, text);
  return text;
}
