/**
 * Random hosts whose guests share CPUs, with more vCPUs than CPUs most of the time; some guests have
 * CPUs of their own all the same. The oracle knows no run queues, so its specifications come from
 * `arbitrary-spec.ts` alone.
 */
import * as fc from "fast-check";
import type { GuestSpec, HostSpec } from "../../src/kvm/host-spec.ts";
import { arbitrarySpec } from "./arbitrary-spec.ts";

/** CPUs of each VM; the lists lie in the first socket of every host of 16 CPUs and more. */
const place = fc.record({
  dedicated: fc.boolean(),
  placement: fc.constantFrom("2", "2-3", "2-5", "3-4", "any", "housekeeping"),
});

const sharing = (guest: GuestSpec, { dedicated, placement }: { dedicated: boolean; placement: string }): GuestSpec => ({
  ...guest,
  dedicated,
  placement: dedicated ? "any" : placement,
});

/** At least one guest shares. */
export const arbitrarySharedSpec: fc.Arbitrary<HostSpec> = arbitrarySpec
  .filter(({ guests }) => Object.keys(guests).length > 0)
  .chain((spec) =>
    fc.array(place, { minLength: 3, maxLength: 3 }).map((places) => {
      const guests = Object.entries(spec.guests).map(([name, guest], i) => {
        const where = places[i]!;
        return [name, sharing(guest, i === 0 ? { ...where, dedicated: false } : where)] as const;
      });
      return { ...spec, guests: Object.fromEntries(guests) };
    }),
  );
