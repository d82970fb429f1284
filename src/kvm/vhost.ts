/**
 * vhost-net between two VMs on one bridge: a VM's notification wakes its worker thread, which
 * takes the packet out of the ring and pushes it through the bridge; the other VM's worker wakes,
 * copies the packet in, and the irqfd raises that VM's interrupt.
 *
 *   guest ─ doorbell (ioeventfd) ─▶ own worker ─ tun, bridge ─▶ peer's worker ─ irqfd ─▶ peer
 *
 * Linux drivers/vhost/net.c handle_tx, handle_rx; vhost.c vhost_poll_wakeup, vhost_worker;
 * virt/kvm/eventfd.c irqfd_wakeup. Simplified: each worker has a CPU without a vCPU to itself, where
 * its work counts as an interrupt's does; both stretches of work are laid out when the
 * notification comes; a worker never finds more than one packet.
 */
import { EXTRAS } from "../cost/paths.ts";
import type { Instant } from "../lib/units.ts";
import type { PhysicalCpus } from "./physical-cpus.ts";
import type { Vcpu } from "./vcpu.ts";

export interface VhostNeeds {
  readonly cpus: PhysicalCpus;
  /** From a physical IPI's sending to its arrival, host TSC cycles. */
  readonly ipiFlight: number;
  /** The waker's own cycles. */
  readonly wake: number;
  rekey(vcpu: Vcpu): void;
}

export class VhostNet {
  private readonly needs: VhostNeeds;

  constructor(needs: VhostNeeds) {
    this.needs = needs;
  }

  /** ioeventfd was signalled for the device of `vcpu`; returns what waking the worker takes the notifier. */
  notified({ link }: Vcpu, now: Instant): number {
    if (link === null) return 0;
    const { cpus, wake } = this.needs;
    const slept = cpus.busyUntilOf(link.worker) <= now;
    const sent = this.work(link.worker, now, EXTRAS.vhostTransmit.value, wake);
    const received = this.work(link.peerWorker, sent, EXTRAS.vhostReceive.value, wake);
    link.peer.program.arrivalAt = received;
    this.needs.rekey(link.peer);
    return slept ? wake : 0;
  }

  /** A worker that is woken at `now` does its part, then wakes the next; returns when it is done. */
  private work(cpu: number, now: Instant, cycles: number, wake: number): Instant {
    const { cpus, ipiFlight } = this.needs;
    return cpus.interrupt(cpu, (now + ipiFlight) as Instant, cpus.software(EXTRAS.scheduleIn.value + cycles) + wake);
  }
}
