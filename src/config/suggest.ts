/** "Did you mean": the nearest known word, by edits or because one begins the other. */

/** Edits (insert, delete, replace, swap of neighbours) between two words. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replaced, (last[j] as number) + 1, (row[j - 1] as number) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (beforeLast[j - 2] as number) + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] as number;
}

const letters = (word: string): string => word.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

/** The known word nearest to `word`, or undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = letters(word);
  let best: string | undefined;
  let bestScore = Math.max(1, Math.floor(wanted.length / 3)) + 0.75;
  for (const candidate of known) {
    const plain = letters(candidate);
    const isPrefix = wanted.length >= 3 && (plain.startsWith(wanted) || wanted.startsWith(plain));
    const edits = distance(wanted.slice(0, 64), plain);
    const score = isPrefix ? Math.min(edits, 1.5) : edits;
    if (score < bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}
