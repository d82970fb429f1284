/** What the host's configuration resolved to, over time. */
import { COLOUR, thresholds } from "../kit/colours.ts";
import { sized, type Row } from "../kit/dashboard.ts";
import { ON_OFF, STATES, words } from "../kit/mappings.ts";
import { overTime } from "../kit/query.ts";
import { stateTimeline } from "../kit/state-timeline.ts";
import { table } from "../kit/table.ts";
import { UNIT } from "../kit/units.ts";
import { ofHost } from "../promql/scope.ts";

export const configuration = (): Row => ({
  title: "Configuration over time",
  panels: [...sized(12, 8, fastpaths(), timerModes()), ...sized(12, 6, generation(), apicv()), ...sized(12, 14, mitigations(), sysfs())],
});

const fastpaths = () =>
  stateTimeline({
    title: "Fastpaths",
    description: "Which fastpaths are live, as resolved and not as asked for. The host's explain API says why not.",
    unit: UNIT.plain,
    mappings: ON_OFF,
    queries: [overTime(ofHost("kvm_fastpath_enabled"), "{{fastpath}}")],
  });

const timerModes = () =>
  stateTimeline({
    title: "Timer modes",
    description: "Guests by what drives their APIC timer: the VMX preemption timer, posted interrupts (exitless), an hrtimer.",
    unit: UNIT.guests,
    decimals: 0,
    thresholds: thresholds(COLOUR.off, [1, COLOUR.plain]),
    queries: [overTime(ofHost("kvm_timer_mode_guests"), "{{mode}}")],
  });

const generation = () =>
  stateTimeline({
    title: "Generation",
    description: "Number of the host's configuration, one more at each change; GET /api/v1/changes lists them.",
    unit: UNIT.plain,
    decimals: 0,
    queries: [overTime(ofHost("kvm_config_generation"), "generation")],
  });

const apicv = () =>
  stateTimeline({
    title: "APIC virtualization",
    description: "Whether APICv or AVIC is on; without it there are no posted interrupts, and each EOI exits.",
    unit: UNIT.plain,
    mappings: words({ 0: ["on", COLOUR.good], 1: ["inhibited", COLOUR.bad] }),
    queries: [overTime(ofHost("kvm_apicv_inhibited"), "{{reason}}")],
  });

const mitigations = () =>
  stateTimeline({
    title: "CPU vulnerabilities",
    description: "State of each vulnerability of the CPU with this kernel, microcode and configuration.",
    unit: UNIT.plain,
    mappings: STATES,
    queries: [overTime(ofHost("kvm_mitigation_state"), "{{vulnerability}}")],
  });

const sysfs = () =>
  table({
    title: "Vulnerabilities as sysfs prints them",
    description: "Lines of /sys/devices/system/cpu/vulnerabilities at the end of the time range.",
    joinedBy: "codename",
    sortedBy: { header: "Vulnerability", descending: false },
    labels: [
      { label: "codename", header: "Vulnerability", width: 210 },
      { label: "state", header: "State", width: 110 },
      { label: "mitigation", header: "Line" },
    ],
    values: [{ value: ofHost("node_cpu_vulnerabilities_info"), header: "Present", width: 80, unit: UNIT.plain }],
  });
