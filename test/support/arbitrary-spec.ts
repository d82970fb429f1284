/** Random host specifications that can be resolved: every switch in every position, guests that fit. */
import * as fc from "fast-check";
import { CPU_NAMES, type CpuName, CPUS } from "../../src/hw/cpus.ts";
import { WORKLOAD_NAMES } from "../../src/guest/workloads.ts";
import type { DisabledExit, GuestSpec, HostSpec } from "../../src/kvm/host-spec.ts";
import { KERNEL_NAMES, type KernelName, KERNELS } from "../../src/kvm/kernels.ts";
import { PATCH_NAMES } from "../../src/kvm/patches.ts";
import { guestSpec, hostSpec } from "./host-spec.ts";

const onOffAuto = fc.constantFrom("auto", "on", "off");
const autoOff = fc.constantFrom("auto", "off");
/** Lists that every host of 16 CPUs and more has. */
const cpuList = fc.constantFrom<boolean | string>(false, true, "2-9", "1,3,8-15");
const disabledExits = fc.subarray<DisabledExit>(["hlt", "mwait", "pause", "cstate"]);

const guest: fc.Arbitrary<GuestSpec> = fc
  .record({
    count: fc.integer({ min: 1, max: 2 }),
    vcpus: fc.integer({ min: 1, max: 2 }),
    workload: fc.constantFrom(...WORKLOAD_NAMES),
    cpu_pm: fc.constantFrom("inherit" as const, true, false),
    apic: fc.constantFrom("x2apic", "x2apic-cluster", "xapic"),
    nohz: fc.boolean(),
    mitigations: autoOff,
    vpmu: fc.boolean(),
    pku: fc.boolean(),
    pv: fc.record({ ipi: fc.boolean(), eoi: fc.boolean(), haltpoll: fc.boolean() }),
    assigned_device: fc.boolean(),
    disable_exits: fc.oneof(fc.constant("inherit" as const), disabledExits),
    kernel: fc.constantFrom(...KERNEL_NAMES),
    timer: fc.constantFrom("tsc_deadline", "tsc_deadline", "lapic", "hv_stimer"),
  })
  .map(guestSpec);

/** Three kinds of guests at most; the first may ask for isolated CPUs where there are any. */
const guests = (isolated: boolean): fc.Arbitrary<Readonly<Record<string, GuestSpec>>> =>
  fc
    .tuple(fc.array(guest, { maxLength: 3 }), fc.boolean())
    .map(([kinds, asks]) =>
      Object.fromEntries(kinds.map((kind, i) => [`guest${i}`, i === 0 && isolated && asks ? { ...kind, placement: "isolated" } : kind])),
    );

const fastpath = fc.record({ preemption_timer: onOffAuto, tsc_deadline: onOffAuto, icr: onOffAuto, hlt: onOffAuto, invd: onOffAuto });
const kvm = fc.record({
  pi_inject_timer: onOffAuto,
  preemption_timer: onOffAuto,
  enable_apicv: onOffAuto,
  enable_ipiv: onOffAuto,
  avic: onOffAuto,
  // Where the CPU keeps the deadline, nothing else about timers is tried.
  apic_timer_virt: fc.constantFrom(false, false, false, true),
  halt_poll_ns: fc.constantFrom(0, 50_000, 200_000),
  halt_poll: fc.constantFrom("off", "always", "adaptive"),
  lapic_timer_advance: fc.constantFrom<"auto" | "off" | "adaptive" | number>("auto", "off", "adaptive", 700),
});
const mitigations = fc.record({
  all: autoOff,
  taa: autoOff,
  mds: autoOff,
  l1tf: fc.constantFrom("auto", "off", "cond", "always", "never"),
  spectre_v2: fc.constantFrom("auto", "off", "retpoline", "ibrs", "eibrs", "eibrs,retpoline", "eibrs,lfence"),
  retbleed: fc.constantFrom("auto", "off", "ibrs", "stuff", "unret", "ibpb"),
  meltdown: autoOff,
  mmio_stale_data: autoOff,
  vmscape: fc.constantFrom("auto", "off", "ibpb"),
  bhi: fc.constantFrom("auto", "off", "on", "vmexit"),
  srso: fc.constantFrom("auto", "off", "microcode", "safe-ret", "ibpb", "ibpb-vmexit"),
  tsa: fc.constantFrom("auto", "off", "on", "user", "vm"),
  its: fc.constantFrom("auto", "off", "on", "vmexit", "stuff"),
  gds: fc.constantFrom("auto", "off", "force"),
  itlb_multihit: autoOff,
  spec_store_bypass: fc.constantFrom("auto", "off", "prctl", "seccomp"),
  microcode: fc.constantFrom("current", "old"),
  spec_ctrl_toggle: onOffAuto,
});

/** Patches that apply to a kernel: no fix of a posted timer that the kernel does not have. */
const patchesOf = (kernel: KernelName): fc.Arbitrary<HostSpec["patches"]> => {
  const postsTimers = KERNELS[kernel].traits.postedTimer !== "absent";
  return fc.shuffledSubarray(PATCH_NAMES.filter((name) => postsTimers || !name.startsWith("timer-pi-")));
};

/** A specification with every key drawn; at least 16 CPUs, so that all guests fit. */
const specOn = (cpus: readonly CpuName[]): fc.Arbitrary<HostSpec> =>
  fc
    .record({
      cpu: fc.constantFrom(...cpus),
      cpus: fc.integer({ min: 16, max: 64 }),
      kernel: fc.constantFrom(...KERNEL_NAMES),
      scenario: fc.constantFrom("public-cloud", "enterprise-cloud"),
      cpu_pm: fc.boolean(),
      cmdline: fc.record({ nohz_full: cpuList, isolcpus: cpuList }),
      device_interrupts_per_second: fc.constantFrom(0, 6, 1000),
      smis_per_second: fc.constantFrom(0, 0, 300, 1000),
      smt: fc.boolean(),
      turbo: fc.boolean(),
      tsx: onOffAuto,
      fastpath,
      kvm,
      mitigations,
    })
    .chain((keys) => {
      const isolated = keys.cmdline.nohz_full !== false || keys.cmdline.isolcpus !== false;
      return fc.record({ patches: patchesOf(keys.kernel), guests: guests(isolated) }).map((rest) => hostSpec({ ...keys, ...rest }));
    });

export const arbitrarySpec: fc.Arbitrary<HostSpec> = specOn(CPU_NAMES);

/** What the oracle can play: it knows no SMIs, which stop all CPUs wherever they are. Property tests hold those. */
export const oracleSpec: fc.Arbitrary<HostSpec> = arbitrarySpec.map((spec) => ({ ...spec, smis_per_second: 0 }));

/** An AMD host. */
export const arbitraryAmdSpec: fc.Arbitrary<HostSpec> = specOn(CPU_NAMES.filter((name) => CPUS[name].vendor === "amd"));
