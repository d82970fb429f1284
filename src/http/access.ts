/**
 * Who may do what. Reading metrics is open to all that reach the port. Changing anything needs
 * the token; the page and changes are refused under foreign names (a name that an attacker
 * points at this machine) and to foreign pages.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { isWildcard, type Address } from "./listen-address.ts";
import type { Problem } from "./problem.ts";

export interface AccessOptions {
  readonly listen: Address;
  /** Under which name others reach the daemon, if it was told. */
  readonly advertise: Address | null;
  /** Null turns tokens off (`--open`). */
  readonly token: string | null;
}

export class Access {
  readonly #names: ReadonlySet<string>;
  readonly #tokenHash: Buffer | null;

  constructor({ listen, advertise, token }: AccessOptions) {
    const own = isWildcard(listen.host) ? [] : [listen.host.toLowerCase()];
    const advertised = advertise === null ? [] : [advertise.host.toLowerCase()];
    this.#names = new Set(["localhost", hostname().toLowerCase(), ...own, ...advertised]);
    this.#tokenHash = token === null ? null : sha256(token);
  }

  /** A page is shown under names that are ours, and to requests that no other page made. */
  refusePage(req: IncomingMessage): Problem | null {
    return this.#refuseHost(req) ?? refuseOrigin(req);
  }

  /** A change needs what the page needs, and the token. */
  refuseChange(req: IncomingMessage): Problem | null {
    return this.refusePage(req) ?? this.#refuseToken(req);
  }

  /** An IP address cannot be pointed elsewhere, so only names are checked. */
  #refuseHost(req: IncomingMessage): Problem | null {
    const name = nameOf(req.headers.host ?? "");
    if (this.#names.has(name) || name.endsWith(".localhost") || isIP(name) !== 0) return null;
    return {
      status: 403,
      detail: `expected a Host header with a name of this daemon, came "${name}"; --advertise HOST:PORT makes it known`,
    };
  }

  #refuseToken(req: IncomingMessage): Problem | null {
    if (this.#tokenHash === null) return null;
    const given = /^bearer +(\S+) *$/i.exec(req.headers.authorization ?? "")?.[1];
    if (given !== undefined && timingSafeEqual(sha256(given), this.#tokenHash)) return null;
    const came = given === undefined ? "none came" : "another came";
    return {
      status: 401,
      detail: `expected "Authorization: Bearer" with the token of this daemon, ${came}`,
      headers: { "www-authenticate": `Bearer realm="fastpathd"${given === undefined ? "" : ', error="invalid_token"'}` },
    };
  }
}

function refuseOrigin(req: IncomingMessage): Problem | null {
  const { origin, host = "" } = req.headers;
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return null;
  return { status: 403, detail: `expected no Origin but ${host}, came ${origin}` };
}

/** The name of a Host header, without port and brackets. */
function nameOf(host: string): string {
  const found = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host);
  return (found?.[1] ?? found?.[2] ?? host).toLowerCase();
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
