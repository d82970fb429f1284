/** The daemon cannot start; the message is for the person who started it. */
export class StartError extends Error {
  override name = "StartError";
  /** 1: it was not possible; 2: it was called wrongly. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
