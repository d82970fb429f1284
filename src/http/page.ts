/** A plain page: what runs, and where to read on. No script, nothing from elsewhere. */
import { createHash } from "node:crypto";
import { FASTPATH_NAMES } from "../kvm/fastpaths.ts";
import type { HostSnapshot } from "../fleet/snapshot.ts";
import type { Backend } from "./backend.ts";
import { fleetView } from "./fleet-view.ts";
import { hostSummary } from "./host-view.ts";

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
caption { text-align: left; }
tbody { font-size: .875rem; }
tbody th, td { white-space: nowrap; }
td.words { white-space: normal; }
[role=region] { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
`;

/** What the page may load: its own style and nothing else. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** A host's group is in its name. */
const HEADINGS = ["Host", "Kernel", "CPU", "Scenario", "State"];

/** The page as HTML. */
export function renderPage(backend: Backend): string {
  const view = fleetView(backend);
  const hosts = [...backend.snapshot().hosts.values()];
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>fastpathd</title><style>${STYLE}</style></head>
<body>
<h1>fastpathd</h1>
<p>${view.hosts} emulated KVM hosts with ${view.vcpus} vCPUs, ${Math.floor(view.emulated_seconds)} s emulated at speed ${view.speed}, ${view.exits.toLocaleString("en")} VM exits, ${view.series} series.</p>
<p><a href="/metrics">All metrics</a>, <a href="/metrics?collect[]=daemon">the daemon's own</a>, <a href="/sd">targets for Prometheus</a>,
<a href="/api/v1/fleet">fleet</a>, <a href="/api/v1/changes">changes</a>, <a href="/api/v1/faults">faults</a>, <a href="/api/v1/openapi.json">API</a>.</p>
<div role="region" aria-label="Hosts" tabindex="0">
<table>
<caption>Hosts</caption>
<thead><tr>${HEADINGS.map((text) => `<th scope="col">${text}</th>`).join("")}<th scope="col" class="number">vCPUs</th><th scope="col" class="number">Exits</th><th scope="col">Fastpaths</th><th scope="col">Read on</th></tr></thead>
<tbody>
${hosts.map((host) => row(host, backend)).join("\n")}
</tbody>
</table>
</div>
</body>
</html>
`;
}

function row(host: HostSnapshot, backend: Backend): string {
  const { name, kernel, cpu, scenario, state, failure, vcpus, exits, fastpath, metrics, explain } = hostSummary(host, backend.times);
  const live = FASTPATH_NAMES.filter((one) => fastpath[one]);
  const texts = [kernel, cpu, scenario];
  return [
    `<tr><th scope="row">${escapeHtml(name)}</th>`,
    ...texts.map((text) => `<td>${escapeHtml(text)}</td>`),
    `<td class="words">${escapeHtml(failure === null ? state : `${state}: ${failure}`)}</td>`,
    `<td class="number">${vcpus}</td><td class="number">${exits.toLocaleString("en")}</td>`,
    `<td class="words">${live.length === 0 ? "none" : live.join(", ")}</td>`,
    `<td><a href="${escapeHtml(metrics)}">metrics</a>, <a href="${escapeHtml(explain)}">explain</a></td></tr>`,
  ].join("");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
