/** Markdown tables, and the parts of a README between markers that a generator owns. */

/** A table; `|` inside a cell would end it, so it is escaped. */
export function markdownTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
  return [line(heading), `|${heading.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

/** Text that is no Markdown yet; `<name>` would be taken for HTML. */
export const prose = (text = ""): string => text.replaceAll("<", String.raw`\<`);
export const code = (text: string | number): string => `\`${text}\``;
export const codes = (texts: readonly (string | number)[]): string => texts.map(code).join(" ");

const SECTION = /<!-- generated: ([a-z ]+) -->\n[^]*?<!-- end -->/g;

/**
 * The text with each `<!-- generated: NAME --> … <!-- end -->` filled anew. Throws when a text
 * names a section that nobody makes, or lacks one.
 */
export function fillSections(text: string, sections: Readonly<Record<string, () => string>>): string {
  const missing = new Set(Object.keys(sections));
  const filled = text.replaceAll(SECTION, (_, name: string) => {
    const make = sections[name];
    if (make === undefined) throw new Error(`expected one of ${Object.keys(sections).join(", ")}, came the section "${name}"`);
    missing.delete(name);
    return `<!-- generated: ${name} -->\n${make()}\n<!-- end -->`;
  });
  if (missing.size > 0) throw new Error(`expected the sections ${[...missing].join(", ")}: <!-- generated: NAME --> … <!-- end -->`);
  return filled;
}
