/** The network device of a VM whose packets go to another VM of the host. */
export interface Link<Peer> {
  /** The vCPU that takes the other VM's interrupts. */
  readonly peer: Peer;
  /** CPUs of the two vhost workers. */
  readonly worker: number;
  readonly peerWorker: number;
}
