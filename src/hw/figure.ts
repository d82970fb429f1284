/** A number of the cost model and where it comes from. */
export interface Figure {
  /** Host TSC cycles, unless the name says otherwise. */
  readonly value: number;
  /**
   * Published source, arithmetic on published figures (`derived: …`), or `assumed: …` with the
   * argument. The type demands it: no number without.
   */
  readonly source: string;
}

/** The ladder: one exit stripped down piece by piece. Most figures start from it. */
export const EXIT_ANATOMY = "github.com/esmakokten/cos-vmimg measurements/exit-anatomy, Xeon Platinum 8160, Linux 6.8";

/** Cycles of mitigations on eight generations of CPUs. */
export const BEHRENS = "Behrens et al., EuroSys 2022, as remembered and not read again";

/** How far a figure can be trusted, the best first: read somewhere, computed from such, in part our own guess, a guess. */
export const GRADES = ["read", "derived", "partly_assumed", "assumed"] as const;
export type Grade = (typeof GRADES)[number];

/** What a figure's source says of it; what is so by definition cannot be wrong. */
export function gradeOf({ source }: Figure): Grade | "definition" {
  if (source.startsWith("assumed")) return "assumed";
  if (source.startsWith("by definition")) return "definition";
  if (source.includes("assumed")) return "partly_assumed";
  return source.startsWith("derived") ? "derived" : "read";
}

/** What is computed from several figures is known no better than the worst of them. */
export function worstGrade(figures: readonly Figure[]): Grade {
  const grades = new Set<string>(figures.map((figure) => gradeOf(figure)));
  return GRADES.findLast((grade) => grades.has(grade)) ?? "read";
}
