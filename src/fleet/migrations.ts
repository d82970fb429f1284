/** All migrations of the fleet: those that run, step by step at their instants, and those that ended. */
import type { PlacedGuest } from "../kvm/placement.ts";
import { SpecError } from "../kvm/resolved.ts";
import type { SavedVm } from "../kvm/saved-vm.ts";
import { tenantName } from "../kvm/tenants.ts";
import { memoryPages } from "../kvm/vm-memory.ts";
import type { MigrateAction } from "./action.ts";
import { chooseDestination, locate, type Destination, type Floor, type LocatedVm, type Refusal } from "./destination.ts";
import { LOAD_NS, ROUNDS_MAX, STOP_NS, sendNs, type MigrationRecord } from "./migration.ts";
import { settled, type Residence } from "./residences.ts";

/** Older migrations that ended are forgotten. */
const ENDED_MAX = 200;

interface Running {
  record: MigrationRecord;
  readonly vm: LocatedVm;
  /** Where it will live. */
  readonly place: PlacedGuest;
  readonly bytesPerSecond: number;
  readonly downtimeLimitNs: number;
  /** When something happens next, and pages that have to be sent by then. */
  nextNs: number;
  pagesLeft: number;
  /** When QEMU asked the vCPUs to stop, and when their state was saved. */
  stoppedNs: number;
  savedNs: number;
  saved: SavedVm | null;
}

export class Migrations {
  private readonly floor: Floor;
  private running: readonly Running[] = [];
  private ended: readonly MigrationRecord[] = [];
  private begun = 0;

  constructor(floor: Floor) {
    this.floor = floor;
  }

  /** Running ones first, then those that ended, the latest first. */
  get records(): readonly MigrationRecord[] {
    return [...this.running.map(({ record }) => record), ...this.ended];
  }

  /** When the next step is due; Infinity when none runs. */
  get nextNs(): number {
    return this.running.reduce((next, { nextNs }) => Math.min(next, nextNs), Infinity);
  }

  /** Begins a migration, or refuses it. */
  begin(action: MigrateAction, nowNs: number): void {
    const vm = locate(action, this.floor);
    const found = "reason" in vm ? vm : this.choose(vm, action);
    const whose = "reason" in vm ? { home: action.from, vm: action.guest } : { home: vm.home, vm: vm.vm };
    const record: MigrationRecord = {
      id: ++this.begun,
      ...whose,
      guest: action.guest,
      from: action.from,
      to: action.to,
      state: "precopy",
      reason: null,
      direction: found.direction,
      startedNs: nowNs,
      endedNs: null,
      rounds: 0,
      pages: 0,
      downtimeNs: null,
    };
    if ("reason" in found) this.end({ ...record, state: "refused", reason: found.reason, endedNs: nowNs });
    else if (!("reason" in vm)) this.start(vm, found, { ...record, to: found.host });
  }

  /** Takes the steps that are due at `nowNs`, in the order in which the migrations began. */
  step(nowNs: number): void {
    for (const one of this.running) {
      if (one.nextNs > nowNs) continue;
      if (one.record.state === "precopy") this.round(one, nowNs);
      else if (one.record.state === "stopping") this.stopped(one, nowNs);
      else this.arrive(one, nowNs);
    }
  }

  private choose(vm: LocatedVm, action: MigrateAction): Destination | Refusal {
    const isMoving = this.running.some((one) => one.vm.home === vm.home && one.vm.vm === vm.vm);
    if (isMoving) return { reason: "it is on its way already", direction: "same" };
    const reserved = (host: string): PlacedGuest[] => this.running.filter(({ record }) => record.to === host).map(({ place }) => place);
    return chooseDestination(vm, action, this.floor, reserved);
  }

  private start(vm: LocatedVm, { place }: Destination, record: MigrationRecord): void {
    const { from, to, startedNs } = record;
    const [here, there] = [this.floor.own(from), this.floor.own(to)].map((host) => host?.spec.migration);
    const bytesPerSecond = Math.min(here?.max_bandwidth ?? Infinity, there?.max_bandwidth ?? Infinity) * 2 ** 20;
    const downtimeLimitNs = (here?.downtime_limit ?? 0) * 1e6;
    const pagesLeft = memoryPages(vm.spec);
    this.floor.host(from)?.manage(startedNs, (kvm) => kvm.control.startDirtyLog(vm.name));
    const nextNs = startedNs + sendNs(pagesLeft, bytesPerSecond);
    const one: Running = { record, vm, place, bytesPerSecond, downtimeLimitNs, nextNs, pagesLeft, stoppedNs: 0, savedNs: 0, saved: null };
    this.running = [...this.running, one];
  }

  /** A round is over: another one, or the stop. */
  private round(one: Running, nowNs: number): void {
    const { vm, record } = one;
    const source = this.floor.host(record.from);
    const dirty = source?.manage(nowNs, (kvm) => kvm.control.fetchDirtyLog(vm.name)) ?? null;
    if (source === undefined || dirty === null) return this.finish(one, nowNs, VM_GONE);
    one.record = { ...record, rounds: record.rounds + 1, pages: record.pages + one.pagesLeft };
    one.pagesLeft = dirty;
    const leftNs = sendNs(dirty, one.bytesPerSecond);
    const reason = this.whyGiveUp(one, leftNs);
    if (reason !== null) {
      source.manage(nowNs, (kvm) => kvm.control.stopDirtyLog(vm.name));
      return this.finish(one, nowNs, reason);
    }
    if (leftNs > one.downtimeLimitNs) {
      one.nextNs = nowNs + leftNs;
      return;
    }
    source.manage(nowNs, (kvm) => kvm.control.pause(vm.name));
    one.stoppedNs = nowNs;
    one.nextNs = nowNs + STOP_NS;
    one.record = { ...one.record, state: "stopping" };
  }

