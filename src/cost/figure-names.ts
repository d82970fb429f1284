/** Names of the cost model's figures, as `README.md` lists them in its tables. */
import type { CpuModel } from "../hw/cpu-model.ts";
import { type Figure, gradeOf } from "../hw/figure.ts";
import { SMI_NS } from "../hw/smi.ts";
import { BODY, COLD, CYCLES_PER_INDIRECT_CALL, EXTRAS, HANDLERS, RUN_LOOP } from "./paths.ts";

/** A figure as a report of costs refers to it. */
export interface NamedFigure {
  readonly name: string;
  /** Cycles on the reference core, a share, or a factor: whatever the table says. */
  readonly value: number;
  readonly grade: ReturnType<typeof gradeOf>;
  readonly source: string;
}

const TABLES = { run_loop: RUN_LOOP, handler: HANDLERS, extra: EXTRAS, cold: COLD } as const satisfies Record<
  string,
  Record<string, Figure>
>;

/** Finds a figure among those of this CPU model and of the software's paths. */
export function figureNamer(cpu: CpuModel): (figure: Figure) => NamedFigure {
  const names = new Map<Figure, string>([
    [CYCLES_PER_INDIRECT_CALL, "cycles_per_indirect_call"],
    [SMI_NS, "smi_ns"],
  ]);
  for (const [table, figures] of Object.entries({ hardware: cpu.cycles, ...TABLES })) {
    for (const [name, figure] of Object.entries<Figure & { readonly fast?: Figure }>({ ...figures })) {
      names.set(figure, `${table}.${name}`);
      if (figure.fast !== undefined) names.set(figure.fast, `${table}.${name}.fast`);
    }
  }
  return (figure) => {
    const name = names.get(figure) ?? (figure.source === BODY.source ? "noise.body" : "noise.userspace");
    return { name, value: figure.value, grade: gradeOf(figure), source: figure.source };
  };
}
