/**
 * One VM on its way to another host, as QEMU's pre-copy does it:
 *
 *   round 1: all memory ─▶ round n: what was written to meanwhile ─▶ … ─▶ little is left: stop
 *     ─▶ all vCPUs have stopped: the rest, then the devices' state ─▶ runs on the destination
 *
 * Both hosts stand at the same instant whenever something passes between them, so that it does not
 * matter how time is sliced. A guest that writes faster than the link carries never gets to the end:
 * after `ROUNDS_MAX` rounds the migration is given up. Until its vCPUs have been taken out, the VM simply
 * runs on; when the destination is lost later, it goes on where it came from.
 *
 * QEMU migration/migration.c migration_thread, migration_completion; migration/ram.c
 * ram_save_iterate. Simplified: the link carries one migration at full speed however many there
 * are; pages of zeroes are sent like others; no throttling (auto-converge), no post-copy.
 */
import type { Direction, MigrationResult } from "../kvm/counters.ts";
import { PAGE_BYTES } from "../kvm/vm-memory.ts";

/** Nobody waits longer: assumed, as an operator's time-out. QEMU itself never gives up. */
export const ROUNDS_MAX = 30;
/** From QEMU's vm_stop to the state of all devices saved, and from there to the first entry: both assumed, of a small VM. */
export const STOP_NS = 1_000_000;
export const LOAD_NS = 9_000_000;

export type MigrationState = "precopy" | "stopping" | "moving" | MigrationResult;

/** A migration as it is published. */
export interface MigrationRecord {
  readonly id: number;
  /** The VM as its home knows it. */
  readonly home: string;
  readonly vm: string;
  /** Its name on the host that it leaves. */
  readonly guest: string;
  readonly from: string;
  /** A host; the host or group that was asked for, when it was refused. */
  readonly to: string;
  readonly state: MigrationState;
  /** Why it was refused or failed, else null. */
  readonly reason: string | null;
  readonly direction: Direction;
  readonly startedNs: number;
  readonly endedNs: number | null;
  /** Rounds of pre-copy so far, and pages sent with them and after the stop. */
  readonly rounds: number;
  readonly pages: number;
  readonly downtimeNs: number | null;
}

/** How long pages take on the link. */
export const sendNs = (pages: number, bytesPerSecond: number): number => Math.ceil(((pages * PAGE_BYTES) / bytesPerSecond) * 1e9);
