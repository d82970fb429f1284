/** What the README's five toggles show: hosts of the demo fleet, emulated as long as a reader lets them run. */
import { loadConfig } from "../../../src/config/load.ts";
import type { Match } from "../../../src/config/match-schema.ts";
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import { planHosts } from "../../../src/config/plan.ts";
import type { HostPlan } from "../../../src/fleet/action.ts";
import { Fleet } from "../../../src/fleet/fleet.ts";
import { explainHost } from "../../../src/kvm/explain.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { renderHost } from "../../../src/metrics/render.ts";

const loaded = await loadConfig("config/fleet");
if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
const { config } = loaded;

/** Seconds that the demo runs before the first toggle, and that a reader waits after it. */
const BEFORE = 10;
const WAIT = 10;

/** A host of the demo, with the override that the shell's `toggle` writes or without. */
function planOf(name: string, group = "", set: HostSpecPatch = {}): HostPlan {
  const match: Match = { group: [group] };
  const overrides = group === "" ? config.overrides : [...config.overrides, { match, set }];
  const plan = planHosts({ ...config, overrides }).hosts.find((host) => host.name === name);
  if (plan === undefined) throw new RangeError(`no host ${name} in the demo fleet`);
  return plan;
}

/** One host alone: hosts do not see each other. */
class Demo {
  private readonly fleet = new Fleet(config.seed);
  private readonly name: string;
  private seconds = 0;

  constructor(name: string) {
    this.name = name;
    this.fleet.apply([{ kind: "add", host: planOf(name) }]);
  }

  run(seconds: number): this {
    this.seconds += seconds;
    this.fleet.advance(this.seconds * 1e9);
    return this;
  }

  toggle(group: string, set: HostSpecPatch): this {
    this.fleet.apply([{ kind: "change", host: planOf(this.name, group, set) }]);
    return this;
  }

  /** Lines of its metrics that match, series of 0 left out: `grep -E … | grep -v ' 0$'`. */
  lines(pattern: RegExp): string[] {
    const host = this.fleet.publish().hosts.get(this.name);
    if (host === undefined) throw new RangeError(`no host ${this.name}`);
    const text = renderHost(host, { bootSeconds: () => 0, lastChangeSeconds: () => 0 }, "text");
    return text.split("\n").filter((line) => pattern.test(line) && !line.endsWith(" 0"));
  }
}

const block = (lines: readonly string[]): string => ["```", ...lines, "```"].join("\n");

/** The shell's `cycles`: exits and their mean cycles, by the labels. */
export function fastpathToggle(): string {
  const set = { fastpath: { tsc_deadline: "off", preemption_timer: "off" } } as const;
  const demo = new Demo("public-skx-c84-001").run(BEFORE).toggle("public-skx-*", set).run(WAIT);
  const valueOf = (metric: string): ReadonlyMap<string, number> =>
    new Map(
      demo.lines(new RegExp(`^${metric}{.*(tsc_deadline|PREEMPTION)`)).map((line) => {
        const [, labels = "", value = ""] = /\{(.*)\} (.*)/.exec(line) ?? [];
        return [labels, Number(value)] as const;
      }),
    );
  const [counts, sums] = [valueOf("kvm_exit_cycles_count"), valueOf("kvm_exit_cycles_sum")];
  const rows = [...counts].map(([labels, count]) => {
    const mean = Math.trunc((sums.get(labels) ?? 0) / count);
    return `${labels.padEnd(58)} ${String(count).padStart(8)} exits  ${String(mean).padStart(6)} cycles`;
  });
  return block(rows.toSorted());
}

export function cpuPmToggle(): string {
  const pattern = /^kvm_exits_total.*(deadline|PREEMPTION|HLT)|^kvm_timer_exp/;
  const [without, with_] = ["enterprise-c84-001", "enterprise-pm-c84-001"].map((name) => new Demo(name).run(BEFORE).lines(pattern));
  return block([...(without ?? []), "", ...(with_ ?? [])]);
}

export function dpdkToggle(): string {
  const name = "dpdk-unfixed-001";
  const lines = new Demo(name).run(BEFORE).lines(/^kvm_(exits.*(deadline|PREEM|EXTERNAL)|fastpath_miss|timer_mode)/);
  const rows = explainHost(resolveHost(planOf(name).spec)).filter(({ predicate }) => predicate.endsWith("_hv_timer"));
  const words = rows.map(({ value, why }) => `_hv_timer","value":"${value}","why":"${why}","source`);
  const counted = [...new Set(words)].toSorted().map((text) => `${String(words.filter((one) => one === text).length).padStart(7)} ${text}`);
  return block([...lines, ...counted]);
}

export function taaToggle(): string {
  const demo = new Demo("public-clx-c84-001").run(BEFORE);
  const verw = (): string[] => demo.lines(/component="verw"|codename="tsx_async/);
  const was = verw();
  demo.toggle("public-clx-c84", { mitigations: { taa: "off" } }).run(2);
  const then = verw();
  return block([...was, ...then, ...demo.run(5).lines(/component="verw"|codename="tsx_async/)]);
}
