/**
 * Randomness keyed by event. A draw is a pure function of (host, stream, number of the event),
 * not of what was drawn before it elsewhere: the third request of a vCPU is the same request
 * whatever the host's kernel does with it, so two runs that differ in one setting stay paired.
 */

/** Mixes 32 bits so that each input bit reaches each output bit (two multiply-xorshift rounds). */
function mix(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x21f0aaad);
  x ^= x >>> 15;
  x = Math.imul(x, 0xd35a2d97);
  return x ^ (x >>> 15);
}

/** 32-bit hash of a text (FNV-1a, then mixed): how streams are forked by name. */
export function hashText(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

const UNIT = 2 ** -32;

/** A numbered sequence of draws; two keys keep streams from being shifted copies of each other. */
export class Stream {
  private readonly inner: number;
  private readonly outer: number;
  private count = 0;

  constructor(seed: number, name: string) {
    this.inner = hashText(name, seed);
    this.outer = hashText(name, ~seed);
  }

  /** The next draw, uniform over the open interval (0, 1). */
  next(): number {
    const n = (this.count = (this.count + 1) | 0);
    return ((mix(mix(n + this.inner) ^ this.outer) >>> 0) + 0.5) * UNIT;
  }
}
