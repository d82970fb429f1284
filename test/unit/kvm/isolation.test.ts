import { expect, test } from "vitest";
import { isolation } from "../../../src/kvm/isolation.ts";
import { formatCpuList } from "../../../src/kvm/cpu-list.ts";
import { hostSpec, type HostOverrides } from "../../support/host-spec.ts";

const of = (overrides: HostOverrides, isolcpusNohzIsolatesTimer = false) => {
  const { timers, isolated, timersBy } = isolation(hostSpec(overrides), { isolcpusNohzIsolatesTimer });
  return { timers: formatCpuList(timers), isolated: formatCpuList(isolated), timersBy };
};

test("nohz_full: true leaves CPU 0 and its sibling", () => {
  expect(of({ cmdline: { nohz_full: true } })).toEqual({ timers: "2-63", isolated: "2-63", timersBy: "nohz_full=2-63" });
});

test("without SMT nohz_full: true leaves CPU 0 alone", () => {
  expect(of({ smt: false, cmdline: { nohz_full: true } }).timers).toBe("1-63");
});

test("isolcpus isolates CPUs but not their timers", () => {
  expect(of({ cmdline: { isolcpus: "8-15" } })).toEqual({ timers: "", isolated: "8-15", timersBy: "" });
});

test("isolcpus=nohz isolates timers only on kernels where HK_TYPE_TIMER is kernel noise", () => {
  const cmdline = { isolcpus: "nohz,domain,8-15" };
  expect(of({ cmdline })).toEqual({ timers: "", isolated: "8-15", timersBy: "" });
  expect(of({ cmdline }, true)).toEqual({ timers: "8-15", isolated: "8-15", timersBy: "isolcpus=nohz,domain,8-15" });
});

test("a list of all CPUs leaves the boot CPU for housekeeping", () => {
  expect(of({ cpus: 8, cmdline: { nohz_full: "0-7" } }).timers).toBe("1-7");
});

test("a list may contain CPU 0 while others do the housekeeping", () => {
  expect(of({ cpus: 8, cmdline: { nohz_full: "0-5" } }).timers).toBe("0-5");
});

test("a host of one CPU cannot isolate it", () => {
  expect(of({ cpus: 1, cmdline: { nohz_full: true } })).toEqual({ timers: "", isolated: "", timersBy: "" });
});

test("a CPU that the host does not have is refused at its key", () => {
  expect(() => of({ cpus: 32, cmdline: { nohz_full: "2-63" } })).toThrow(
    expect.objectContaining({ path: ["cmdline", "nohz_full"], message: 'expected CPUs from 0 to 31, came CPU 32 in "2-63"' }),
  );
});
