/** Progress of a long command: one line of a terminal that is written over; nothing where nobody looks. */

const EVERY_MS = 100;

export class Progress {
  readonly #what: string;
  readonly #isSeen = process.stderr.isTTY;
  #lastMs = 0;
  #width = 0;

  constructor(what: string) {
    this.#what = what;
  }

  /** Shows a share from 0 to 1. */
  show(share: number, what = this.#what): void {
    const now = performance.now();
    if (!this.#isSeen || now - this.#lastMs < EVERY_MS) return;
    this.#lastMs = now;
    const line = `${what} ${Math.floor(share * 100)} %`;
    process.stderr.write(`\r${line.padEnd(this.#width)}`);
    this.#width = line.length;
  }

  /** Takes the line away. */
  done(): void {
    if (this.#isSeen && this.#width > 0) process.stderr.write(`\r${" ".repeat(this.#width)}\r`);
  }
}
