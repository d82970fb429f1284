/** Reads a Dockerfile into its instructions: enough to check how an image is made without making it. */
export interface Instruction {
  readonly keyword: string;
  readonly args: string;
}

export interface Stage {
  /** `FROM node:${NODE_TAG}` with the ARGs before it filled in. */
  readonly base: string;
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

export function parseDockerfile(text: string): Stage[] {
  const defaults = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const { keyword, args } of instructionsOf(text)) {
    const current = stages.at(-1);
    if (keyword === "FROM") {
      const [base = "", , name = null] = args.split(/\s+/);
      stages.push({ base: base.replace(/\$\{(\w+)\}/g, (_, arg: string) => defaults.get(arg) ?? ""), name, instructions: [] });
    } else if (current !== undefined) {
      current.instructions.push({ keyword, args });
    } else if (keyword === "ARG") {
      const [arg = "", value = ""] = args.split("=");
      defaults.set(arg, value);
    }
  }
  return stages;
}

function instructionsOf(text: string): Instruction[] {
  return text
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .map((line) => /^(\w+)\s+(.*)$/.exec(line.trim()))
    .filter((match) => match !== null)
    .map(([, keyword = "", args = ""]) => ({ keyword: keyword.toUpperCase(), args: args.replaceAll(/\s+/g, " ") }));
}
