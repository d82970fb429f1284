import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { Comparisons } from "../../src/daemon/comparisons.ts";
import { GivenUp, inSlices } from "../../src/daemon/in-slices.ts";
import { loadFiles } from "../config/temp-config.ts";

const FLEET = `seed: 5
cohorts: { canary: 50% }
defaults: { cpus: 8 }
groups:
  - { name: skx, count: 4, fastpath: { tsc_deadline: off }, guests: { web: { vcpus: 2 } } }
  - { name: icx, count: 1, cpu: icelake-sp, guests: { web: { vcpus: 2 } } }
  - { name: empty, count: 1 }
`;

const loaded = await loadFiles(FLEET);
if (!loaded.ok) throw new Error("the fleet loads");
const comparisons = new Comparisons(() => loaded.config, loaded.config.seed, pino({ level: "silent" }));
const NOBODY_GONE = new AbortController().signal;

interface Figure {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly before: number;
  readonly relative: { readonly value: number };
  readonly beyond_noise: boolean;
}

async function compared(body: unknown) {
  const outcome = await comparisons.answer(body, NOBODY_GONE);
  if ("problem" in outcome) throw new Error(outcome.problem.detail);
  return outcome.body as { hosts: object; classes: object[]; figures: Figure[]; verdict: string; method: object };
}

async function problemOf(body: unknown) {
  const outcome = await comparisons.answer(body, NOBODY_GONE);
  return "problem" in outcome ? outcome.problem : undefined;
}

const QUICK = { seconds: 0.4, seeds: 2 };
const SET = { fastpath: { tsc_deadline: "on" } };

describe("a comparison by call", () => {
  it("says what a set would do to the hosts of a selection", async () => {
    const { hosts, classes, figures, verdict, method } = await compared({ ...QUICK, match: { group: "skx" }, set: SET });
    expect(hosts).toEqual({ matched: 4, emulated: 2 });
    expect(classes).toEqual([
      {
        hosts: 4,
        example: "skx-001",
        changes: [{ key: "fastpath.tsc_deadline", before: "off", after: "on", takes: "module_reload" }],
        takes: "module_reload",
      },
    ]);
    expect(method).toMatchObject({ seeds: [5, 6], seconds_per_seed: 0.2 });
    expect(figures.find(({ name }) => name === "exit_cores_per_1000_vcpus")?.relative.value).toBeLessThan(0);
    expect(verdict).toMatch(/^AFTER spends .* fewer cores on exits/);
  });

  it("weighs classes by their hosts, those included that the set leaves as they are", async () => {
    const both = await compared({ ...QUICK, match: { group: ["skx", "icx"] }, set: SET });
    expect(both.hosts).toEqual({ matched: 5, emulated: 3 });
    expect(both.classes).toHaveLength(2);
  });

  it("takes an override as a configuration would: null is the default, a CPU model brings its frequency", async () => {
    const { classes } = await compared({
      ...QUICK,
      match: { host: "skx-001" },
      set: { cpu: "icelake-sp", fastpath: { tsc_deadline: null } },
    });
    const keys = (classes[0] as { changes: { key: string; after: unknown }[] }).changes.map(({ key, after }) => [key, after]);
    expect(keys).toEqual([
      ["cpu", "icelake-sp"],
      ["ghz", 2.9],
      ["fastpath.tsc_deadline", "auto"],
    ]);
  });

  it("knows cohorts", async () => {
    expect((await compared({ ...QUICK, match: { group: "skx", cohort: "canary" }, set: SET })).hosts).toMatchObject({ matched: 2 });
    expect(await problemOf({ match: { cohort: "canery" }, set: SET })).toMatchObject({
      status: 422,
      detail: 'match.cohort: expected a cohort that is defined (canary, none), came "canery"; did you mean "canary"?',
    });
  });

  it.each([
    [{ match: {}, set: { kernal: "c84" } }, /^set\.kernal: unknown key; did you mean "kernel"\?/],
    [{ match: { grup: "skx" }, set: SET }, /^match\.grup: unknown key/],
    [{ seed: 1, set: SET }, /^seed: unknown key; did you mean "seeds"\?/],
    [{ match: { group: "nobody" }, set: SET }, /expected a match that some host fits/],
    [{ match: { group: "skx" }, set: { fastpath: { tsc_deadline: "off" } } }, /expected a set that changes something/],
    [{ match: { group: "skx" }, set: { guests: { web: { vcpus: 16 } } } }, /^set\.guests\.web\.vcpus: expected at most 8 vCPUs.*skx-001/],
    [{ match: { group: "empty" }, set: { host_hz: 100 } }, /expected hosts with guests/],
    [{ match: { group: "skx" }, set: SET, seconds: 600, hosts_per_class: 4 }, /^seconds: expected at most \d+ vCPU seconds/],
    ["text", /a map/],
  ])("refuses %j with a sentence", async (body, detail) => {
    const problem = await problemOf(body);
    expect(problem?.status).toBe(422);
    expect(problem?.detail).toMatch(detail);
  });

  it("runs one at a time, and the next one after it", async () => {
    const first = comparisons.answer({ ...QUICK, match: { group: "skx" }, set: SET }, NOBODY_GONE);
    expect(await problemOf({ ...QUICK, match: { group: "skx" }, set: SET })).toMatchObject({
      status: 429,
      headers: { "retry-after": "5" },
    });
    expect(await first).toHaveProperty("body");
    expect(await problemOf({ ...QUICK, match: { group: "skx" }, set: SET })).toBeUndefined();
  });

  it("leaves the event loop to others every few milliseconds", async () => {
    const gaps: number[] = [];
    let last = performance.now();
    const ticks = setInterval(() => {
      gaps.push(performance.now() - last);
      last = performance.now();
    }, 1);
    await compared({ seconds: 4, seeds: 2, match: { group: "skx" }, set: SET });
    clearInterval(ticks);
    expect(gaps.length).toBeGreaterThan(20);
    const sorted = gaps.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(50);
  });

  it("ends when whoever asked is gone", async () => {
    const gone = new AbortController();
    const answer = comparisons.answer({ seconds: 20, match: { group: "skx" }, set: SET }, gone.signal);
    gone.abort();
    const startMs = performance.now();
    await answer;
    expect(performance.now() - startMs).toBeLessThan(2000);
  });
});

describe("work in slices", () => {
  function* work(steps: number): Generator<number, string> {
    for (let i = 0; i < steps; i++) yield i;
    return "done";
  }

  it("comes to its end, unless it takes too long", async () => {
    expect(await inSlices(work(10), NOBODY_GONE, 1000)).toBe("done");
    await expect(inSlices(work(Infinity), NOBODY_GONE, 20)).rejects.toThrow(GivenUp);
  });
});
