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

export const figure = (value: number, source: string): Figure => ({ value, source });
