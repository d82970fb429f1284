import * as fc from "fast-check";
import { expect, test } from "vitest";
import { KERNEL_NAMES } from "../../../src/kvm/kernels.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import type { ResolvedHost } from "../../../src/kvm/resolved.ts";
import { canPostTimer, canUseHvTimer, timerInputs } from "../../../src/kvm/timer-predicates.ts";
import { arbitrarySpec } from "../../support/arbitrary-spec.ts";
import { hostSpec } from "../../support/host-spec.ts";

/** Every vCPU of a host with the inputs of its predicates. */
const vcpusOf = (host: ResolvedHost) => host.guests.flatMap((guest) => guest.cpus.map((cpu) => timerInputs(host, guest, cpu)));

test("no vCPU may both use the hv timer and be posted to", () => {
  fc.assert(
    fc.property(arbitrarySpec, (spec) => {
      for (const v of vcpusOf(resolveHost(spec))) expect(canPostTimer(v) && canUseHvTimer(v)).toBe(false);
    }),
  );
});

test("with the fix, a VM without disabled exits is never posted to, whatever the command line says", () => {
  fc.assert(
    fc.property(arbitrarySpec, (spec) => {
      const host = resolveHost(spec);
      fc.pre(host.traits.postedTimer === "disabled_exits");
      for (const guest of host.guests.filter(({ hltInGuest, mwaitInGuest }) => !hltInGuest && !mwaitInGuest)) {
        expect(guest.canPostTimer.value).toBe(false);
      }
    }),
  );
});

test("isolcpus of the scheduler's domains never changes pi_inject_timer; nohz_full alone turns it on", () => {
  fc.assert(
    fc.property(arbitrarySpec, fc.constantFrom<boolean | string>(false, true, "2-9"), (spec, isolcpus) => {
      const automatic = { ...spec, guests: {}, kvm: { ...spec.kvm, pi_inject_timer: "auto" as const } };
      const without = resolveHost({ ...automatic, cmdline: { ...spec.cmdline, isolcpus: false } });
      const withIsolcpus = resolveHost({ ...automatic, cmdline: { ...spec.cmdline, isolcpus } });
      expect(withIsolcpus.piInjectTimer).toEqual(without.piInjectTimer);
      if (spec.cmdline.nohz_full !== false) expect(without.piInjectTimer.value).toBe(without.traits.postedTimer !== "absent");
    }),
  );
});

test("isolcpus=nohz turns pi_inject_timer on from 6.16 on, and on no kernel before", () => {
  for (const kernel of KERNEL_NAMES) {
    const { piInjectTimer } = resolveHost(hostSpec({ kernel, cmdline: { isolcpus: "nohz,domain,8-15" } }));
    expect(piInjectTimer.value, kernel).toBe(kernel === "linux-6.16" || kernel === "linux-6.18");
  }
});

test("every decision of every host has a reason", () => {
  fc.assert(
    fc.property(arbitrarySpec, (spec) => {
      const host = resolveHost(spec);
      const decided = [host.piInjectTimer, host.preemptionTimer, host.apicv, host.ipiVirtualization, host.timerAdvance];
      const ofGuests = host.guests.flatMap((guest) => [guest.apicvActive, guest.usesSpecCtrl, guest.timerMode]);
      const whys = [...decided, ...ofGuests, ...Object.values(host.fastpath), ...Object.values(host.vulnerabilities)].map(({ why }) => why);
      for (const why of [...whys, host.entryWork.verwWhy, host.entryWork.l1dFlushWhy]) expect(why).toMatch(/^\S.{5,}[^.]$/);
    }),
  );
});

test("VERW and sysfs agree: a mitigated buffer bug is covered by VERW or by the L1D flush", () => {
  fc.assert(
    fc.property(arbitrarySpec, (spec) => {
      const { vulnerabilities, entryWork } = resolveHost(spec);
      const { mds, tsx_async_abort: taa, tsa } = vulnerabilities;
      const claimed = [mds, taa].some(({ sysfs }) => sysfs.startsWith("Mitigation: Clear CPU buffers"));
      if (claimed) expect(entryWork.verw === "clears_buffers" || entryWork.l1dFlush !== "never").toBe(true);
      if (entryWork.verw === "clears_buffers") expect(claimed || tsa.sysfs.startsWith("Mitigation: Clear CPU buffers")).toBe(true);
    }),
  );
});
