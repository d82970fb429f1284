/** An address to listen on, HOST:PORT, as people write it. */
import { isIP, isIPv4 } from "node:net";

export interface Address {
  /** Without brackets; a name, or an IP address. */
  readonly host: string;
  readonly port: number;
}

/** Reads `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464` or `:9464` (all interfaces); null when it is none. */
export function parseAddress(text: string): Address | null {
  const found = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (found === null) return null;
  const port = Number(found[3]);
  const host = found[1] ?? found[2] ?? "";
  if (port > 65_535 || (found[1] !== undefined && isIP(host) !== 6)) return null;
  return { host: host === "" ? "0.0.0.0" : host, port };
}

/** `HOST:PORT`, with brackets round an IPv6 address. */
export const formatAddress = ({ host, port }: Address): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

/** Nobody but this machine reaches the address. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith("127.");
  return host === "::1" || host === "localhost" || host.endsWith(".localhost");
}

/** The address means every interface. */
export const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::";
