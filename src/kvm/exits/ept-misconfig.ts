import type { Exit } from "../exit.ts";

/** MMIO: a virtio doorbell taken by ioeventfd in the kernel, or a device that QEMU emulates. */
export const eptMisconfig = {
  vmxReason: 49,
  doc: "MMIO: a virtio doorbell taken by ioeventfd in the kernel, or a device that QEMU emulates.",
  cells: [
    { msr: "", path: "kernel" },
    { msr: "", path: "userspace" },
  ],
  capable: {},
  // The fast MMIO bus is tried before the page-fault handler that asks for a flush; QEMU's part asks for one.
  flushesL1d: false,
  source: "vmx.c handle_ept_misconfig (KVM_FAST_MMIO_BUS first)",
} as const satisfies Exit;
