import { expect, test } from "vitest";
import { completeHostSpec } from "../../src/config/defaults.ts";
import { diffSpecs, hardestEffect } from "../../src/config/diff.ts";
import type { HostSpecPatch } from "../../src/config/host-schema.ts";

const diff = (before: HostSpecPatch, after: HostSpecPatch) => diffSpecs(completeHostSpec(before), completeHostSpec(after));

test("equal specifications differ in nothing", () => {
  expect(diff({ guests: { web: {} } }, { guests: { web: {} } })).toEqual([]);
  expect(hardestEffect([])).toBe("live");
});

test.each<[string, HostSpecPatch, string]>([
  ["kvm.pi_inject_timer", { kvm: { pi_inject_timer: "on" } }, "live"],
  ["kvm.halt_poll_ns", { kvm: { halt_poll_ns: 0 } }, "live"],
  ["kvm.preemption_timer", { kvm: { preemption_timer: "off" } }, "module_reload"],
  ["kvm.enable_apicv", { kvm: { enable_apicv: "off" } }, "module_reload"],
  ["fastpath.icr", { fastpath: { icr: "off" } }, "module_reload"],
  ["cpu_pm", { cpu_pm: true }, "vm_restart"],
  ["kernel", { kernel: "c82" }, "host_reboot"],
  ["patches", { patches: ["rcuwait"] }, "host_reboot"],
  ["cmdline.nohz_full", { cmdline: { nohz_full: true } }, "host_reboot"],
  ["mitigations.all", { mitigations: { all: "off" } }, "host_reboot"],
  ["tsx", { tsx: "off" }, "host_reboot"],
])("%s says what it takes in reality", (key, after, takes) => {
  expect(diff({}, after)).toEqual([expect.objectContaining({ key, takes })]);
});

test("a change names the key with its value before and after", () => {
  expect(diff({ guests: { web: { disable_exits: ["hlt"] } } }, { guests: { web: { disable_exits: "inherit" } } })).toEqual([
    { key: "guests.web.disable_exits", before: ["hlt"], after: "inherit", takes: "vm_restart" },
  ]);
});

test("a guest that comes or goes is one change", () => {
  const changes = diff({ guests: { web: {} } }, { guests: { db: {} } });
  expect(changes.map(({ key, before, after }) => [key, before === null, after === null])).toEqual([
    ["guests.web", false, true],
    ["guests.db", true, false],
  ]);
});

test("the hardest of several changes is what the whole takes", () => {
  expect(hardestEffect(diff({}, { smt: false, fastpath: { icr: "off" }, cpu_pm: true }))).toBe("module_reload");
});
