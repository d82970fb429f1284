import { afterAll, describe, expect, it } from "vitest";
import { parseAddress, formatAddress, isLoopback } from "../../src/http/listen-address.ts";
import { fakeBackend, startServer, TOKEN } from "../support/backend.ts";
import { fakeFleetOf } from "../support/snapshot.ts";

let reloads = 0;
const backend = fakeBackend(fakeFleetOf(2), {
  reload: () => {
    reloads++;
    return Promise.resolve({ ok: true, changed: [] });
  },
});
const server = await startServer(backend, { advertise: { host: "fleet.internal", port: 9464 } });
afterAll(() => server.close());

const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

describe("a change", () => {
  it("needs the token", async () => {
    const { status, headers, text } = await server.ask("/-/reload", { method: "POST" });
    expect([status, headers["www-authenticate"]]).toEqual([401, 'Bearer realm="fastpathd"']);
    expect(headers["content-type"]).toBe("application/problem+json");
    expect(text).not.toContain(TOKEN);
    for (const authorization of ["Bearer wrong", `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, "Bearer"]) {
      expect((await server.ask("/-/reload", { method: "POST", headers: { authorization } })).status).toBe(401);
    }
    expect(reloads).toBe(0);
  });

  it("is made with it, by POST or PUT", async () => {
    for (const method of ["POST", "PUT"]) {
      expect((await server.ask("/-/reload", { method, headers: AUTHORIZED })).status).toBe(200);
    }
    expect(reloads).toBe(2);
  });

  it("is refused to a foreign origin even with the token", async () => {
    for (const origin of ["https://evil.example", "null", "http://localhost"]) {
      const { status } = await server.ask("/-/reload", { method: "POST", headers: { ...AUTHORIZED, origin } });
      expect(status).toBe(403);
    }
    const own = { ...AUTHORIZED, host: "localhost:9464", origin: "http://localhost:9464" };
    expect((await server.ask("/-/reload", { method: "POST", headers: own })).status).toBe(200);
  });

  it("is refused under a foreign name even with the token", async () => {
    for (const host of ["evil.example", "evil.example:9464", "localhost.evil.example"]) {
      const { status, text } = await server.ask("/-/reload", { method: "POST", headers: { ...AUTHORIZED, host } });
      expect([status, text]).toEqual([403, expect.stringContaining("--advertise")]);
    }
  });

  it("needs no token when tokens are off, and is still refused to foreign pages and names", async () => {
    const open = await startServer(backend, { token: null });
    try {
      expect((await open.ask("/-/reload", { method: "POST" })).status).toBe(200);
      expect((await open.ask("/-/reload", { method: "POST", headers: { origin: "https://evil.example" } })).status).toBe(403);
      expect((await open.ask("/-/reload", { method: "POST", headers: { host: "evil.example" } })).status).toBe(403);
    } finally {
      await open.close();
    }
  });

  it("is not made by GET", async () => {
    const { status, headers } = await server.ask("/-/reload", { headers: AUTHORIZED });
    expect([status, headers.allow]).toEqual([405, "POST, PUT"]);
  });
});

describe("the page", () => {
  it("is shown under the daemon's own names and addresses", async () => {
    for (const host of ["localhost:9464", "127.0.0.1:9464", "[::1]:9464", "10.1.2.3", "fleet.internal:9464", "demo.localhost"]) {
      expect([host, (await server.ask("/", { headers: { host } })).status]).toEqual([host, 200]);
    }
  });

  it("is refused under another name", async () => {
    expect((await server.ask("/", { headers: { host: "evil.example:9464" } })).status).toBe(403);
  });

  it("loads nothing and is framed by nobody", async () => {
    const { headers, text } = await server.ask("/");
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; .*frame-ancestors 'none'$/);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(text).not.toMatch(/<script|https?:\/\/|\sstyle=/);
    expect(text).toContain('<a href="/hosts/public-skx-001/metrics">');
  });
});

describe("scraping", () => {
  it("is never refused for a name or an origin", async () => {
    for (const path of ["/metrics", "/hosts/public-skx-001/metrics", "/sd", "/-/healthy", "/-/ready"]) {
      const { status } = await server.ask(path, { headers: { host: "evil.example", origin: "https://evil.example" } });
      expect([path, status]).toEqual([path, 200]);
    }
  });
});

describe("an address", () => {
  it("is read as people write it", () => {
    expect(parseAddress("127.0.0.1:9464")).toEqual({ host: "127.0.0.1", port: 9464 });
    expect(parseAddress("[::1]:80")).toEqual({ host: "::1", port: 80 });
    expect(parseAddress(":9464")).toEqual({ host: "0.0.0.0", port: 9464 });
    for (const text of ["9464", "localhost", "::1:80", "[::1]", "host:99999", "host:1x", "[name]:1"]) expect(parseAddress(text)).toBeNull();
    expect(formatAddress({ host: "::1", port: 80 })).toBe("[::1]:80");
  });

  it("is loopback or not", () => {
    expect(["127.0.0.1", "127.1.2.3", "::1", "localhost"].every(isLoopback)).toBe(true);
    expect(["0.0.0.0", "::", "10.0.0.1", "localhost.example", "128.0.0.1"].some(isLoopback)).toBe(false);
  });
});
