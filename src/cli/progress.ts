/** How far a long command has come, on a terminal; elsewhere nothing is shown. */

/** What is over sooner than this needs no progress. */
const SILENT_MS = 500;
const REDRAW_MS = 100;

export class Progress {
  private readonly begun = performance.now();
  private readonly terminal = process.stderr.isTTY;
  private readonly what: string;
  private drawnAt = 0;

  /** @param what what goes on, as in "emulating 10 s". */
  constructor(what: string) {
    this.what = what;
  }

  /** `part` of the whole is done, 0 to 1. */
  show(part: number): void {
    const now = performance.now();
    if (!this.terminal || now - this.begun < SILENT_MS || now - this.drawnAt < REDRAW_MS) return;
    this.drawnAt = now;
    process.stderr.write(`\r\u001B[K${this.what}: ${Math.floor(part * 100)} %`);
  }

  /** Takes the line away again. */
  end(): void {
    if (this.drawnAt > 0) process.stderr.write("\r\u001B[K");
  }
}
