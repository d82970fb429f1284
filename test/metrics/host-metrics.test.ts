import { describe, expect, it } from "vitest";
import { COMPONENT_NAMES } from "../../src/cost/components.ts";
import { completeHostSpec } from "../../src/config/defaults.ts";
import { HIGH_UNIT } from "../../src/fleet/snapshot.ts";
import { AT, MISSES, TIMER_MODES } from "../../src/kvm/counters.ts";
import { SHOWN_CELLS } from "../../src/kvm/exits.ts";
import { WORKLOAD_NAMES } from "../../src/guest/workloads.ts";
import { HOST_METRIC, seriesCount } from "../../src/metrics/host-metrics.ts";
import { factsOf } from "../../src/metrics/facts.ts";
import { HOST_METRIC_NAMES, HOST_METRICS } from "../../src/metrics/names.ts";
import { renderHost } from "../../src/metrics/render.ts";
import { parseExposition, samplesNamed, seriesKey, valueOf } from "../support/exposition.ts";
import { FAKE_TIMES, fakeHost, fakePlan, fakeResolved } from "../support/snapshot.ts";

const host = fakeHost("skx-1");
const samples = parseExposition(renderHost(host, FAKE_TIMES, "text"));
const fresh = fakeHost("skx-1", { low: new Float64Array(host.low.length), high: new Float64Array(host.low.length) });

