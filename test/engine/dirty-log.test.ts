/** What it costs a guest that somebody watches its writes, and what that finds. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KvmHost } from "../../src/kvm/host.ts";
import type { GuestSpec } from "../../src/kvm/host-spec.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import type { KernelName } from "../../src/kvm/kernels.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { arbitrarySpec } from "../support/arbitrary-spec.ts";
import { namedCounters } from "../support/counter-names.ts";
import { hostSpec, type HostOverrides } from "../support/host-spec.ts";

const VM = "g-1";
const SECOND = 2.5e9;

interface Watched {
  readonly host?: HostOverrides;
  readonly guest?: Partial<GuestSpec>;
  /** Cycles between two looks of QEMU. */
  readonly looks?: readonly number[];
  readonly watch?: boolean;
}

/** A guest that never halts, so that its running time is its time, watched for half a second. */
function run({ host, guest, looks = [SECOND / 4, SECOND / 4], watch = true }: Watched) {
  const busy = { vcpus: 2, workload: "packets", dirty_rate: 100, ...guest } as const;
  const kvm = new KvmHost(resolveHost(hostSpec({ cpus: 8, ...host, guests: { g: busy } })), 3);
  kvm.advance(1e6);
  if (watch) kvm.control.startDirtyLog(VM);
  let now = 1e6;
  const pages = looks.map((gap) => {
    kvm.advance((now += gap));
    return kvm.control.fetchDirtyLog(VM);
  });
  kvm.advance(now + 1e6);
  const counters = namedCounters(viewCounters(kvm));
  const exits = (label: string): number => Number(counters.get(`exits ${label}`) ?? 0n);
  return { pages, counters, violations: exits("EPT_VIOLATION kernel"), full: exits("PML_FULL kernel"), kvm };
}

/** CPUs without a tick: nothing but the guest's own exits, which its fastpaths keep in the inner loop. */
const isolated = (kernel: KernelName): Watched => ({
  host: { kernel, cmdline: { nohz_full: "2-7" }, kvm: { pi_inject_timer: "off" } },
  guest: { placement: "isolated" },
});

const MIB = 256;
/** Two vCPUs' working set of 64 MiB each, of which a quarter of a second dirties 25 MiB: most writes are first ones. */
const firstWrites = 2 * 64 * MIB * (1 - Math.exp(-25 / 128));
const near = (value: number, share: number) => ({ low: value * (1 - share), high: value * (1 + share) });

