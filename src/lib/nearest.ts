/**
 * The nearest whole number, halves upwards, like Math.round for what fits 52 bits. V8 compiles
 * Math.round to a branch on the fraction, and the CPU mispredicts that of a random number every
 * other time, which costs as much as the rest of a draw.
 */
export const nearest = (value: number): number => Math.floor(value + 0.5);
