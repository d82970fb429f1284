/** A server over a published snapshot that never changes, on a free port of the loopback. */
import { request, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { FleetSnapshot } from "../../src/fleet/snapshot.ts";
import type { Backend } from "../../src/http/backend.ts";
import { buildServer, type ServerOptions } from "../../src/http/server.ts";
import { daemonFamilies } from "../../src/metrics/daemon-families.ts";
import { DaemonStats } from "../../src/metrics/daemon-stats.ts";
import { FAKE_TIMES } from "./snapshot.ts";

export const TOKEN = "correct-horse";

/** A backend over a fleet; reload succeeds without a change. */
export function fakeBackend(fleet: FleetSnapshot, change: Partial<Backend> = {}): Backend {
  const stats = new DaemonStats();
  return {
    version: "0.0.0-test",
    speed: 1,
    stats,
    times: FAKE_TIMES,
    snapshot: () => fleet,
    families: () => Promise.resolve(daemonFamilies({ version: "0.0.0-test", stats, fleet, faults: [], emulatedExits: 1 })),
    changes: () => [],
    configErrors: () => [],
    reload: () => Promise.resolve({ ok: true, changed: [] }),
    compare: () => Promise.resolve({ body: {} }),
    faults: () => [],
    break: () => Promise.reject(new Error("nothing breaks here")),
    heal: () => Promise.resolve(null),
    ...change,
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface TestServer {
  readonly port: number;
  readonly errors: readonly unknown[];
  ask(path: string, ask?: Ask): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts a server; `ask` sends exactly the headers it is given, and Host unless it is among them. */
export async function startServer(backend: Backend, options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const errors: unknown[] = [];
  const listen = { host: "127.0.0.1", port: 0 };
  const defaults = { listen, advertise: null, token: TOKEN, fleetSeriesLimit: 100_000 };
  const server = buildServer({ backend, ...defaults, onError: (error) => errors.push(error), ...options });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port, errors, ask: (path, ask) => send(port, path, ask), close };
}

/** One request on a connection of its own. */
function send(port: number, path: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (res) => {
      const parts: Buffer[] = [];
      res.on("data", (part: Buffer) => parts.push(part));
      res.on("error", reject);
      res.on("end", () => {
        const whole = Buffer.concat(parts);
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body: whole, text: whole.toString() });
      });
    });
    req.on("error", reject);
    req.end(body);
  });
}
