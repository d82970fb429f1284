/** How long firmware keeps the CPUs in a system-management interrupt. */
import { EXIT_ANATOMY, type Figure } from "./figure.ts";

/** Nanoseconds, whatever the cores' clock. */
export const SMI_NS: Figure = {
  value: 147_500,
  source: `derived: ${EXIT_ANATOMY}: the longest of 200,000 VMCALLs on an isolated CPU, 314,320 cycles at 2.1 GHz, less the median; 106 us on another host (0c5f81dad46c), 160 and 191 us in two runs of hackbench (1e9e2622a149)`,
};
