/** Where the token that changes need comes from. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { StartError } from "./start-error.ts";

export interface Token {
  /** Null when tokens are off. */
  readonly value: string | null;
  /** It was made up at start, so nobody knows it who is not told. */
  readonly isGenerated: boolean;
}

export interface TokenOptions {
  readonly open: boolean;
  readonly file: string | null;
  /** FASTPATHD_TOKEN. */
  readonly fromEnvironment: string | undefined;
}

/** Off, from the file, from the environment, or made up. Throws a StartError when the file holds none. */
export async function findToken({ open, file, fromEnvironment }: TokenOptions): Promise<Token> {
  if (open) return { value: null, isGenerated: false };
  if (file !== null) return { value: await readToken(file), isGenerated: false };
  if (fromEnvironment === undefined || fromEnvironment === "") return { value: randomBytes(24).toString("base64url"), isGenerated: true };
  return { value: usable(fromEnvironment, "FASTPATHD_TOKEN"), isGenerated: false };
}

async function readToken(file: string): Promise<string> {
  try {
    return usable((await readFile(file, "utf8")).trim(), `--token-file ${file}`);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`--token-file ${file} cannot be read: ${(error as Error).message}`);
  }
}

/** A header carries it, so it is visible ASCII. */
function usable(token: string, where: string): string {
  if (/^[\u0021-\u007e]+$/.test(token)) return token;
  throw new StartError(`expected a token of visible ASCII characters without blanks in ${where}`);
}
