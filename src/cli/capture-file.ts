/** A file with a capture, as the command line reads it. */
import { readText } from "../config/files.ts";
import { formatConfigErrors } from "../config/format.ts";
import type { Capture } from "../fleet/capture/capture.ts";
import { readCapture } from "../fleet/capture/read-capture.ts";

/** The capture, or null when its errors were printed. */
export async function readCaptureFile(file: string): Promise<Capture | null> {
  const text = await readText(file);
  if (text === null || !("text" in text)) {
    console.error(text === null ? `${file}: expected a file, came a directory` : formatConfigErrors([text]));
    return null;
  }
  const read = readCapture(text.text);
  if (read.ok) return read.value;
  for (const { line, expected, came } of read.problems) console.error(`${file}:${line}: expected ${expected}; came ${came}`);
  return null;
}

/** All exits that the text counts. */
export const exitsOf = ({ unlisted, exits, unknown }: Capture): number =>
  unlisted + [...exits, ...unknown].reduce((sum, { count }) => sum + count, 0);
