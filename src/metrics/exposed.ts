/** What a host exposes when its exporter is broken: the daemon knows better, and its own metrics and API say so. */
import type { HostSnapshot } from "../fleet/snapshot.ts";

/** The host as its exporter sees it: where counters are stuck, with those of the moment when it got stuck. */
export const exposed = (host: HostSnapshot): HostSnapshot => (host.stuck === null ? host : { ...host, ...host.stuck });

/** Hosts whose scrape would succeed or say that they are down, as the scrape of the whole fleet has them. */
export const exposedOf = (hosts: Iterable<HostSnapshot>): HostSnapshot[] =>
  [...hosts].filter(({ breakage }) => breakage.scrapeError === null).map(exposed);