describe("a dirty log", () => {
  it("without PML protects pages, and each first write to one exits", () => {
    const { pages, violations, full, kvm } = run({ host: { cpu: "haswell-ep", kernel: "linux-5.18", ghz: 2.5 } });
    for (const found of pages) {
      expect(found).toBeGreaterThan(near(firstWrites, 0.05).low);
      expect(found).toBeLessThan(near(firstWrites, 0.05).high);
    }
    const [first, second] = pages as number[];
    // What was written since the last look is in the log by now, too.
    expect(violations).toBe(first! + second! + kvm.control.fetchDirtyLog(VM)!);
    expect(full).toBe(0);
  });

  it("with PML lets the CPU log the same pages: an exit for 512 of them at most", () => {
    const { pages, violations, full } = run(isolated("linux-5.18"));
    for (const found of pages) {
      expect(found).toBeGreaterThan(near(firstWrites, 0.05).low);
      expect(found).toBeLessThan(near(firstWrites, 0.05).high);
    }
    expect(violations).toBe(0);
    const entries = pages[0]! + pages[1]!;
    expect(full * 512).toBeLessThanOrEqual(entries);
    expect(full * 512).toBeGreaterThan(0.8 * entries);
    // A host tick leaves the inner loop, which empties a log of some fifty entries.
    expect(run({ host: { kernel: "linux-5.18" } }).full).toBe(0);
  });

  it("with PML and without it finds the same in the long run", () => {
    const total = (host: HostOverrides): number => run({ host }).pages.reduce<number>((sum, found) => sum + found!, 0);
    const [logged, protectedOnes] = [total({ kernel: "linux-6.1" }), total({ kernel: "linux-6.1", kvm: { pml: "off" } })];
    // Protection slows the writer down.
    expect(logged).toBeGreaterThan(protectedOnes);
    expect(logged).toBeLessThan(1.06 * protectedOnes);
  });

  it("has each page of a huge one mapped by a fault once, on kernels that do not split them at once", () => {
    const late = run(isolated("linux-5.15"));
    const eager = run(isolated("linux-5.18"));
    expect(eager.violations).toBe(0);
    // Never more faults than pages, and fewer in the second round: those of the first are mapped.
    const [first, second] = late.pages as number[];
    expect(late.violations).toBeLessThan(first! + second!);
    expect(late.violations).toBeGreaterThan(first!);
    expect(late.full).toBeLessThan(eager.full);
  });

  it("finds nothing of a guest that sleeps, and nothing that is not written", () => {
    expect(run({ guest: { dirty_rate: 0 } }).pages).toEqual([0, 0]);
    const { pages } = run({ guest: { workload: "idle", dirty_rate: "auto" } });
    expect(pages[0]).toBeLessThan(20);
  });

  it("never finds more than the working set, nor than the memory", () => {
    const { pages } = run({ guest: { memory_gb: 0.01, dirty_rate: 5000 }, host: { kernel: "linux-5.18" } });
    expect(pages[1]).toBe(Math.ceil(0.01 * 1024 * MIB));
  });

  it("costs a guest nothing that is not watched", () => {
    const plain = run({ watch: false });
    expect(plain.pages).toEqual([null, null]);
    expect([plain.violations, plain.full]).toEqual([0, 0]);
  });

  it("slows the guest down more by protection than by PML", () => {
    const guestTime = (watched: Watched): number => Number(run(watched).counters.get("vcpu guest"));
    const host = { kernel: "linux-6.1" } as const;
    const [plain, pml, protectedOnes] = [
      guestTime({ host, watch: false }),
      guestTime({ host }),
      guestTime({ host: { ...host, kvm: { pml: "off" } } }),
    ];
    expect(pml).toBeLessThan(plain);
    expect(protectedOnes).toBeLessThan(0.99 * pml);
  });
});

describe("a host on which any VMs are watched", () => {
  it("conserves time and cycles, and does the same however its time is sliced", () => {
    const watched = (slices: number) => (spec: Parameters<typeof resolveHost>[0], seed: number) => {
      const host = new KvmHost(resolveHost(spec), seed);
      const END = 12_000_000;
      for (let slice = 1; slice <= slices; slice++) {
        host.advance((END / slices) * slice);
        if (slice === slices / 4) for (const { name } of host.vms) host.control.startDirtyLog(name);
        if (slice === slices / 2) for (const { name } of host.vms) host.control.fetchDirtyLog(name);
        if (slice === (3 * slices) / 4) for (const { name } of host.vms.slice(1)) host.control.stopDirtyLog(name);
      }
      const pages = host.vms.map(({ name }) => host.control.fetchDirtyLog(name));
      return { counters: namedCounters(viewCounters(host), host.resolved.cpu.vendor), pages, vcpus: host.vcpus.length, end: END };
    };
    fc.assert(
      fc.property(arbitrarySpec, fc.integer(), (spec, seed) => {
        const coarse = watched(4)(spec, seed);
        expect(watched(400)(spec, seed)).toEqual(coarse);
        const sum = (prefix: string): bigint =>
          [...coarse.counters].reduce((total, [name, value]) => (name.startsWith(prefix) ? total + value : total), 0n);
        expect(sum("component ")).toBe(sum("cycles "));
        expect(sum("vcpu ")).toBe(BigInt(coarse.vcpus * coarse.end));
      }),
      { numRuns: 30 },
    );
  });
});
