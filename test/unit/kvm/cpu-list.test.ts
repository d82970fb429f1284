import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatCpuList, parseCpuList } from "../../../src/kvm/cpu-list.ts";

const parse = (text: string, cpus = 64): readonly number[] => parseCpuList(text, cpus, ["cmdline", "nohz_full"]);

test("a list is ranges and single CPUs, sorted and each once", () => {
  expect(parse("8,0-3,2-4")).toEqual([0, 1, 2, 3, 4, 8]);
});

test("used/group takes the first CPUs of each group", () => {
  expect(parse("0-9:2/4")).toEqual([0, 1, 4, 5, 8, 9]);
});

test.each([
  ["2-", 'expected a CPU list such as "2-63" or "0,4-7", came "2-"'],
  ["", 'expected a CPU list such as "2-63" or "0,4-7", came ""'],
  ["1-4:2", 'expected a CPU list such as "2-63" or "0,4-7", came "1-4:2"'],
  ["7-3", 'expected a range that ascends, came "7-3"'],
  ["0-7:3/2", 'expected used/group with used at most group, came "0-7:3/2"'],
  ["0-7:0/0", 'expected used/group with used at most group, came "0-7:0/0"'],
  ["2-64", 'expected CPUs from 0 to 63, came CPU 64 in "2-64"'],
])("%s is refused with what was expected and what came", (text, message) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ name: "SpecError", message, path: ["cmdline", "nohz_full"] }));
});

test("what is formatted parses back", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 80 }), (flags) => {
      fc.pre(flags.includes(true));
      const cpus = flags.flatMap((flag, cpu) => (flag ? [cpu] : []));
      expect(parse(formatCpuList(flags), flags.length)).toEqual(cpus);
    }),
  );
});

test("neighbours become a range", () => {
  expect(formatCpuList([false, true, true, true, false, true])).toBe("1-3,5");
});
