/** A binary heap of events, the earliest on top: the textbook form. */

/** What can happen, in words. */
export type What =
  | "host interrupt"
  | "notification"
  | "hv timer"
  | "virtual timer"
  | "hrtimer"
  | "hrtimer callback"
  | "posting"
  | "arrival"
  | "guest step"
  | "effect"
  | "end"
  | "poll over"
  | "poll noticed"
  | "asleep"
  | "running"
  | "tick"
  | "device";

/** Order of simultaneous events of one actor. */
const SOURCE: Readonly<Record<What, number>> = {
  "host interrupt": 0,
  notification: 1,
  "hv timer": 2,
  "virtual timer": 2,
  hrtimer: 2,
  "hrtimer callback": 2,
  posting: 2,
  arrival: 3,
  "guest step": 4,
  effect: 4,
  end: 4,
  "poll over": 4,
  "poll noticed": 4,
  asleep: 4,
  running: 4,
  tick: 5,
  device: 6,
};

export interface OracleEvent {
  readonly at: number;
  /** vCPUs by number, then physical CPUs by number. */
  readonly actor: number;
  readonly what: What;
  /** Set instead of taking it out of the heap. */
  cancelled: boolean;
}

export class EventHeap {
  private readonly events: OracleEvent[] = [];

  push(event: OracleEvent): void {
    const { events } = this;
    events.push(event);
    let child = events.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!before(events[child]!, events[parent]!)) return;
      this.swap(child, parent);
      child = parent;
    }
  }

  /** The next event that was not cancelled, if it comes no later than `end`. */
  popUntil(end: number): OracleEvent | null {
    for (;;) {
      const top = this.events[0];
      if (top === undefined) return null;
      if (!top.cancelled && top.at > end) return null;
      this.removeTop();
      if (!top.cancelled) return top;
    }
  }

  private removeTop(): void {
    const { events } = this;
    const last = events.pop()!;
    if (events.length === 0) return;
    events[0] = last;
    let parent = 0;
    for (;;) {
      const left = 2 * parent + 1;
      let first = parent;
      if (left < events.length && before(events[left]!, events[first]!)) first = left;
      if (left + 1 < events.length && before(events[left + 1]!, events[first]!)) first = left + 1;
      if (first === parent) return;
      this.swap(first, parent);
      parent = first;
    }
  }

  private swap(a: number, b: number): void {
    const { events } = this;
    [events[a], events[b]] = [events[b]!, events[a]!];
  }
}

function before(a: OracleEvent, b: OracleEvent): boolean {
  return a.at - b.at < 0 || (a.at === b.at && (a.actor < b.actor || (a.actor === b.actor && SOURCE[a.what] < SOURCE[b.what])));
}
