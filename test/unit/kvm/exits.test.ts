/** The catalogue of exit reasons: what each vendor's hardware calls them. */
import { describe, expect, it, test } from "vitest";
import type { Exit } from "../../../src/kvm/exit.ts";
import { cellOf, cellsOfKinds, EXIT_KINDS } from "../../../src/kvm/exit-kinds.ts";
import { ALL_SHOWN_CELLS, CELLS, SHOWN_CELLS, EXITS, NO_CELL } from "../../../src/kvm/exits.ts";

describe("exit reasons", () => {
  it("have one number for one name, on either vendor", () => {
    for (const vendor of ["vmx", "svm"] as const) {
      const forms = Object.values<Exit>(EXITS).flatMap((exit) => exit[vendor] ?? []);
      const numbers = new Map(forms.map(({ name, number }) => [name, number]));
      for (const { name, number } of forms) expect([name, number]).toEqual([name, numbers.get(name)]);
      expect(new Set(numbers.values()).size).toBe(numbers.size);
    }
  });

  it("are written in capitals by VMX and in small letters by SVM", () => {
    for (const { reason } of CELLS.intel) expect(reason).toBe(reason.toUpperCase());
    for (const { reason } of CELLS.amd) expect(reason).toBe(reason.toLowerCase());
  });

  it("are one and the same nested page fault on SVM, whatever caused it", () => {
    const { eptViolation, doorbell, apicAccess, mmio } = EXIT_KINDS;
    const kernel = [eptViolation, doorbell, apicAccess].map((kind) => cellOf(kind, "amd"));
    expect(kernel.map(({ reason, path }) => `${reason} ${path}`)).toEqual(["npf kernel", "npf kernel", "npf kernel"]);
    expect(cellOf(mmio, "amd")).toMatchObject({ reason: "npf", path: "userspace" });
    expect(new Set([eptViolation, doorbell, apicAccess].map((kind) => cellOf(kind, "intel").reason)).size).toBe(3);
  });

  it("exist on AMD without a preemption timer and a page-modification log, and on Intel without AVIC", () => {
    const { preemptionTimerReenter, avicIncompleteIpi } = EXIT_KINDS;
    expect(() => cellOf(preemptionTimerReenter, "amd")).toThrow("amd has no exits PREEMPTION_TIMER");
    expect(() => cellOf(avicIncompleteIpi, "intel")).toThrow("intel has no exits AVIC_INCOMPLETE_IPI");
    expect([...cellsOfKinds("amd")].filter((cell) => cell === NO_CELL)).toHaveLength(4);
  });
});

test("a host exports every cell that any of its guests can fill, the first ones of its vendor", () => {
  for (const vendor of ["intel", "amd"] as const) {
    expect(SHOWN_CELLS[vendor]).toEqual(CELLS[vendor].slice(0, SHOWN_CELLS[vendor].length));
    const rare = ALL_SHOWN_CELLS[vendor].slice(SHOWN_CELLS[vendor].length);
    expect(rare.map(({ reason }) => reason)).toEqual(vendor === "intel" ? ["PML_FULL", "DR_ACCESS"] : ["write_dr7"]);
    const hidden = CELLS[vendor].slice(ALL_SHOWN_CELLS[vendor].length);
    expect(hidden.map(({ reason, path }) => `${reason} ${path}`)).toEqual(
      vendor === "intel" ? ["INVD fastpath", "INVD kernel", "OTHER kernel"] : ["invd fastpath", "invd kernel", "other kernel"],
    );
  }
});
