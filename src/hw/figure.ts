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
