/**
 * Notices that a configuration changed, by content. Editors save by rename, a ConfigMap swaps a
 * symlink, a bind-mounted file changes without an event in its directory: so fs.watch only hurries
 * things up, and a cheap poll of each file's identity (inode, size, time) finds what it misses. A
 * change is reported once its files have stood still for a moment, so a half-written file is
 * rarely seen; when it is, the next look reports the whole one.
 */
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { configPaths, hashOf, ownDir, ownPaths, readText } from "./files.ts";
import { OWN_FOLDERS } from "./own.ts";

export interface WatchOptions {
  /** Time between two looks at the files. */
  readonly pollMs?: number;
  /** How long the files must stand still before a change is reported. */
  readonly settleMs?: number;
}

/** A file that was changed this recently may change again within the same tick of its clock. */
const RECENT_MS = 2000;
/** A file that never stands still is reported all the same. */
const SETTLE_TRIES = 4;

interface Look {
  /** Identity of all files, or `recent` in it: their content has to be read to know. */
  readonly identity: string;
  readonly recent: boolean;
}

/**
 * Watches the configuration files of directories; one that does not exist yet may appear later.
 * @param onChange called after each change of content, never at the start.
 * @returns stops watching.
 */
export function watchConfig(dirs: readonly string[], onChange: () => void, options: WatchOptions = {}): () => void {
  const watcher = new ConfigWatcher(dirs, onChange, options.pollMs ?? 250, options.settleMs ?? 50);
  return () => watcher.stop();
}

class ConfigWatcher {
  readonly #dirs: readonly string[];
  readonly #onChange: () => void;
  readonly #pollMs: number;
  readonly #settleMs: number;
  readonly #events = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #looking = false;
  #hurried = false;
  #identity: string | null = null;
  #content: string | null = null;

  constructor(dirs: readonly string[], onChange: () => void, pollMs: number, settleMs: number) {
    this.#dirs = dirs;
    this.#onChange = onChange;
    this.#pollMs = pollMs;
    this.#settleMs = settleMs;
    void this.#round();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#events.values()) watcher.close();
    this.#events.clear();
  }

  /** One look, then the next in a while; events shorten the while. */
  async #round(): Promise<void> {
    if (this.#looking) {
      this.#hurried = true;
      return;
    }
    this.#looking = true;
    this.#hurried = false;
    this.#listen();
    try {
      await this.#compare();
    } finally {
      this.#looking = false;
      this.#schedule(this.#untilNextMs());
    }
  }

  #untilNextMs(): number {
    return this.#hurried ? this.#settleMs : this.#pollMs;
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#round(), ms);
    this.#timer.unref();
  }

  /** Reports a change when the content differs from the last one seen. */
  async #compare(): Promise<void> {
    let look = await this.#look();
    if (look.identity === this.#identity && !look.recent) return;
    if (this.#identity !== null && look.identity !== this.#identity) look = await this.#settled(look);
    const content = await contentOf(this.#dirs);
    const changed = this.#content !== null && this.#content !== content;
    this.#identity = look.identity;
    this.#content = content;
    if (changed && !this.#stopped) this.#onChange();
  }

  /** Waits until two looks in a row see the same. */
  async #settled(first: Look): Promise<Look> {
    let before = first;
    for (let tries = 0; tries < SETTLE_TRIES; tries++) {
      await pause(this.#settleMs);
      const look = await this.#look();
      if (look.identity === before.identity) return look;
      before = look;
    }
    return before;
  }

  async #look(): Promise<Look> {
    const now = Date.now();
    let recent = false;
    const identities = await Promise.all(
      (await pathsOf(this.#dirs)).map(async (path) => {
        // stat follows symbolic links, so a swapped link is another inode.
        const facts = await stat(path, { bigint: true }).catch(() => null);
        if (facts === null) return `${path} unreadable`;
        if (now - Number(facts.mtimeMs) < RECENT_MS) recent = true;
        return `${path} ${facts.dev}:${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`;
      }),
    );
    return { identity: identities.join("\n"), recent };
  }

  /** Listens on each directory that exists; one whose listener failed is polled only. */
  #listen(): void {
    for (const dir of this.#dirs.flatMap((one) => [one, ...OWN_FOLDERS.map((folder) => ownDir(one, folder))])) {
      if (this.#events.has(dir) || this.#stopped) continue;
      try {
        const watcher = watch(dir, { persistent: false }, () => this.#hurry());
        watcher.on("error", () => {
          watcher.close();
          this.#events.delete(dir);
        });
        this.#events.set(dir, watcher);
      } catch {
        // Not there yet, or not watchable: the poll sees it.
      }
    }
  }

  #hurry(): void {
    if (this.#looking) this.#hurried = true;
    else this.#schedule(0);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());

async function pathsOf(dirs: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    dirs.flatMap((dir) => [configPaths(dir), ...OWN_FOLDERS.map((folder) => ownPaths(dir, folder))].map((paths) => paths.catch(() => []))),
  );
  return lists.flat();
}

async function contentOf(dirs: readonly string[]): Promise<string> {
  const texts = await Promise.all((await pathsOf(dirs)).map((path) => readText(path)));
  return hashOf(texts.map((text) => (text !== null && "text" in text ? text : { file: text?.file ?? "", text: "" })));
}
