import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { Capture, CaptureProblem } from "../../../src/fleet/capture/capture.ts";
import { readCapture } from "../../../src/fleet/capture/read-capture.ts";

const file = (name: string): string => readFileSync(`test/captures/${name}.txt`, "utf8");

function read(text: string): Capture {
  const result = readCapture(text);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

function problems(text: string): readonly CaptureProblem[] {
  const result = readCapture(text);
  return result.ok ? [] : result.problems;
}

const counts = ({ exits }: Capture): Record<string, number> => Object.fromEntries(exits.map(({ reason, count }) => [reason, count]));

describe("perf kvm stat report", () => {
  it("is read with all its columns", () => {
    const capture = read(file("sysbench-cpu"));
    expect([capture.tool, capture.vendor, capture.unlisted, capture.seconds]).toEqual(["perf kvm stat", "intel", 0, null]);
    expect(counts(capture)).toEqual({
      MSR_WRITE: 9167,
      EXTERNAL_INTERRUPT: 5877,
      PREEMPTION_TIMER: 5728,
      HLT: 2232,
      CPUID: 2160,
      PAUSE_INSTRUCTION: 390,
      EPT_MISCONFIG: 303,
      EOI_INDUCED: 37,
    });
    expect(capture.exits[3]).toEqual({
      reason: "HLT",
      count: 2232,
      times: { avgUs: 30567.94, minUs: 0.56, maxUs: 1001118.99, avgError: 0.01 },
    });
  });

  it("names reasons that nobody emulates, and counts what its lines leave out of its total", () => {
    expect(read(file("sysbench-cpu")).unknown).toMatchObject([{ reason: "EXCEPTION_NMI", count: 4 }]);
    expect(read(file("windows-hyperv")).unlisted).toBe(1027227 - 924045 - 44669 - 29809 - 17819);
    expect(read(file("chromeos-memory")).unlisted).toBe(1387305 - 760998 - 170599 - 159510);
  });

  it("of an old perf has no times, and an old name of INTERRUPT_WINDOW", () => {
    const capture = read(file("xapic-before-apicv"));
    expect(counts(capture)).toMatchObject({ APIC_ACCESS: 65381, INTERRUPT_WINDOW: 2242 });
    expect(capture.exits.every(({ times }) => times === null)).toBe(true);
    expect(capture.unknown.map(({ reason }) => reason)).toEqual(["EXCEPTION_NMI", "CR_ACCESS"]);
  });

  it("of an AMD host has its reasons in small letters, some of two words", () => {
    const capture = read(`
             VM-EXIT    Samples  Samples%     Time%    Min Time    Max Time         Avg time

                 npf         70    70.00%    90.00%      1.00us      9.00us      2.00us ( +-   1.00% )
                 msr         20    20.00%     9.00%      1.00us      1.00us      1.00us ( +-   0.00% )
             PF excp         10    10.00%     1.00%      0.50us      1.50us      1.00us ( +-   nan% )

Total Samples:100, Total events handled time:170.00us.
`);
    expect([capture.vendor, counts(capture)]).toEqual(["amd", { npf: 70, msr: 20 }]);
    expect(capture.unknown).toMatchObject([{ reason: "PF excp", count: 10 }]);
  });

  it("of live output is several tables, and says how long they took", () => {
    const block = (time: string, hlt: number): string => `
${time}
Analyze events for all VMs, all VCPUs:

             VM-EXIT    Samples  Samples%     Time%    Min Time    Max Time         Avg time

                 HLT  ${hlt}   100.00%   100.00%      1.00us      ${hlt}.00us      2.00us ( +-   1.00% )

Total Samples:${hlt}, Total events handled time:20.00us.
`;
    const capture = read(block("23:59:10.500000", 10) + block("23:59:12.500000", 30) + block("23:59:14.500000", 20));
    expect(capture.exits).toEqual([
      { reason: "HLT", count: 60, times: { avgUs: 2, minUs: 1, maxUs: 30, avgError: Math.hypot(10, 20, 30) / 6000 } },
    ]);
    expect(capture.seconds).toBe(6);
  });

  it("may bring the writes of each MSR in a table of their own", () => {
    const capture = read(`${file("sysbench-cpu")}

          MSR Access    Samples  Samples%     Time%    Min Time    Max Time         Avg time

             0x6e0:W       8999    98.17%    98.00%      0.40us      9.00us      0.90us ( +-   1.00% )
             0x830:W        160     1.74%     1.60%      0.40us      9.00us      0.82us ( +-   1.00% )
              0x3b:R          8     0.09%     0.40%      0.40us      9.00us      0.82us ( +-   1.00% )

Total Samples:9167, Total events handled time:8237.00us.
`);
    expect(capture.msrs).toEqual([
      { msr: 0x6e0, count: 8999 },
      { msr: 0x830, count: 160 },
    ]);
    expect(capture.unlisted).toBe(0);
  });
});

describe("bcc's kvmexit", () => {
  it("is read for one vCPU", () => {
    const capture = read(file("light-service"));
    expect([capture.tool, capture.exits[0]]).toEqual(["kvmexit", { reason: "MSR_WRITE", count: 15025, times: null }]);
    expect(capture.exits).toHaveLength(10);
  });

  it("is added up over threads", () => {
    const rows = [
      "1273551  1273568  EXIT_REASON_HLT  12",
      "1273551  1273568  EXIT_REASON_MSR_WRITE  6",
      "1274253  1274261  EXIT_REASON_HLT  30",
    ];
    expect(counts(read(["PID      TID      KVM_EXIT_REASON                     COUNT", ...rows].join("\n")))).toEqual({
      HLT: 42,
      MSR_WRITE: 6,
    });
  });
});

describe("kvm_stat", () => {
  const batch = [
    "kvm_entry                                  1200000      3000",
    "kvm_exit                                   1200010      3000",
    "kvm_exit(EXTERNAL_INTERRUPT)                 40000       100",
    "kvm_exit(HLT)                               400000      1000",
    "kvm_exit(MSR_WRITE)                         760000      1880",
    "kvm_msr                                     760000      1880",
  ].join("\n");

  it("once: what the last second added, by reason, and what the reasons leave out", () => {
    const capture = read(batch);
    expect([capture.seconds, capture.unlisted]).toEqual([1, 20]);
    expect(counts(capture)).toEqual({ MSR_WRITE: 1880, HLT: 1000, EXTERNAL_INTERRUPT: 100 });
  });

  it("on the screen: the same", () => {
    const screen = [
      " Event                                         Total %Total CurAvg/s",
      " kvm_exit(HLT)    400000  33.3  1000",
      " kvm_exit(MSR_WRITE) 760000 63.3 1880",
      " Total 1160000 2880",
    ];
    expect(counts(read(screen.join("\n")))).toEqual({ MSR_WRITE: 1880, HLT: 1000 });
  });

  it("of debugfs: a few reasons, the rest taken for MSR_WRITE, which is said", () => {
    const capture = read("exits 9000 1000\nhalt_exits 2000 200\nirq_exits 300 30\nio_exits 0 0");
    expect(counts(capture)).toEqual({ MSR_WRITE: 770, HLT: 200, EXTERNAL_INTERRUPT: 30 });
    expect(capture.notes).toEqual([expect.stringMatching(/^770 exits .* taken for MSR_WRITE/)]);
  });

  it.each([" ", ","])("as a log (%j): lines add up, and their dates say how long", (comma) => {
    const lines = [
      ["timestamp", "kvm_exit(HLT)", "kvm_exit(MSR_WRITE)"],
      ["2026-02-28 23:59:58", "1000", "2000"],
      ["2026-03-01 00:00:01", "3000", "2500"],
    ].map((fields) => fields.join(comma));
    const capture = read((comma === " " ? lines.map((line) => line.replace("timestamp ", "")) : lines).join("\n"));
    expect([capture.seconds, counts(capture)]).toEqual([6, { MSR_WRITE: 4500, HLT: 4000 }]);
  });

  it("on AMD writes exit codes in capitals", () => {
    const capture = read("kvm_exit(NPF) 10 10\nkvm_exit(HLT) 5 5\nkvm_exit(IOIO) 2 2");
    expect([capture.vendor, counts(capture)]).toEqual(["amd", { npf: 10, hlt: 5, io: 2 }]);
  });
});

describe("what is wrong is named with its line", () => {
  const good = file("sysbench-cpu").split("\n");
  const row = good.findIndex((line) => line.includes(" CPUID "));
  const replaced = (line: string): string => good.with(row, line).join("\n");

  test.each([
    [
      "a line cut short",
      "               CPUID       2160     8.34%",
      "an exit reason, then Samples, Samples%, Time%, Min Time, Max Time, Avg time",
    ],
    [
      "a count that is none",
      "               CPUID       many     8.34%     0.00%      0.40us     12.82us      0.65us ( +-   1.00% )",
      "an exit reason, then",
    ],
    [
      "a unit that is another",
      "               CPUID       2160     8.34%     0.00%      0.40ms     12.82us      0.65us ( +-   1.00% )",
      "an exit reason, then",
    ],
    [
      "an average above the maximum",
      "               CPUID       2160     8.34%     0.00%      0.40us     12.82us     90.65us ( +-   1.00% )",
      "an average between",
    ],
    [
      "an AMD reason among Intel's",
      "                 npf       2160     8.34%     0.00%      0.40us     12.82us      0.65us ( +-   1.00% )",
      "a reason of an Intel host",
    ],
  ])("%s", (_, line, expected) => {
    expect(problems(replaced(line))).toEqual([
      { line: row + 1, expected: expect.stringContaining(expected) as string, came: expect.any(String) as string },
    ]);
  });

  test("a total below the sum of its lines", () => {
    const text = file("sysbench-cpu").replace("Total Samples:25898", "Total Samples:100");
    expect(problems(text)).toEqual([
      { line: good.findIndex((line) => line.startsWith("Total")) + 1, expected: expect.stringContaining("25898") as string, came: "100" },
    ]);
  });

  test.each([
    ["", "an empty text"],
    ["hello\nworld", "none of them"],
    ["MSR Access Samples\n\n0x6e0:W 12", "tables of other events alone"],
    ["VM-EXIT Samples\n\n", "the end of the text"],
    ["KVM_EXIT_REASON COUNT\nHLT twelve", '"HLT twelve"'],
    ["kvm_exit(HLT) 1 1\nkvm_exit(HLT) 1 1", "a second time"],
    ["kvm_exit(HLT) 1", '"kvm_exit(HLT) 1"'],
    ["kvm_exit(HLT) kvm_exit(MSR_WRITE)\n1 2\n3", '"3"'],
    ["exits 0 0", "no exit at all"],
  ])("%j", (text, came) => {
    expect(problems(text).map((problem) => problem.came)).toContain(came);
  });

  test("any text with something cut out, doubled or overwritten is read, or refused at a line of it", () => {
    const texts = ["sysbench-cpu", "windows-hyperv", "light-service", "xapic-before-apicv"].map(file);
    const edit = fc.record({
      text: fc.constantFrom(...texts),
      at: fc.nat(2000),
      length: fc.nat(200),
      by: fc.oneof(
        fc.constant(""),
        fc.string({ maxLength: 30 }),
        fc.constantFrom("\n", "%", "us", "NaN", "-1", "constructor 5", "1e9", "KVM_EXIT_REASON COUNT\n", "kvm_exit(HLT) 5 5\n"),
      ),
    });
    fc.assert(
      fc.property(edit, ({ text, at, length, by }) => {
        const edited = text.slice(0, at) + by + text.slice(at + length);
        const result = readCapture(edited);
        const lines = edited.split(/\r?\n/).length;
        if (!result.ok) {
          expect(result.problems.length).toBeGreaterThan(0);
          for (const problem of result.problems) {
            expect(problem.line >= 1 && problem.line <= lines).toBe(true);
            expect([problem.expected, problem.came]).not.toContain("");
          }
          return;
        }
        const { exits, unknown, unlisted } = result.value;
        expect([...exits, ...unknown].length + unlisted).toBeGreaterThan(0);
        expect([...exits, ...unknown].every(({ count }) => Number.isSafeInteger(count) && count > 0) && unlisted >= 0).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
