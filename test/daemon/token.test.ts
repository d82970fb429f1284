import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { addressToOpen } from "../../src/daemon/listen.ts";
import { findToken } from "../../src/daemon/token.ts";

const dir = mkdtempSync(join(tmpdir(), "fastpathd-"));
afterAll(() => rmSync(dir, { recursive: true }));
const fileWith = (text: string): string => {
  const path = join(dir, "token");
  writeFileSync(path, text);
  return path;
};

describe("the token", () => {
  it("is made up when none is given, and never twice the same", async () => {
    const [a, b] = await Promise.all([1, 2].map(() => findToken({ open: false, file: null, fromEnvironment: undefined })));
    expect(a?.isGenerated).toBe(true);
    expect(a?.value).toMatch(/^[\w-]{32}$/);
    expect(a?.value).not.toBe(b?.value);
  });

  it("comes from the file before the environment, without its line end", async () => {
    expect(await findToken({ open: false, file: fileWith("secret\n"), fromEnvironment: "other" })).toEqual({
      value: "secret",
      isGenerated: false,
    });
    expect(await findToken({ open: false, file: null, fromEnvironment: "other" })).toEqual({ value: "other", isGenerated: false });
  });

  it("is off when the daemon is open", async () => {
    expect(await findToken({ open: true, file: null, fromEnvironment: "other" })).toEqual({ value: null, isGenerated: false });
  });

  it("must be there where it is said to be, and fit into a header", async () => {
    for (const text of ["", "two words", "schlüssel"]) {
      await expect(findToken({ open: false, file: fileWith(text), fromEnvironment: undefined })).rejects.toThrow("visible ASCII");
    }
    await expect(findToken({ open: false, file: join(dir, "none"), fromEnvironment: undefined })).rejects.toThrow("cannot be read");
  });
});

describe("the address to open", () => {
  it("is localhost wherever a browser on this machine gets through", () => {
    expect(addressToOpen({ host: "0.0.0.0", port: 9464 })).toBe("http://localhost:9464/");
    expect(addressToOpen({ host: "127.0.0.1", port: 80 })).toBe("http://localhost:80/");
    expect(addressToOpen({ host: "10.0.0.5", port: 9464 })).toBe("http://10.0.0.5:9464/");
  });
});
