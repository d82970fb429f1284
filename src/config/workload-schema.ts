/** The schema of `workloads/<name>.yaml`, and of a workload's name in a guest. */
import * as z from "zod";
import type { BackgroundOperation, Rhythm, Workload } from "../guest/workload.ts";
import { WORKLOAD_NAMES } from "../guest/workloads.ts";
import { decimal, integer, oneOf } from "./scalars.ts";

/** What a workload of one's own may be called. */
export const WORKLOAD_NAME = /^[a-z][a-z0-9._-]{0,39}$/;

/** A workload by name; that it exists shows only with the files of `workloads/`. */
export const workloadName = z
  .union([z.enum(WORKLOAD_NAMES), z.string().regex(WORKLOAD_NAME, { abort: true })], {
    error: "expected a workload of the catalogue, or of workloads/: a-z, 0-9, dots, _ and -, at most 40 characters",
  })
  .meta({ id: "workload" });

const RATE_MAX = 10_000_000;
const rate = (doc: string) => decimal(0, RATE_MAX).optional().describe(doc);
const chance = (doc: string) => decimal(0, 1).optional().describe(doc);
const text = (doc: string) => z.string({ error: "expected text" }).optional().describe(doc);

const backgroundShape = {
  cpuid: rate("CPUID"),
  port_io: rate("OUT to a device of QEMU"),
  mmio: rate("MMIO to a device of QEMU"),
  doorbell: rate("Doorbells (virtio notify, ioeventfd) besides those of pieces of work"),
  page_fault: rate("Touches of a page that the host has not mapped"),
  pause_loop: rate("Spinning with PAUSE until the PAUSE-loop window is exceeded"),
  level_eoi: rate("EOIs of a level-triggered interrupt of the IOAPIC"),
  hypercall: rate("Hypercalls"),
  other_msr: rate("Writes to an intercepted MSR that has no series of its own"),
  self_ipi: rate("IPIs to oneself: irq_work of Linux, deferred calls of Windows"),
  call_function: rate("Calls of a function on all other vCPUs, which interrupt them: TLB shootdowns, membarrier"),
  debug_register: rate("MOV to or from a debug register"),
  apic_register: rate("Writes to an intercepted register of the APIC besides timer, EOI and IPIs"),
  other: rate("Exits for reasons that have no rules here; they count as OTHER and have no series"),
} satisfies Record<BackgroundOperation, z.ZodType>;

const rhythmShape = {
  shape: oneOf(["steady", "bursts", "diurnal"]).optional().describe("steady; bursts: all or little; diurnal: up and down as a cosine"),
  period_s: decimal(0.001, 1e9).optional().describe("Length of a period, seconds from the guest's boot on"),
  busy_share: decimal(0.001, 1).optional().describe("Part of each period that is busy (bursts)"),
  quiet_load: decimal(0.001, 1).optional().describe("What is left of the demand at the quietest time"),
} satisfies Record<keyof Rhythm, z.ZodType>;

const workloadShape = {
  doc: text("What it stands for"),
  source: text("Where its figures come from"),
  requests_per_second: rate("Requests from outside that make a thread ready: virtio interrupts"),
  quiet_interrupts_per_second: rate("Interrupts of the device that make no thread ready"),
  work_ns: decimal(1, 1e12).optional().describe("Useful guest time of one piece of work"),
  work_cv: decimal(0, 10).optional().describe("Its coefficient of variation"),
  messages_per_vcpu: integer(0, 1000).optional().describe("Messages that circulate between the vCPUs of a guest"),
  busy_vcpus: z
    .union([z.literal("all"), z.int().min(0, { abort: true }).max(1024, { abort: true })], {
      error: "expected all | a whole number from 0 to 1024",
    })
    .optional()
    .describe("vCPUs with a thread that never sleeps"),
  remote_wake_chance: chance("Chance that a piece of work wakes a thread on another vCPU"),
  preempt_chance: chance("Chance that such a thread preempts what runs on a busy vCPU, which takes an IPI, too"),
  doorbell_chance: chance("Doorbells (virtio notify, ioeventfd) per piece of work that was asked for"),
  interval_ns: decimal(0, 1e12).optional().describe("Interval of a periodic high-resolution timer with its own thread; 0: none"),
  soft_timers_per_second: rate("Timer-wheel timers that expire"),
  rhythm: z.strictObject(rhythmShape).optional().describe("How requests and quiet interrupts come and go"),
  hyperv_apic: z
    .boolean({ error: "expected true | false" })
    .optional()
    .describe("The kernel reaches its APIC by Hyper-V's MSRs, which always exit (Windows with hv-vapic)"),
  background: z.strictObject(backgroundShape).optional().describe("Operations per second of guest compute"),
  writes: z
    .strictObject({
      mib_per_second: decimal(0, 1e6).describe("MiB a second that a running vCPU dirties"),
      working_set_mib: decimal(0.01, 1e6).describe("MiB among which its writes go"),
    })
    .optional()
    .describe("Memory that the guest writes to, which counts when it is migrated"),
} satisfies Record<keyof Workload, z.ZodType>;

/** Every key may be missing: then the guest does nothing of the kind. */
export const workloadFileSchema = z.strictObject(workloadShape);
