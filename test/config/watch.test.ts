import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { watchConfig, type WatchOptions } from "../../src/config/watch.ts";
import { tempDir } from "./temp-config.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A watcher that has taken its first look; counts the changes that it reports. */
async function watching(dirs: readonly string[], options: WatchOptions = {}): Promise<{ changes: () => number }> {
  const onChange = vi.fn<() => void>();
  stops.push(watchConfig(dirs, onChange, options));
  await sleep(150);
  expect(onChange).not.toHaveBeenCalled();
  return { changes: () => onChange.mock.calls.length };
}

/** What an edit must be noticed within; tried again, as a busy machine may sleep longer than it was asked to. */
const soon = { timeout: 500, interval: 5 };

describe("a change is reported within half a second", { retry: 2 }, () => {
  test("when a file is written in place", async () => {
    const dir = tempDir({ "fleet.yaml": "seed: 1" });
    const { changes } = await watching([dir]);
    writeFileSync(join(dir, "fleet.yaml"), "seed: 2");
    await vi.waitFor(() => expect(changes()).toBe(1), soon);
  });

  test("when an editor saves by renaming", async () => {
    const dir = tempDir({ "fleet.yaml": "seed: 1" });
    const { changes } = await watching([dir]);
    for (const [n, seed] of [2, 3].entries()) {
      writeFileSync(join(dir, ".fleet.yaml.swp"), `seed: ${seed}`);
      renameSync(join(dir, ".fleet.yaml.swp"), join(dir, "fleet.yaml"));
      await vi.waitFor(() => expect(changes()).toBe(n + 1), soon);
    }
  });

  test("when a ConfigMap swaps its ..data link", async () => {
    const dir = tempDir({ "..2026_1/fleet.yaml": "seed: 1", "..2026_2/fleet.yaml": "seed: 2" });
    symlinkSync("..2026_1", join(dir, "..data"));
    symlinkSync("..data/fleet.yaml", join(dir, "fleet.yaml"));
    const { changes } = await watching([dir]);
    symlinkSync("..2026_2", join(dir, "..data_tmp"));
    renameSync(join(dir, "..data_tmp"), join(dir, "..data"));
    rmSync(join(dir, "..2026_1"), { recursive: true });
    await vi.waitFor(() => expect(changes()).toBe(1), soon);
  });

  test("when the file is a link to another mount, where the directory sees no event", async () => {
    const elsewhere = tempDir({ "real.yaml": "seed: 1" });
    const dir = tempDir();
    symlinkSync(join(elsewhere, "real.yaml"), join(dir, "fleet.yaml"));
    const { changes } = await watching([dir]);
    writeFileSync(join(elsewhere, "real.yaml"), "seed: 2");
    await vi.waitFor(() => expect(changes()).toBe(1), soon);
  });

  test("when a file is added or removed", async () => {
    const dir = tempDir({ "fleet.yaml": "seed: 1" });
    const { changes } = await watching([dir]);
    writeFileSync(join(dir, "more.yaml"), "seed: 2");
    await vi.waitFor(() => expect(changes()).toBe(1), soon);
    rmSync(join(dir, "more.yaml"));
    await vi.waitFor(() => expect(changes()).toBe(2), soon);
  });

  test("when it is in the second directory, which did not exist at first", async () => {
    const [dir, state] = [tempDir({ "fleet.yaml": "seed: 1" }), join(tempDir(), "state")];
    const { changes } = await watching([dir, state]);
    mkdirSync(state);
    writeFileSync(join(state, "overrides.yaml"), "overrides: []");
    await vi.waitFor(() => expect(changes()).toBe(1), soon);
  });

  test("when size and name stay the same", async () => {
    const dir = tempDir({ "fleet.yaml": "seed: 1" });
    const { changes } = await watching([dir]);
    for (let n = 1; n <= 3; n++) {
      writeFileSync(join(dir, "fleet.yaml"), `seed: ${n + 1}`);
      await vi.waitFor(() => expect(changes()).toBe(n), soon);
    }
  });
});

test("a file that is written in pieces is reported once, when it stands still", { retry: 2 }, async () => {
  const dir = tempDir({ "fleet.yaml": "seed: 1" });
  const { changes } = await watching([dir]);
  truncateSync(join(dir, "fleet.yaml"));
  for (const piece of ["groups:\n", "  - { name: a,", " count: 1 }\n"]) {
    await sleep(20);
    appendFileSync(join(dir, "fleet.yaml"), piece);
  }
  await vi.waitFor(() => expect(changes()).toBe(1), soon);
  await sleep(600);
  expect(changes()).toBe(1);
});

test("nothing is reported when the content stays the same or the file is none of ours", async () => {
  const dir = tempDir({ "fleet.yaml": "seed: 1" });
  const { changes } = await watching([dir]);
  writeFileSync(join(dir, "fleet.yaml"), "seed: 1");
  writeFileSync(join(dir, ".fleet.yaml.swp"), "x");
  writeFileSync(join(dir, "notes.txt"), "x");
  await sleep(600);
  expect(changes()).toBe(0);
});

test("nothing is reported after stopping", async () => {
  const dir = tempDir({ "fleet.yaml": "seed: 1" });
  const { changes } = await watching([dir]);
  for (const stop of stops.splice(0)) stop();
  writeFileSync(join(dir, "fleet.yaml"), "seed: 2");
  await sleep(400);
  expect(changes()).toBe(0);
});
