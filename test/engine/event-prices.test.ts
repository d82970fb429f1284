/** Every cycle between two tracepoints is some figure's, or the vCPU waits. */
import { describe, expect, it, test } from "vitest";
import { completeHostSpec } from "../../src/config/defaults.ts";
import type { HostSpecPatch } from "../../src/config/host-schema.ts";
import type { PricedReason } from "../../src/kvm/event-prices.ts";
import { StatRun } from "../../src/kvm/stat.ts";

const SECONDS = 0.05;

function run(patch: HostSpecPatch) {
  const stat = new StatRun(completeHostSpec(patch), 7, SECONDS, 0.05);
  const prices = stat.itemize();
  const report = stat.report();
  return { report, reasons: prices.reasons(), figures: prices.figures() };
}

const busy = (workload: "hackbench" | "web" | "memory" | "light-service", more = {}): HostSpecPatch["guests"] => ({
  vm: { vcpus: 4, workload, ...more },
});

/** The three places of kvm_exit, both vendors, and whatever puts work beside the compiled cost. */
const HOSTS: readonly (readonly [string, HostSpecPatch])[] = [
  ["kvm_exit in the handler", { kernel: "linux-5.5", guests: busy("hackbench") }],
  ["no preemption timer, swait", { kernel: "rhel-8.2", kvm: { preemption_timer: "off" }, guests: busy("hackbench") }],
  ["kvm_exit after the exit", { kernel: "linux-5.8", guests: busy("web") }],
  ["each entry traced, all mitigations", { kernel: "linux-6.12", guests: busy("web") }],
  ["QEMU behind an IBPB", { cpu: "icelake-sp", kernel: "linux-6.18", guests: busy("light-service") }],
  ["faults", { cpu: "cascade-lake", kernel: "linux-6.6", guests: busy("memory") }],
  ["without APICv", { kernel: "linux-6.6", kvm: { enable_apicv: "off" }, guests: busy("hackbench", { apic: "xapic" }) }],
  [
    "nohz_full and posted timers",
    { kernel: "c84", scenario: "enterprise-cloud", cpu_pm: true, cmdline: { nohz_full: true }, guests: busy("web", { dedicated: true }) },
  ],
  ["SVM", { cpu: "epyc-milan", kernel: "linux-6.6", guests: busy("hackbench") }],
  ["SVM with AVIC", { cpu: "epyc-milan", kernel: "linux-5.8", kvm: { avic: "on" }, guests: busy("light-service") }],
  ["turbo", { turbo: true, kernel: "linux-6.6", guests: busy("web") }],
];

describe.each(HOSTS)("%s", (_, patch) => {
  const { report, reasons, figures } = run(patch);
  const { ghz } = completeHostSpec(patch);

  it("has the events that perf prints, and their averages", () => {
    const counts = ({ reason, events }: PricedReason): readonly [string, number] => [reason, events];
    expect(new Map(reasons.map(counts))).toEqual(new Map(report.exits.map(({ reason, samples }) => [reason, samples])));
    const ratios = report.exits.map(({ reason, avg_us }) => (reasons.find((one) => one.reason === reason)?.cycles ?? 0) / avg_us);
    // One clock for all of them: cycles of a microsecond.
    expect(Math.max(...ratios) / Math.min(...ratios)).toBeLessThan(1.002);
    expect(ratios[0]).toBeCloseTo(ghz * 1000, 0);
  });

  it("leaves no cycle of an exit without a figure, a HLT's sleep apart", () => {
    for (const { reason, waiting, cycles } of reasons) {
      if (/^hlt$/i.test(reason)) expect(waiting).toBeGreaterThan(0);
      else expect(Math.abs(waiting), reason).toBeLessThan(cycles * 1e-9);
    }
  });

  it("names every figure with its source", () => {
    const named = new Set(figures.map(({ name }) => name));
    const used = reasons.flatMap(({ parts }) => parts.flatMap((part) => part.figures));
    expect(used.filter((name) => !named.has(name))).toEqual([]);
    expect(figures.filter(({ source }) => source.length < 10)).toEqual([]);
    expect(figures.map(({ name }) => name)).toEqual([...named]);
  });
});

test("on the reference core a model's factor of 1 by definition spoils no grade; on another core its guess does", () => {
  const grades = (cpu: "skylake-sp" | "icelake-sp"): ReadonlySet<string> => {
    const [msr] = run({ cpu, kernel: "linux-5.4", guests: busy("hackbench") }).reasons;
    return new Set((msr?.parts ?? []).filter(({ component }) => component === "handler").map(({ grade }) => grade));
  };
  expect(grades("skylake-sp")).toContain("derived");
  expect(grades("icelake-sp")).toEqual(new Set(["assumed"]));
});

test("what a fastpath saves shows as figures that are gone", () => {
  const figuresOf = (icr: "on" | "off"): string[] => {
    const { reasons } = run({ kernel: "linux-5.5", fastpath: { icr }, guests: busy("hackbench") });
    return (reasons.find(({ reason }) => reason === "MSR_WRITE")?.parts ?? []).flatMap(({ figures }) => figures);
  };
  expect(figuresOf("off")).toEqual(expect.arrayContaining(["handler.icr"]));
  expect(figuresOf("on")).not.toContain("handler.icr");
});
