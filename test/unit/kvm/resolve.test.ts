import { expect, test } from "vitest";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import type { ResolvedGuest, ResolvedHost } from "../../../src/kvm/resolved.ts";
import { type HostOverrides, hostSpec } from "../../support/host-spec.ts";

const resolve = (overrides: HostOverrides = {}): ResolvedHost => resolveHost(hostSpec(overrides));
const firstGuest = (overrides: HostOverrides): ResolvedGuest => resolve(overrides).guests[0]!;

test("pi_inject_timer follows nohz_full, and isolcpus does not turn it on", () => {
  expect(resolve({ cmdline: { nohz_full: "2-63" } }).piInjectTimer).toEqual({ value: true, why: "nohz_full=2-63 sets HK_FLAG_TIMER" });
  expect(resolve({ cmdline: { isolcpus: "2-63" } }).piInjectTimer.value).toBe(false);
  expect(resolve({}).piInjectTimer.value).toBe(false);
});

test("the vendor's kernels post timers in the enterprise cloud, others do not", () => {
  const scenario = "enterprise-cloud";
  expect(resolve({ kernel: "c82", scenario }).piInjectTimer.value).toBe(true);
  expect(resolve({ kernel: "c84", scenario }).piInjectTimer.value).toBe(true);
  expect(resolve({ kernel: "rhel-8.4", scenario }).piInjectTimer.value).toBe(false);
  expect(resolve({ kernel: "c84", scenario: "public-cloud" }).piInjectTimer.value).toBe(false);
});

test("pi_inject_timer set on the module wins over the command line", () => {
  expect(resolve({ cmdline: { nohz_full: true }, kvm: { pi_inject_timer: "off" } }).piInjectTimer.value).toBe(false);
  expect(resolve({ kvm: { pi_inject_timer: "on" } }).piInjectTimer.value).toBe(true);
});

test("4.18 has no pi_inject_timer to turn on", () => {
  expect(resolve({ kernel: "linux-4.18", cmdline: { nohz_full: true }, kvm: { pi_inject_timer: "on" } }).piInjectTimer.value).toBe(false);
});

test("a nohz_full host without the fix takes the preemption timer from a VM without cpu-pm; the fix gives it back", () => {
  const dpdk = { cmdline: { nohz_full: "8-63" }, guests: { web: { placement: "housekeeping" } } } as const;
  expect(firstGuest(dpdk)).toMatchObject({ timerMode: { value: "posted" }, canUseHvTimer: { value: false } });
  expect(firstGuest({ ...dpdk, patches: ["timer-pi-per-vm"] })).toMatchObject({ timerMode: { value: "hv_timer" } });
  expect(firstGuest({ ...dpdk, patches: ["timer-pi-per-vcpu"] })).toMatchObject({ timerMode: { value: "hv_timer" } });
  expect(firstGuest({ ...dpdk, patches: ["timer-pi-per-vcpu"], guests: { web: { placement: "isolated" } } }).timerMode.value).toBe(
    "posted",
  );
});

test("cpu-pm gives HLT, PAUSE and MWAIT to the guest, and a guest may say otherwise than its host", () => {
  const all = { hltInGuest: true, mwaitInGuest: true, pauseInGuest: true };
  const none = { hltInGuest: false, mwaitInGuest: false, pauseInGuest: false };
  expect(firstGuest({ cpu_pm: true })).toMatchObject(all);
  expect(firstGuest({ cpu_pm: true, guests: { web: { cpu_pm: false } } })).toMatchObject(none);
  expect(firstGuest({ guests: { web: { cpu_pm: true } } })).toMatchObject(all);
  expect(firstGuest({ cpu_pm: true, guests: { web: { disable_exits: ["hlt"] } } })).toMatchObject({ ...none, hltInGuest: true });
});

test("MWAIT in the guest without posted timers leaves a plain hrtimer", () => {
  expect(firstGuest({ cpu_pm: true }).timerMode.value).toBe("hrtimer");
  expect(firstGuest({ cpu_pm: true, kvm: { pi_inject_timer: "on" } }).timerMode.value).toBe("posted");
  expect(firstGuest({ cpu_pm: true, kvm: { pi_inject_timer: "on", enable_apicv: "off" } }).timerMode.value).toBe("hrtimer");
});

test("guests on retpolines leave SPEC_CTRL alone, enhanced IBRS sets it once", () => {
  expect(firstGuest({}).usesSpecCtrl.value).toBe(false);
  expect(firstGuest({ cpu: "cascade-lake" }).usesSpecCtrl.value).toBe(true);
  expect(firstGuest({ cpu: "cascade-lake", guests: { web: { mitigations: "off" } } }).usesSpecCtrl.value).toBe(false);
});