describe("the catalogue of host metrics", () => {
  it("uses only the labels that names.ts lists", () => {
    for (const name of HOST_METRIC_NAMES) {
      const allowed = new Set<string>([...HOST_METRICS[name].labels, ...(HOST_METRICS[name].type === "histogram" ? ["le"] : [])]);
      const used = HOST_METRIC[name].series(factsOf(host)).flatMap(({ labels }) => Object.keys(labels));
      expect([name, used.filter((label) => !allowed.has(label))]).toEqual([name, []]);
    }
  });

  it("has help without quotes or line breaks for each metric", () => {
    for (const name of HOST_METRIC_NAMES) expect(HOST_METRICS[name].help).toMatch(/^[A-Z0-9][^"\n\\]*\.$/);
  });

  it("has no series twice", () => {
    const keys = samples.map((sample) => seriesKey(sample));
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });
});

describe("a host just booted", () => {
  const zeros = parseExposition(renderHost(fresh, FAKE_TIMES, "text"));

  it("already has every series that a switch can bring to life, as 0", () => {
    expect(zeros.map((sample) => seriesKey(sample))).toEqual(samples.map((sample) => seriesKey(sample)));
    expect(samplesNamed(zeros, "kvm_exits_total")).toHaveLength(SHOWN_CELLS.intel.length);
    expect(samplesNamed(zeros, "kvm_fastpath_misses_total")).toHaveLength(MISSES.intel.length);
    expect(samplesNamed(zeros, "kvm_exit_cycles_by_component_total")).toHaveLength(COMPONENT_NAMES.length);
    expect(samplesNamed(zeros, "kvm_timer_mode_guests")).toHaveLength(TIMER_MODES.length);
    expect(zeros.filter(({ name }) => /_total$|_bucket$|_sum$|_count$/.test(name)).every(({ value }) => value === "0")).toBe(true);
  });

  it("has series for debug registers only while a workload touches them", () => {
    const rare = (workload: "web" | "windows"): number => {
      const plan = fakePlan("a-1", { spec: completeHostSpec({ guests: { g: { workload } } }) });
      return seriesCount(plan, fakeResolved(plan));
    };
    expect(rare("windows") - rare("web")).toBe(1 + 18);
  });

  it("has a series for the workloads that it runs, and for no other", () => {
    expect(samplesNamed(zeros, "kvm_guest_work_cycles_total").map(({ labels }) => labels["workload"])).toEqual(["web", "redis"]);
  });
});

describe("an AMD host", () => {
  const spec = completeHostSpec({ cpu: "epyc-rome", guests: { web: { count: 2, vcpus: 4 } } });
  const amd = fakeHost("rome-1", { plan: fakePlan("rome-1", { spec }) });
  const own = parseExposition(renderHost(amd, FAKE_TIMES, "text"));

  it("exports its exits under the names of SVM, each once", () => {
    const reasons = samplesNamed(own, "kvm_exits_total").map(({ labels }) => labels["reason"]);
    expect(reasons).toHaveLength(SHOWN_CELLS.amd.length);
    expect(new Set(reasons)).toEqual(new Set(SHOWN_CELLS.amd.map(({ reason }) => reason)));
    expect(samplesNamed(own, "kvm_exits_total").filter(({ labels }) => labels["reason"] === "npf")).toHaveLength(2);
    expect(reasons.filter((reason) => /[A-Z]/.test(reason!))).toEqual([]);
    const keys = own.map((sample) => seriesKey(sample));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("has no cause of a miss that only a preemption timer can give", () => {
    const misses = samplesNamed(own, "kvm_fastpath_misses_total");
    expect(misses).toHaveLength(MISSES.amd.length);
    expect(misses.filter(({ labels }) => labels["fastpath"] === "preemption_timer" || labels["cause"] === "no_hv_timer")).toEqual([]);
  });

  it("reads its own counters, and fills every histogram of its exits", () => {
    for (const [i, { reason, msr, path }] of SHOWN_CELLS.amd.entries()) {
      const labels = msr === "" ? { reason, path } : { reason, msr, path };
      expect(valueOf(own, "kvm_exits_total", labels)).toBe(amd.low[AT.exits + i]);
      expect(valueOf(own, "kvm_exit_cycles_count", labels)).toBe(amd.low[AT.exits + i]);
    }
  });
});

describe("a histogram", () => {
  it("is cumulative, and its count is its +Inf bucket and the exits", () => {
    for (const { reason, msr, path } of SHOWN_CELLS.intel) {
      const labels = msr === "" ? { reason, path } : { reason, msr, path };
      const own = samplesNamed(samples, "kvm_exit_cycles_bucket").filter((one) =>
        Object.entries(labels).every(([k, v]) => one.labels[k] === v),
      );
      const counts = own.map(({ value }) => Number(value));
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      const total = valueOf(samples, "kvm_exits_total", labels);
      expect(counts.at(-1)).toBe(total);
      expect(valueOf(samples, "kvm_exit_cycles_count", labels)).toBe(total);
      expect(own.at(-1)?.labels["le"]).toBe("+Inf");
    }
  });

  it("prints its edges as canonical floats", () => {
    const edges = samplesNamed(samples, "kvm_exit_cycles_bucket").map(({ labels }) => labels["le"]);
    expect(edges).toContain("256.0");
    expect(edges).toContain("1048576.0");
    const latency = samplesNamed(samples, "kvm_timer_latency_cycles_bucket").map(({ labels }) => labels["le"]);
    expect(latency).toHaveLength(16);
    expect([latency[0], latency[14], latency[15]]).toEqual(["512.0", "8388608.0", "+Inf"]);
  });
});

describe("values", () => {
  it("keep msr to writes of an MSR", () => {
    const withMsr = samplesNamed(samples, "kvm_exits_total").filter(({ labels }) => "msr" in labels);
    expect(new Set(withMsr.map(({ labels }) => labels["reason"]))).toEqual(new Set(["MSR_WRITE"]));
  });

  it("are the nearest double of a counter beyond 2^53", () => {
    const [first] = samplesNamed(samples, "kvm_exit_cycles_sum");
    expect(Number(first?.value)).toBe(96 * HIGH_UNIT + (HIGH_UNIT - 1));
  });

  it("turn cycles into seconds with the host's own TSC", () => {
    expect(valueOf(samples, "kvm_host_emulated_seconds_total")).toBeCloseTo(150e9 / host.resolved.tscHz, 9);
    const cycles = (host.low[AT.vcpuCycles] as number) / host.resolved.tscHz;
    expect(valueOf(samples, "kvm_vcpu_seconds_total", { state: "guest" })).toBe(cycles);
  });

  it("say boot and last change in Unix time, and 0 before the first change", () => {
    expect(valueOf(samples, "kvm_host_boot_timestamp_seconds")).toBe(1_700_000_000);
    expect(valueOf(samples, "kvm_config_last_change_timestamp_seconds")).toBe(0);
    const changed = parseExposition(renderHost({ ...host, lastChangeNs: 5e9 }, FAKE_TIMES, "text"));
    expect(valueOf(changed, "kvm_config_last_change_timestamp_seconds")).toBe(1_700_000_005);
  });

  it("split a sysfs line as the node exporter does", () => {
    const labelsOf = (codename: string) =>
      samplesNamed(samples, "node_cpu_vulnerabilities_info").find(({ labels }) => labels["codename"] === codename)?.labels;
    expect(labelsOf("tsx_async_abort")).toMatchObject({
      state: "vulnerable",
      mitigation: "Clear CPU buffers attempted, no microcode; SMT vulnerable",
    });
    expect(labelsOf("meltdown")).toMatchObject({ state: "mitigation", mitigation: "PTI" });
    expect(labelsOf("retbleed")).toMatchObject({ state: "not affected", mitigation: "" });
    expect(labelsOf("mmio_stale_data")).toMatchObject({ state: "vulnerable", mitigation: "" });
    expect(valueOf(samples, "kvm_mitigation_state", { vulnerability: "tsx_async_abort" })).toBe(1);
  });

  it("count each guest under exactly one timer mode", () => {
    const modes = samplesNamed(samples, "kvm_timer_mode_guests").map(({ value }) => Number(value));
    expect(modes).toEqual([3, 0, 0, 0]);
    expect(valueOf(samples, "kvm_host_guests")).toBe(3);
  });

  it("assign each host to exactly one cohort", () => {
    expect(samplesNamed(samples, "kvm_cohort_assignment")).toMatchObject([{ labels: { cohort: "none", rollout: "none" }, value: "1" }]);
  });
});

describe("the budget of series", () => {
  it("counts what is rendered", () => {
    expect(seriesCount(host.plan, host.resolved)).toBe(samples.length);
  });

  it.each([
    ["660 for an Intel host that runs every workload of Linux", "skylake-sp", 660, WORKLOAD_NAMES.filter((name) => name !== "windows")],
    ["660 for an Intel host that runs Windows", "skylake-sp", 660, ["windows"]],
    ["580 for an AMD host that runs every workload", "epyc-genoa", 580, WORKLOAD_NAMES],
  ] as const)("is at most %s", (_, cpu, budget, workloads) => {
    const guests = Object.fromEntries(workloads.map((workload) => [workload, { workload }]));
    const plan = fakePlan("full", { spec: completeHostSpec({ cpu, guests }) });
    expect(seriesCount(plan, fakeResolved(plan))).toBeLessThanOrEqual(budget);
  });

  it("keeps a workload that was taken away until the host reboots", () => {
    const plan = fakePlan("skx-1", { spec: completeHostSpec({ guests: { cache: { workload: "redis" } } }) });
    const low = new Float64Array(host.low.length);
    low[AT.workCycles + WORKLOAD_NAMES.indexOf("web")] = 12;
    const after = parseExposition(renderHost({ ...fresh, plan, resolved: fakeResolved(plan), low }, FAKE_TIMES, "text"));
    expect(valueOf(after, "kvm_guest_work_cycles_total", { workload: "web" })).toBe(12);
  });
});
