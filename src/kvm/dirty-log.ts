/**
 * The dirty log of a VM that is migrated: which pages its guest has written to since QEMU asked
 * last, and what finding that out costs the guest.
 *
 *   write protection   the first write to each page exits (EPT_VIOLATION, npf), and makes it writable
 *   PML                the CPU logs the first write to each page itself, 512 entries a vCPU; each exit that
 *                      leaves the inner loop empties the log, and a full one exits for that (PML_FULL)
 *
 * Huge pages are split into 4 KiB when logging begins: all at once (eager_page_split), or each
 * page by the fault of its first write, with PML as well. Whenever QEMU fetches the log, all that
 * was dirty is protected again, and each running vCPU is kicked to flush its TLB or its PML.
 *
 * The guest's writes are a Poisson process of its running time, spread evenly over a working set: the more
 * of it is dirty, the fewer writes are first ones. Simplified: reads of a huge page that was split
 * by a fault do not fault; a page outside the working set is not written at all.
 *
 * Linux arch/x86/kvm/mmu/mmu.c kvm_mmu_slot_remove_write_access, fast_page_fault; mmu/tdp_mmu.c
 * kvm_tdp_mmu_try_split_huge_pages; vmx.c vmx_flush_pml_buffer, handle_pml_full; x86.c
 * kvm_arch_sync_dirty_log; QEMU migration/ram.c migration_bitmap_sync.
 */
import { NEVER, type Instant } from "../lib/units.ts";
import { exponential } from "../sim/samplers.ts";
import type { Stream } from "../sim/random.ts";
import { KIND } from "./exit-kinds.ts";

/** Entries of a vCPU's log (PML_ENTITY_NUM). */
const PML_ENTRIES = 512;
/** Entries are counted in shares of a page: sums of them are off by less than this. */
const ROUNDING = 1e-6;

/** What a vCPU shows of itself here. */
interface Writer {
  readonly program: { readonly runCycles: number };
  stepAt: Instant;
  hasExtras: boolean;
  handlerCycles: number;
}

export interface DirtyLogSettings {
  /** Pages that the guest writes to again and again. */
  readonly hotPages: number;
  /** Writes to one of them in a cycle of a running vCPU. */
  readonly writesPerCycle: number;
  readonly pml: boolean;
  /** All huge pages are split when logging begins. */
  readonly eagerSplit: boolean;
  /** Cycles to take an entry out of a PML and mark its page. */
  readonly entryCycles: number;
  readonly draws: Stream;
}

export class DirtyLog {
  readonly settings: DirtyLogSettings;
  /** Pages of the working set that the next write dirties, and those of them that have to be mapped by a fault first. */
  private clean: number;
  private unmapped: number;
  /** Pages that QEMU has yet to hear of; with PML the share of one that is under way counts. */
  private dirty = -0;

  constructor(settings: DirtyLogSettings) {
    this.settings = settings;
    this.clean = settings.hotPages;
    this.unmapped = settings.eagerSplit ? 0 : settings.hotPages;
  }

  /** QEMU fetches the log: pages that were written to since the last time. */
  fetch(): number {
    const pages = Math.floor(this.dirty);
    this.dirty -= pages;
    this.clean = this.settings.hotPages - this.dirty;
    return pages;
  }

  /** Faults in a cycle of a running vCPU. */
  get faultsPerCycle(): number {
    const { writesPerCycle, hotPages, pml } = this.settings;
    return (writesPerCycle * (pml ? this.unmapped : this.clean)) / hotPages;
  }

  /** Pages that the CPU logs by itself in such a cycle. */
  get entriesPerCycle(): number {
    const { writesPerCycle, hotPages, pml } = this.settings;
    return pml ? (writesPerCycle * (this.clean - this.unmapped)) / hotPages : 0;
  }

  /** The CPU logged pages; returns how many there were. */
  logged(entries: number): number {
    const pages = Math.min(entries, this.clean - this.unmapped);
    this.clean -= pages;
    this.dirty += pages;
    return pages;
  }

  /** A write faulted; returns the kind of the exit. */
  faulted(): number {
    const { pml, draws } = this.settings;
    const maps = this.unmapped >= 1 && (pml || draws.next() * this.clean < this.unmapped);
    if (maps) this.unmapped--;
    if (this.clean >= 1) {
      this.clean--;
      this.dirty++;
    }
    return maps ? KIND.eptViolation : KIND.writeProtection;
  }
}

/** What one vCPU writes. */
export class VcpuWrites {
  readonly log: DirtyLog;
  /** Cycles of the stretch of computation that follow the write at which it is broken off; 0 when it is not. */
  rest = -0;
  /** Entries of its page-modification log. */
  private entries = -0;
  /** Since when those of the stretch under way are not counted, and how fast they come. */
  private since: Instant = NEVER;
  private entriesPerCycle = -0;
  /** What the stretch is broken off for. */
  private fills = false;

  constructor(log: DirtyLog) {
    this.log = log;
  }

  /** The vCPU starts a stretch of computation: it may have to be broken off at a write. */
  runs(vcpu: Writer, now: Instant): void {
    const { log } = this;
    this.since = now;
    this.entriesPerCycle = log.entriesPerCycle;
    const fault = exponential(log.settings.draws.next(), 1 / log.faultsPerCycle);
    const full = Math.max(1, Math.ceil((PML_ENTRIES - this.entries) / this.entriesPerCycle));
    const gap = Math.min(fault, full);
    this.fills = full <= fault;
    if (gap >= vcpu.program.runCycles) return;
    this.rest = vcpu.program.runCycles - gap;
    vcpu.stepAt = (now + gap) as Instant;
  }

  /** It has run up to `now`. */
  ran(now: Instant): void {
    if (this.since === NEVER) return;
    this.entries += this.log.logged((now - this.since) * this.entriesPerCycle);
    this.since = NEVER;
  }

  /** The write at which it was broken off; returns the kind of its exit. */
  write(now: Instant): number {
    this.ran(now);
    return this.fills ? KIND.pmlFull : this.log.faulted();
  }

  /** The stretch ends otherwise than at the write: cycles that it still has beyond that. */
  takeRest(): number {
    const { rest } = this;
    this.rest = 0;
    return rest;
  }

  /** vmx_flush_pml_buffer, at each exit that leaves the inner loop; returns the cycles that the exit takes longer. */
  flush(vcpu: Writer): number {
    const entries = Math.floor(this.entries + ROUNDING);
    if (entries === 0) return 0;
    this.entries = Math.max(0, this.entries - entries);
    const work = entries * this.log.settings.entryCycles;
    vcpu.hasExtras = true;
    vcpu.handlerCycles += work;
    return work;
  }

  shift(delta: number): void {
    this.since = (this.since + delta) as Instant;
  }
}
