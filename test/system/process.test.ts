import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { DaemonProcess, SMALL_FLEET } from "../support/daemon-process.ts";

const started: DaemonProcess[] = [];
const start = (...args: ConstructorParameters<typeof DaemonProcess>): DaemonProcess => {
  const daemon = new DaemonProcess(...args);
  started.push(daemon);
  return daemon;
};
afterEach(async () => {
  for (const daemon of started.splice(0)) await daemon.remove();
});

/** Exit code and how long the exit took. */
async function signalled(daemon: DaemonProcess, signal: NodeJS.Signals): Promise<{ code: number | null; tookMs: number }> {
  const before = performance.now();
  daemon.process.kill(signal);
  return { code: await daemon.exited, tookMs: performance.now() - before };
}

/** A client that asks and then takes nothing. */
async function stalledClient(daemon: DaemonProcess): Promise<void> {
  const { port } = new URL(await daemon.url());
  const socket = connect(Number(port), "127.0.0.1");
  socket.on("error", () => undefined).pause();
  socket.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(200));
  await pause(300);
}

describe("the start", () => {
  it("says what runs, where to open it, and what token changes need", async () => {
    const daemon = start();
    expect(await daemon.logged(/^emulating/)).toMatchObject({
      level: "info",
      vcpus: 6,
      msg: expect.stringMatching(/^emulating 3 hosts with 6 vCPUs, \d+ series$/) as unknown,
    });
    expect((await daemon.logged(/^open/)).msg).toMatch(/^open http:\/\/localhost:\d+\/#token=[\w-]{32}$/);
    expect(await daemon.text("/-/ready")).toBe("fastpathd is Ready.\n");
    const reload = (token: string) =>
      daemon.url().then((url) => fetch(`${url}/-/reload`, { method: "POST", headers: { authorization: `Bearer ${token}` } }));
    expect((await reload("wrong")).status).toBe(401);
    expect((await reload(await daemon.token())).status).toBe(200);
  });

  it("with errors in the configuration prints them all and exits 1", async () => {
    const daemon = start("sead: 1\ngroups:\n  - { name: a, count: -1 }\n  - { name: b, kernal: c84 }\n");
    expect(await daemon.exited).toBe(1);
    expect(daemon.stderr).toMatch(/fleet\.yaml:1:1: sead: .*did you mean "seed"/);
    expect(daemon.stderr).toMatch(/fleet\.yaml:3:\d+: groups\[0\]\.count/);
    expect(daemon.stderr).toMatch(/fleet\.yaml:4:\d+: groups\[1\]\.kernal: .*did you mean "kernel"/);
  });

  it("on a port that is taken names it and says how to choose another", async () => {
    const { port } = new URL(await start().url());
    const second = start(SMALL_FLEET, ["--listen", `127.0.0.1:${port}`]);
    expect(await second.exited).toBe(1);
    expect(second.stderr).toBe(
      `port ${port} on 127.0.0.1 is taken by another program; choose another with --listen 127.0.0.1:${Number(port) + 1}\n`,
    );
  });

  it("without a token is refused unless only this machine gets through", async () => {
    const daemon = start(SMALL_FLEET, ["--open", "--listen", "0.0.0.0:0"]);
    expect(await daemon.exited).toBe(2);
    expect(daemon.stderr).toContain("--open");
    const open = start(SMALL_FLEET, ["--open"]);
    expect((await fetch(`${await open.url()}/-/reload`, { method: "POST" })).status).toBe(200);
  });
});

describe("the end", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`comes within two seconds of ${signal}, with a client that takes nothing`, async () => {
      const daemon = start();
      await stalledClient(daemon);
      const { code, tookMs } = await signalled(daemon, signal);
      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(2000);
      expect(daemon.log.at(-1)?.msg).toBe("stopped");
    });
  }

  it("comes at once with the second signal", async () => {
    const daemon = start();
    await stalledClient(daemon);
    daemon.process.kill("SIGTERM");
    await daemon.logged(/^SIGTERM: stopping/);
    const { code, tookMs } = await signalled(daemon, "SIGTERM");
    expect(code).toBe(143);
    expect(tookMs).toBeLessThan(500);
  });

  it("comes as PID 1 too, where signals without a handler are ignored", async () => {
    const daemon = start(SMALL_FLEET, [], ["unshare", "--user", "--map-root-user", "--pid", "--fork"]);
    await daemon.url();
    const { pid } = daemon.process;
    const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
    const before = performance.now();
    process.kill(child, "SIGTERM");
    expect(await daemon.exited).toBe(0);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it("comes even if it is asked for before the start is over", async () => {
    const daemon = start();
    await pause(150);
    const { tookMs } = await signalled(daemon, "SIGTERM");
    expect(tookMs).toBeLessThan(3000);
  });
});
