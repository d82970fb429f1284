/** Errors of schedules that only the whole configuration shows: names of hosts, groups and VMs, and overrides that could not be. */
import type { HostPlan } from "../fleet/action.ts";
import type { ConfigError, KeyPath } from "./error.ts";
import { setOf } from "./fault-override.ts";
import { effectOf } from "./fault-schema.ts";
import type { ScheduleInput } from "./fleet-schema.ts";
import type { PlanInput } from "./plan.ts";
import type { Placed } from "./read-file.ts";
import { nearest } from "./suggest.ts";
import { whatIf } from "./what-if.ts";

export function scheduleProblems(
  schedules: readonly Placed<ScheduleInput>[],
  layers: PlanInput,
  hosts: readonly HostPlan[],
): ConfigError[] {
  const names = schedules.map(({ value }) => value.name);
  return schedules.flatMap((placed, i) => [
    ...(names.indexOf(placed.value.name) < i ? [unexpected(placed, ["name"], "a name of its own", placed.value.name, [])] : []),
    ...migrationProblems(placed, hosts),
    ...overrideProblems(placed, layers),
    ...faultProblems(placed, layers),
  ]);
}

function migrationProblems(placed: Placed<ScheduleInput>, hosts: readonly HostPlan[]): ConfigError[] {
  const { migrate } = placed.value;
  if (migrate === undefined) return [];
  const hostNames = hosts.map((host) => host.name);
  const groups = [...new Set(hosts.map(({ group }) => group))];
  const errors: ConfigError[] = [];
  if (!hostNames.includes(migrate.from)) errors.push(unexpected(placed, ["migrate", "from"], "a host", migrate.from, hostNames));
  if (![...hostNames, ...groups].includes(migrate.to)) {
    errors.push(unexpected(placed, ["migrate", "to"], "a host or a group", migrate.to, [...hostNames, ...groups]));
  }
  const [vm = "", home = migrate.from] = migrate.guest.split("@");
  const owner = hosts.find((host) => host.name === home);
  const vms = Object.entries(owner?.spec.guests ?? {}).flatMap(([kind, { count }]) =>
    Array.from({ length: count }, (_, i) => `${kind}-${i + 1}`),
  );
  if (errors.length === 0 && !vms.includes(vm)) {
    errors.push(unexpected(placed, ["migrate", "guest"], `a VM of ${home}`, migrate.guest, vms));
  }
  return errors;
}

function overrideProblems(placed: Placed<ScheduleInput>, layers: PlanInput): ConfigError[] {
  const { override } = placed.value;
  if (override === undefined) return [];
  const result = whatIf(layers, override.match, override.set);
  if (result.ok) return [];
  return result.errors.map(({ key, message }) =>
    placed.source.error([...placed.path, "override", key.split(".")[0] ?? ""], "value", { message }),
  );
}

function faultProblems(placed: Placed<ScheduleInput>, layers: PlanInput): ConfigError[] {
  const { fault } = placed.value;
  if (fault === undefined) return [];
  const result = whatIf(layers, fault.match, setOf(effectOf(fault), "1"));
  if (result.ok) return [];
  const keyOf = (key: string): string => (key.startsWith("match") ? "match" : "kind");
  return result.errors.map(({ key, message }) => placed.source.error([...placed.path, "fault", keyOf(key)], "value", { message }));
}

function unexpected(
  { source, path }: Placed<ScheduleInput>,
  key: KeyPath,
  expected: string,
  came: string,
  known: readonly string[],
): ConfigError {
  const suggestion = nearest(came, known);
  const words = { message: `expected ${expected}, came ${JSON.stringify(came)}`, expected, came: JSON.stringify(came) };
  return source.error([...path, ...key], "value", { ...words, ...(suggestion === undefined ? {} : { suggestion }) });
}
