import { Stream } from "../sim/random.ts";

/** Random draws of one vCPU, one stream per kind of event. */
export class VcpuDraws {
  readonly arrival: Stream;
  readonly quiet: Stream;
  readonly soft: Stream;
  readonly work: Stream;
  readonly remote: Stream;
  readonly preempt: Stream;
  readonly doorbell: Stream;
  readonly gap: Stream;
  readonly kind: Stream;

  constructor(seed: number, name: string) {
    const stream = (what: string): Stream => new Stream(seed, `${name}/${what}`);
    this.arrival = stream("arrival");
    this.quiet = stream("quiet");
    this.soft = stream("soft");
    this.work = stream("work");
    this.remote = stream("remote");
    this.preempt = stream("preempt");
    this.doorbell = stream("doorbell");
    this.gap = stream("gap");
    this.kind = stream("kind");
  }
}
