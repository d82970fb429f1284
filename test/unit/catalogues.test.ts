import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { CPUS } from "../../src/hw/cpus.ts";
import { WORKLOADS } from "../../src/guest/workloads.ts";
import { EXITS } from "../../src/kvm/exits.ts";
import { KERNELS } from "../../src/kvm/kernels.ts";
import { MITIGATIONS } from "../../src/kvm/mitigations.ts";
import { PATCHES } from "../../src/kvm/patches.ts";

const FOLDERS: readonly (readonly [folder: string, catalogue: object])[] = [
  ["hw/cpus", CPUS],
  ["guest/workloads", WORKLOADS],
  ["kvm/exits", EXITS],
  ["kvm/kernels", KERNELS],
  ["kvm/mitigations", MITIGATIONS],
  ["kvm/patches", PATCHES],
];
const SRC = new URL("../../src/", import.meta.url);

test.each(FOLDERS)("every file of %s is in its catalogue, and only those", async (folder, catalogue) => {
  const entries = new Set<unknown>(Object.values(catalogue));
  const files = readdirSync(new URL(folder, SRC));
  expect(files.length).toBe(entries.size);
  for (const file of files) {
    const exported = (await import(new URL(`${folder}/${file}`, SRC).href)) as Readonly<Record<string, unknown>>;
    expect(
      Object.values(exported).some((value) => entries.has(value)),
      `${folder}/${file} exports no entry of its catalogue: add a line to ${folder}.ts`,
    ).toBe(true);
  }
});

test.each<readonly [string, Readonly<Record<string, { readonly name: string }>>]>([
  ["hw/cpus", CPUS],
  ["kvm/kernels", KERNELS],
  ["kvm/patches", PATCHES],
])("the entries of %s carry the name they are listed under", (_, catalogue) => {
  for (const [key, entry] of Object.entries(catalogue)) expect(entry.name).toBe(key);
});

test("each mitigation is listed under its file in sysfs", () => {
  for (const [key, entry] of Object.entries(MITIGATIONS)) expect(entry.vulnerability).toBe(key);
});
