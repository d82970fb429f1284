/** Prometheus' `http_sd_configs`: one target a host, found again under the host's own path. */
import type { IncomingMessage } from "node:http";
import type { FleetSnapshot } from "../fleet/snapshot.ts";
import { identityLabels } from "../metrics/identity.ts";
import type { Labels } from "../metrics/metric.ts";
import { formatAddress, type Address } from "./listen-address.ts";

interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Labels;
}

/** Targets at one address; an empty fleet is an empty list. */
export function targetGroups(fleet: FleetSnapshot, address: string): TargetGroup[] {
  return [...fleet.hosts.values()].map(({ plan }) => ({
    targets: [address],
    labels: { __metrics_path__: hostMetricsPath(plan.name), ...identityLabels(plan) },
  }));
}

export const hostMetricsPath = (name: string): string => `/hosts/${encodeURIComponent(name)}/metrics`;

/** Where the client reaches the daemon: as told, else as it called it, else where it came in. */
export function targetAddress(req: IncomingMessage, advertise: Address | null): string {
  if (advertise !== null) return formatAddress(advertise);
  const called = req.headers.host ?? "";
  if (/^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d+)?$/i.test(called)) return called;
  return formatAddress({ host: req.socket.localAddress ?? "localhost", port: req.socket.localPort ?? 9464 });
}
