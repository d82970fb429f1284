/** A thread that was away from its CPU finds the caches and the TLB cold: those of KVM and of the scheduler, not the guest's. */
import { COLD_CACHES_HALF_NS, EXTRAS } from "../cost/paths.ts";

/** What a thread that was away for `sleptNs` pays in cold caches: more the longer it was, up to all of them. */
export const coldCaches = (sleptNs: number): number => (EXTRAS.coldCaches.value * sleptNs) / (sleptNs + COLD_CACHES_HALF_NS.value);