  private whyGiveUp({ record, pagesLeft, downtimeLimitNs }: Running, leftNs: number): string | null {
    if (this.floor.host(record.to)?.isRunning !== true) return `host ${record.to} is gone`;
    if (leftNs <= downtimeLimitNs || record.rounds < ROUNDS_MAX) return null;
    return `it does not converge: after ${ROUNDS_MAX} rounds the guest still dirties ${pagesLeft} pages in one, more than downtime_limit allows`;
  }

  /** All vCPUs have stopped: the VM is taken out, and the rest of its memory goes after it. */
  private stopped(one: Running, nowNs: number): void {
    const { vm, record } = one;
    const source = this.floor.host(record.from);
    const late = source?.manage(nowNs, (kvm) => (kvm.control.fetchDirtyLog(vm.name) === null ? null : kvm.control.isPaused(vm.name)));
    if (source === undefined || late === undefined || late === null) return this.finish(one, nowNs, VM_GONE);
    if (!late) {
      one.nextNs = nowNs + STOP_NS;
      return;
    }
    this.settle(one, { host: null, place: one.place });
    const without = this.floor.present(record.from);
    one.saved = without === undefined ? null : source.manage(nowNs, (kvm) => kvm.control.takeOut(vm.name, without));
    one.savedNs = nowNs;
    one.nextNs = nowNs + sendNs(one.pagesLeft, one.bytesPerSecond) + LOAD_NS;
    one.record = { ...record, state: "moving", pages: record.pages + one.pagesLeft };
  }

  /** The VM runs on at its destination, or where it came from when that is gone. */
  private arrive(one: Running, nowNs: number): void {
    const { from, to } = one.record;
    if (!this.isWanted(one)) return this.finish(one, nowNs, "its guest left the configuration on the way");
    if (this.landAt(one, to, one.place, nowNs)) return this.finish(one, nowNs, null);
    const back = this.landAt(one, from, one.vm.place, nowNs);
    if (!back) this.forget(one, nowNs);
    this.finish(one, nowNs, `host ${to} is gone, the VM ${back ? "went on where it was" : "boots at home"}`);
  }

  private landAt(one: Running, host: string, place: PlacedGuest, nowNs: number): boolean {
    const target = this.floor.host(host);
    if (target?.isRunning !== true || one.saved === null) return false;
    try {
      this.settle(one, { host, place });
    } catch (error) {
      if (error instanceof SpecError) return false;
      throw error;
    }
    const present = this.floor.present(host);
    if (present === undefined) return false;
    const name = tenantName(one.vm.vm, one.vm.home, host);
    target.rehost(present, nowNs, { name, saved: one.saved, elapsedNs: nowNs - one.savedNs });
    return true;
  }

  private isWanted({ vm }: Running): boolean {
    return this.floor.residences.some(({ home, vm: name }) => home === vm.home && name === vm.vm);
  }

  /** Says where the VM lives now; at home on its own CPUs it is no resident any more. */
  private settle({ vm }: Running, { host, place }: Pick<Residence, "host" | "place">): void {
    const others = this.floor.residences.filter(({ home, vm: name }) => home !== vm.home || name !== vm.vm);
    const usual = this.floor.own(vm.home)?.guests.find(({ name }) => name === vm.vm);
    const isBack = host === vm.home && usual !== undefined && usual.cpus.join() === place.cpus.join();
    const residence = { home: vm.home, vm: vm.vm, host, place };
    this.floor.residences = settled(isBack ? others : [...others, residence], this.floor.own);
  }

  /** The VM is lost on the way: it boots at home, if that is still there. */
  private forget({ vm }: Running, nowNs: number): void {
    this.floor.residences = this.floor.residences.filter(({ home, vm: name }) => home !== vm.home || name !== vm.vm);
    const present = this.floor.present(vm.home);
    if (present !== undefined) this.floor.host(vm.home)?.rehost(present, nowNs);
  }

  /** @param reason why it failed; null when it did not. */
  private finish(one: Running, nowNs: number, reason: string | null): void {
    this.running = this.running.filter((other) => other !== one);
    const downtimeNs = reason === null ? nowNs - one.stoppedNs : null;
    this.end({ ...one.record, state: reason === null ? "completed" : "failed", reason, endedNs: nowNs, downtimeNs });
  }

  /** The host that the VM left, or should have left, counts it. */
  private end(record: MigrationRecord & { readonly state: "completed" | "failed" | "refused" }): void {
    this.ended = [record, ...this.ended].slice(0, ENDED_MAX);
    this.floor.host(record.from)?.countMigration(record.direction, record.state, record.downtimeNs);
  }
}

const VM_GONE = "the VM was stopped or restarted";
