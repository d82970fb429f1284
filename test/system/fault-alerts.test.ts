/** Hosts that break, scraped over HTTP every 15 seconds of emulated time, and what the rules make of it. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pino } from "pino";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { Configuration } from "../../src/daemon/configuration.ts";
import { Faults } from "../../src/daemon/faults.ts";
import { NotedTimes } from "../../src/daemon/host-times.ts";
import { RunningFleet } from "../../src/daemon/running-fleet.ts";
import { DaemonStats } from "../../src/metrics/daemon-stats.ts";
import { labelPairs } from "../../src/metrics/format.ts";
import { tempDir } from "../config/temp-config.ts";
import { fakeBackend, startServer } from "../support/backend.ts";
import { parseExposition } from "../support/exposition.ts";
import { filesOf, RULES_DIR } from "../support/rules.ts";
import { fakeFleet } from "../support/snapshot.ts";

const FLEET = `seed: 1
groups:
  - { name: h, count: 5, zone: z, cpus: 2, kernel: linux-5.8, guests: { idle: { vcpus: 1, workload: idle } } }
`;
const STEP = 15;
/** Emulated seconds. */
const AT = { break: 60, heal: 840, end: 1020 } as const;
const FAULTS = [
  { kind: "down", match: { host: "h-001" } },
  { kind: "scrape_error", match: { host: "h-002" } },
  { kind: "microcode_loss", match: { host: "h-003" } },
  { kind: "stuck_counter", match: { host: "h-004" } },
];
/** What the rules that fire read. */
const NAMES = new Set(["kvm_host_up", "kvm_host_info", "kvm_host_emulated_seconds_total", "kvm_mitigation_state"]);

/** Values of each series by the number of the scrape. */
type Series = Map<string, Map<number, string>>;

async function emulate(): Promise<Series> {
  const dir = tempDir({ "fleet.yaml": FLEET });
  const loaded = await loadConfig(dir);
  if (!loaded.ok) throw new Error("the fixture must load");
  const log = pino({ level: "silent" });
  const [fleet, times, stats] = [new RunningFleet(1), new NotedTimes(1), new DaemonStats()];
  const configuration = new Configuration({ dir, stateDir: `${dir}/state`, fleet, times, stats, log }, loaded);
  const faults = new Faults(configuration, Date.now, log);
  const server = await startServer(fakeBackend(fakeFleet([]), { times, snapshot: () => fleet.snapshot() }));
  const series: Series = new Map();
  for (let at = 0; at <= AT.end; at += STEP) {
    fleet.advance(at * 1e9);
    if (at === AT.break) for (const fault of FAULTS) expect(await faults.answer(fault)).toHaveProperty("fault");
    if (at === AT.heal) for (const { id } of faults.active) await faults.heal(id);
    for (const host of loaded.config.hosts.map(({ name }) => name)) {
      const target = { job: "kvm", zone: "z", group: "h", host, instance: host };
      const { status, text } = await server.ask(`/hosts/${host}/metrics`);
      add(series, `up{${labelPairs(target)}}`, at / STEP, status === 200 ? "1" : "0");
      const samples = status === 200 ? parseExposition(text).filter(({ name }) => NAMES.has(name)) : [];
      for (const { name, labels, value } of samples) add(series, `${name}{${labelPairs({ ...target, ...labels })}}`, at / STEP, value);
    }
  }
  await server.close();
  return series;
}

function add(series: Series, key: string, scrape: number, value: string): void {
  const values = series.get(key) ?? new Map<number, string>();
  series.set(key, values.set(scrape, value));
}

/** As promtool reads it: what a scrape lacks that an earlier one had is stale. */
function valuesText(values: ReadonlyMap<number, string>): string {
  const first = Math.min(...values.keys());
  const scrapes = Array.from({ length: AT.end / STEP + 1 }, (_, scrape) => scrape);
  return scrapes.map((scrape) => values.get(scrape) ?? (scrape < first ? "_" : "stale")).join(" ");
}

const firing = (alertname: string, host: string, value = 1) => ({ labels: labels({ alertname, host }), value });
const labels = (of: Readonly<Record<string, string>>): string => `{${labelPairs(of)}}`;

it("alerts on hosts that are down, cannot be scraped, stand still or lost their microcode, on no other, and no more once they are healed", async () => {
  const series = await emulate();
  const expr = 'count by (alertname, host) (ALERTS{alertstate="firing",host!=""})';
  const mitigations = [...series].filter(([key]) => key.startsWith("kvm_mitigation_state") && key.includes("h-003"));
  const lost = mitigations.filter(([, values]) => values.get(0) === "2" && values.get(AT.break / STEP) === "1").length;
  expect(lost).toBeGreaterThan(0);
  const test = {
    rule_files: filesOf(RULES_DIR).map((file) => resolve(file)),
    evaluation_interval: `${STEP}s`,
    tests: [
      {
        interval: `${STEP}s`,
        input_series: [...series].map(([key, values]) => ({ series: key, values: valuesText(values) })),
        promql_expr_test: [
          { expr, eval_time: `${AT.break}s`, exp_samples: [] },
          {
            expr,
            eval_time: `${AT.heal - STEP}s`,
            exp_samples: [
              firing("FastpathdCountersStuck", "h-004"),
              firing("FastpathdHostDown", "h-001"),
              firing("FastpathdHostDown", "h-002"),
              firing("FastpathdMicrocodeOld", "h-003"),
              firing("FastpathdMitigationMissing", "h-003", lost),
            ],
          },
          { expr, eval_time: `${AT.end}s`, exp_samples: [] },
        ],
      },
    ],
  };
  const file = join(tempDir({}), "faults.test.yaml");
  writeFileSync(file, stringify(test));
  const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
  expect(status, stdout + stderr).toBe(0);
});
