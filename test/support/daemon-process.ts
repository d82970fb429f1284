/** The built daemon as a process of its own, on a configuration in a directory of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const MAIN = resolve("dist/main.js");

/** A small fleet that any machine emulates in real time. */
export const SMALL_FLEET = `seed: 1
cohorts: { canary: 50% }
groups:
  - { name: skx, count: 2, zone: bj-a, labels: { team: compute }, cpus: 4, guests: { web: { vcpus: 2, load: 0.2 } } }
  - { name: icx, count: 1, zone: bj-b, cpu: icelake-sp, cpus: 4, guests: { idle: { vcpus: 2, workload: idle } } }
`;

/** The demo fleet, which comes with the other files of its directory. */
export const DEMO_FLEET = readFileSync("config/fleet/fleet.yaml", "utf8");

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

export class DaemonProcess {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly #dir = mkdtempSync(join(tmpdir(), "fastpathd-"));
  #stdout = "";
  #stderr = "";

  /** Starts `serve` on a free port; `wrapper` is a command in front, such as unshare. */
  constructor(fleet = SMALL_FLEET, args: readonly string[] = [], wrapper: readonly string[] = []) {
    mkdirSync(join(this.#dir, "config"));
    if (fleet === DEMO_FLEET) cpSync("config/fleet", this.configDir, { recursive: true });
    this.configure(fleet);
    const own = ["serve", "--config", join(this.#dir, "config"), "--state", join(this.#dir, "state")];
    const listen = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
    const [command = "", ...rest] = [...wrapper, process.execPath, MAIN, ...own, ...listen, ...args];
    this.process = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
    this.process.stdout?.on("data", (text: Buffer) => (this.#stdout += text.toString()));
    this.process.stderr?.on("data", (text: Buffer) => (this.#stderr += text.toString()));
    this.exited = new Promise((done) => void this.process.on("close", (code) => done(code)));
  }

  get stderr(): string {
    return this.#stderr;
  }

  get log(): LogLine[] {
    return this.#stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** Path of the configuration directory. */
  get configDir(): string {
    return join(this.#dir, "config");
  }

  /** Writes fleet.yaml. */
  configure(fleet: string): void {
    writeFileSync(join(this.configDir, "fleet.yaml"), fleet);
  }

  /** Base URL, once the daemon says it can be opened. */
  async url(): Promise<string> {
    const { msg } = await this.logged(/^open http/);
    const port = /:(\d+)\//.exec(msg)?.[1];
    return `http://127.0.0.1:${port}`;
  }

  /** The token that the daemon made up. */
  async token(): Promise<string> {
    return /#token=(\S+)/.exec((await this.logged(/^open http/)).msg)?.[1] ?? "";
  }

  /** The first line of the log whose message matches; throws when none comes. */
  async logged(pattern: RegExp, withinMs = 15_000): Promise<LogLine> {
    const end = performance.now() + withinMs;
    for (;;) {
      const found = this.log.find(({ msg }) => pattern.test(msg));
      if (found !== undefined) return found;
      const isOver = performance.now() > end || this.process.exitCode !== null;
      if (isOver) throw new Error(`no log line matches ${pattern}:\n${this.#stdout}${this.#stderr}`);
      await pause(10);
    }
  }

  async text(path: string): Promise<string> {
    return (await fetch((await this.url()) + path)).text();
  }

  /** Ends the daemon at once and removes its files. */
  async remove(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill("SIGKILL");
    await this.exited;
    rmSync(this.#dir, { recursive: true });
  }
}

/** Runs a command of the built program to its end. */
export function runCommand(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
}
