/** Listening, with an error that says what to do. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { formatAddress, isLoopback, isWildcard, type Address } from "../http/listen-address.ts";
import { StartError } from "./start-error.ts";

/** Listens; the returned address has the port that was really taken. Throws a StartError when it cannot. */
export async function listen(server: Server, wanted: Address): Promise<Address> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(new StartError(reason(error, wanted)));
    server.once("error", fail);
    server.listen(wanted.port, wanted.host, () => {
      server.off("error", fail);
      resolve();
    });
  });
  return { host: wanted.host, port: (server.address() as AddressInfo).port };
}

function reason(error: NodeJS.ErrnoException, wanted: Address): string {
  const { host, port } = wanted;
  const other = formatAddress({ host, port: port < 65_535 ? port + 1 : port - 1 });
  if (error.code === "EADDRINUSE") return `port ${port} on ${host} is taken by another program; choose another with --listen ${other}`;
  if (error.code === "EACCES") return `port ${port} on ${host} may not be taken by this user; choose one above 1023 with --listen`;
  return `cannot listen on ${formatAddress(wanted)}: ${error.message}`;
}

/** What to type into a browser: a name of this machine where the address is none to open. */
export function addressToOpen({ host, port }: Address): string {
  return `http://${isWildcard(host) || isLoopback(host) ? `localhost:${port}` : formatAddress({ host, port })}/`;
}
