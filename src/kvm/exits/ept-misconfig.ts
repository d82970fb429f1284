import type { Exit } from "../exit.ts";

/** MMIO: a virtio doorbell taken by ioeventfd in the kernel, or a device that QEMU emulates. */
export const eptMisconfig = {
  vmx: { name: "EPT_MISCONFIG", number: 49 },
  svm: { name: "npf", number: 0x400 },
  doc: "MMIO: a virtio doorbell taken by ioeventfd in the kernel, or a device that QEMU emulates.",
  cells: [
    { msr: "", path: "kernel" },
    { msr: "", path: "userspace" },
  ],
  capable: {},
  // The fast MMIO bus is tried before the page-fault handler that asks for a flush; QEMU's part asks for one.
  flushesL1d: false,
  source: "vmx.c handle_ept_misconfig (KVM_FAST_MMIO_BUS first); mmu.c handle_mmio_page_fault",
} as const satisfies Exit;
