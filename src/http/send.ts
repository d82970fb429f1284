/**
 * Bodies on their way out: compressed when the client asked for it, and large ones piece by
 * piece with a turn of the event loop after each, so that the emulation and other requests go
 * on meanwhile.
 */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import { wantsGzip } from "./negotiate.ts";

/** Level 1 costs a quarter of the default's time and a tenth more bytes. */
const GZIP = { level: 1 };
/** A shorter body is not worth compressing. */
const GZIP_LENGTH_MIN = 1024;
const compress = promisify<Buffer, typeof GZIP, Buffer>(gzip);

/** Sends a whole body; HEAD gets its headers. */
export async function sendBody(res: ServerResponse, contentType: string, text: string): Promise<void> {
  const plain = Buffer.from(text);
  const packed = plain.length >= GZIP_LENGTH_MIN && wantsGzip(res.req);
  const body = packed ? await compress(plain, GZIP) : plain;
  res.writeHead(200, { ...headers(contentType, packed), "content-length": body.length });
  res.end(res.req.method === "HEAD" ? undefined : body);
}

/** Sends the first half of a body under the length of the whole, and hangs up. */
export async function sendHalf(res: ServerResponse, contentType: string, text: string): Promise<void> {
  const body = Buffer.from(text);
  res.writeHead(200, { ...headers(contentType, false), "content-length": body.length });
  await new Promise<void>((resolve) => res.write(body.subarray(0, body.length / 2), () => resolve()));
  res.destroy();
}

/** Sends a body as it is made; HEAD gets its headers and nothing is made. A client that goes away ends it. */
export async function sendStream(res: ServerResponse, contentType: string, parts: AsyncIterable<string>): Promise<void> {
  const packed = wantsGzip(res.req);
  res.writeHead(200, headers(contentType, packed));
  if (res.req.method === "HEAD") {
    res.end();
    return;
  }
  const source = Readable.from(inTurns(parts), { objectMode: false });
  try {
    await (packed ? pipeline(source, createGzip(GZIP), res) : pipeline(source, res));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

function headers(contentType: string, packed: boolean): Record<string, string> {
  const encoding = packed ? { "content-encoding": "gzip" } : {};
  return { "content-type": contentType, "cache-control": "no-store", vary: "Accept, Accept-Encoding", ...encoding };
}

async function* inTurns(parts: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const part of parts) {
    if (part === "") continue;
    yield Buffer.from(part);
    await nextTurn();
  }
}