test("the plain kernels of 2019 and early 2020 lack the fastpaths that the vendor backported", () => {
  const live = (overrides: HostOverrides): readonly boolean[] => {
    const { icr, tsc_deadline: tscDeadline, preemption_timer: preemptionTimer } = resolve(overrides).fastpath;
    return [icr.value, tscDeadline.value, preemptionTimer.value];
  };
  expect(live({ kernel: "linux-4.18" })).toEqual([false, false, false]);
  expect(live({ kernel: "rhel-8.2" })).toEqual([false, false, false]);
  expect(live({ kernel: "c82" })).toEqual([true, true, true]);
  expect(live({ kernel: "rhel-8.4" })).toEqual([true, true, true]);
  expect(live({ kernel: "linux-5.8" })).toEqual([true, true, true]);
  expect(live({ kernel: "rhel-8.2", patches: ["fastpath-icr"] })).toEqual([true, false, false]);
});

test("a fastpath that is on where the kernel lacks it is as if backported", () => {
  const host = resolve({ kernel: "rhel-8.2", fastpath: { icr: "on", hlt: "on" } });
  expect(host.fastpath.icr).toMatchObject({ value: true, why: expect.stringContaining("as if fastpath-icr were backported") as string });
  expect(host.traits).toMatchObject({ icr: "handled", icrAccepts: "physical_fixed_unicast", tscDeadline: "absent" });
  // No backport of the HLT fastpath is known.
  expect(host.fastpath.hlt).toMatchObject({ value: false, capable: false, missCause: "kernel_lacks_it" });
});

test("a fastpath's miss says whether the kernel lacks it or it was turned off", () => {
  expect(resolve({ kernel: "c84", fastpath: { icr: "off" } }).fastpath.icr).toMatchObject({
    value: false,
    capable: true,
    missCause: "turned_off",
  });
  expect(resolve({ kernel: "rhel-8.2", fastpath: { icr: "off" } }).fastpath.icr).toMatchObject({
    capable: true,
    missCause: "kernel_lacks_it",
  });
});

test("c82 waits on swait until rcuwait is backported", () => {
  expect(resolve({ kernel: "c82" }).traits.waiter).toBe("swait");
  expect(resolve({ kernel: "c82", patches: ["rcuwait"] }).traits.waiter).toBe("rcuwait");
  expect(resolve({ kernel: "c84" }).traits.waiter).toBe("rcuwait");
});

test("a fix of the posted timer is refused on a kernel without posted timers", () => {
  expect(() => resolve({ kernel: "linux-4.18", patches: ["rcuwait", "timer-pi-per-vm"] })).toThrow(
    expect.objectContaining({
      path: ["patches", 1],
      message:
        "expected a kernel with 0c5f81dad46c (KVM: LAPIC: Inject timer interrupt via posted interrupt, 5.3) for patch timer-pi-per-vm, came linux-4.18",
    }),
  );
});

test("the timer advance is the kernel's unless the configuration says otherwise", () => {
  expect(resolve({ kernel: "linux-4.18" }).timerAdvance.value).toEqual({ mode: "stepwise", ns: 1000 });
  expect(resolve({}).timerAdvance.value).toEqual({ mode: "adaptive", ns: 1000 });
  expect(resolve({ kvm: { lapic_timer_advance: 700 } }).timerAdvance.value).toEqual({ mode: "fixed", ns: 700 });
  expect(resolve({ kvm: { lapic_timer_advance: 0 } }).timerAdvance.value).toEqual({ mode: "off", ns: 0 });
});

test("the timer advance's parameter is a switch from 6.12 on", () => {
  const why = (kernel: "linux-6.8" | "linux-6.12", lapic_timer_advance: "auto" | "off" | number) =>
    resolve({ kernel, kvm: { lapic_timer_advance } }).timerAdvance.why;
  expect([why("linux-6.8", "auto"), why("linux-6.8", "off"), why("linux-6.8", 700)].map((words) => words.split(":")[0])).toEqual([
    "lapic_timer_advance_ns=-1",
    "lapic_timer_advance_ns=0",
    "lapic_timer_advance_ns=700",
  ]);
  expect(why("linux-6.12", "auto")).toMatch(/^lapic_timer_advance=Y:/);
  expect(why("linux-6.12", "off")).toBe("lapic_timer_advance=N");
  expect(why("linux-6.12", 700)).toBe("as if lapic_timer_advance_ns=700 were still there: from 6.12 on it is a switch");
});

test("halt_poll_ns=0 is halt polling off", () => {
  expect(resolve({ kvm: { halt_poll_ns: 0 } }).haltPoll).toMatchObject({ mode: "off", maxNs: 0 });
  expect(resolve({ kvm: { halt_poll: "off" } }).haltPoll).toMatchObject({ mode: "off", maxNs: 0 });
  expect(resolve({}).haltPoll).toMatchObject({ mode: "adaptive", maxNs: 200_000, grow: 2, growStartNs: 10_000, shrink: 0 });
});
