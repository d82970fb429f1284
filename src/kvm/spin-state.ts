/** What KVM remembers of a vCPU that spins with PAUSE (`vcpu_vmx.ple_window`, `kvm_vcpu.spin_loop`). */
export class SpinState {
  /** Cycles that it may spin before it exits; 0 is the module parameter's. */
  window = 0;
  /** It gave way in its last PAUSE exit and has not run since (in_spin_loop); every other time another one yields to it all the same. */
  gaveWay = false;
  eligible = false;
  /** Number of the vCPU that its hypercall yields to, or -1. */
  yieldsTo = -1;
  /** Of a VM's first vCPU: the one that a directed yield reached last (kvm->last_boosted_vcpu). */
  lastBoosted = 0;

  /** Its thread runs again. */
  scheduledIn(): void {
    this.window = 0;
    this.gaveWay = false;
  }
}
