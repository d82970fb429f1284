import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseDockerfile } from "./support/dockerfile.ts";
import { readSourceTexts } from "./support/source-file.ts";

const stages = parseDockerfile(readFileSync("Dockerfile", "utf8"));
const image = stages.at(-1)!;
const argsOf = (keyword: string): string[] => image.instructions.filter((each) => each.keyword === keyword).map((each) => each.args);
const lastArgsOf = (keyword: string): string => argsOf(keyword).at(-1) ?? "";
const execForm = (args: string): string[] => JSON.parse(args.slice(args.indexOf("["))) as string[];

describe("the image", () => {
  test("stands on a named release of Node's slim image, the same in every stage", () => {
    expect(new Set(stages.map((stage) => stage.base)).size).toBe(1);
    expect(image.base).toMatch(/^node:\d+(\.\d+)*-bookworm-slim$/);
  });

  test("runs as a user other than root, named by number", () => {
    expect(lastArgsOf("USER")).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  test("runs the daemon itself as process 1, which a shell form would not", () => {
    expect(execForm(lastArgsOf("ENTRYPOINT"))).toEqual(["node", "/app/dist/main.js"]);
    expect(execForm(lastArgsOf("CMD"))[0]).toBe("serve");
    expect(lastArgsOf("HEALTHCHECK")).toMatch(/ CMD \["node", /);
  });

  test("holds production dependencies only", () => {
    const copied = argsOf("COPY").filter((args) => args.includes("node_modules"));
    expect(copied).toEqual(["--from=dependencies /app/node_modules ./node_modules"]);
    const installs = stages.find((stage) => stage.name === "dependencies")?.instructions.filter((each) => each.keyword === "RUN");
    expect(installs?.[0]?.args).toContain("npm ci --omit=dev");
  });

  test("copies only files that are there and that .dockerignore lets through", () => {
    const ignore = readFileSync(".dockerignore", "utf8").split("\n");
    const sources = stages
      .flatMap((stage) => stage.instructions)
      .filter(({ keyword, args }) => keyword === "COPY" && !args.startsWith("--from="))
      .flatMap(({ args }) => args.split(" ").slice(0, -1));
    expect(sources.length).toBeGreaterThan(4);
    expect(sources.filter((path) => !existsSync(path))).toEqual([]);
    expect(sources.filter((path) => !ignore.includes(`!${path}`))).toEqual([]);
  });

  test("is asked for its health at a route that exists, on the port that it listens on", () => {
    const { port, pathname } = new URL(/fetch\('([^']+)'\)/.exec(lastArgsOf("HEALTHCHECK"))![1]!);
    expect(port).toBe(lastArgsOf("EXPOSE"));
    expect(execForm(lastArgsOf("CMD"))).toContain(`0.0.0.0:${port}`);
    expect(readSourceTexts("src/http").filter(({ text }) => text.includes(`"${pathname}"`))).not.toEqual([]);
  });

  test("finds its configuration and its state where the command says", () => {
    const command = execForm(lastArgsOf("CMD"));
    expect(argsOf("COPY").join("\n")).toContain(command[command.indexOf("--config") + 1]);
    expect(argsOf("RUN").join("\n")).toContain(command[command.indexOf("--state") + 1]);
  });
});
