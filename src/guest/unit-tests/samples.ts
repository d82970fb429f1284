/** What a test measured: one figure per iteration, after a warm-up. */
export class Samples {
  readonly values: number[] = [];
  private readonly wanted: number;
  private warmUp: number;

  /** @param wanted iterations to keep; `warmUp` iterations before them are thrown away. */
  constructor(wanted: number, warmUp: number) {
    this.wanted = wanted;
    this.warmUp = warmUp;
  }

  add(value: number): void {
    if (this.warmUp > 0) this.warmUp--;
    else if (this.values.length < this.wanted) this.values.push(value);
  }

  /** The warm-up is over. */
  get counting(): boolean {
    return this.warmUp === 0;
  }

  get full(): boolean {
    return this.values.length >= this.wanted;
  }
}
