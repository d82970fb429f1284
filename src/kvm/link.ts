/** The network device of a VM whose packets go to another VM of the host. */
import type { Vcpu } from "./vcpu.ts";

export interface Link {
  /** The vCPU that takes the other VM's interrupts. */
  readonly peer: Vcpu;
  /** CPUs of the two vhost workers. */
  readonly worker: number;
  readonly peerWorker: number;
}
