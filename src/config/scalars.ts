/**
 * The smallest pieces of the configuration's schema. Each carries its own words for an error:
 * the message of a scalar is always `expected …`, and what came is added where it is reported.
 */
import * as z from "zod";
import type { Switch } from "../kvm/host-spec.ts";

const says = (what: string): { error: string } => ({ error: `expected ${what}` });

/** A whole number in a range, both ends included. */
export const integer = (min: number, max: number) => {
  const words = says(`a whole number from ${min} to ${max}`);
  return z.int(words).min(min, words).max(max, words);
};

/** A number in a range, both ends included. */
export const decimal = (min: number, max: number) => {
  const words = says(`a number from ${min} to ${max}`);
  return z.number(words).min(min, words).max(max, words);
};

/** One of the names of a catalogue. */
export const oneOf = <const T extends readonly string[]>(names: T) => z.enum(names, says(names.join(" | ")));

/** One of a few numbers. */
export const oneNumberOf = <const T extends readonly number[]>(numbers: T) => z.literal(numbers, says(numbers.join(" | ")));

/** One of a few words, where YAML's `off` may have arrived as `false` or 0: both mean `off`. */
export const modeOf = <const T extends readonly string[]>(modes: T) =>
  z
    .union([z.enum(modes), z.literal([false, 0])], says(modes.join(" | ")))
    .transform((mode): T[number] => (mode === false || mode === 0 ? "off" : mode));

const TOGGLE_WORDS = "auto | on | off | true | false | 0 | 1";
const toggleInput = z.union([z.enum(["auto", "on", "off"]), z.boolean(), z.literal([0, 1])], says(TOGGLE_WORDS));

/** A switch in any of its spellings, normalised to `auto`, `on` or `off`. */
export const toggle = toggleInput.transform((value): Switch => {
  if (value === "auto") return "auto";
  return value === "on" || value === true || value === 1 ? "on" : "off";
});

/** A switch of which the kernel has no say: `auto` takes it back to its default, as null does. */
export const flag = toggleInput.transform((value) => (value === "auto" ? null : value === "on" || value === true || value === 1));

/** As the kernel's own lists: `0-3,8`, and `0-31:2/4` for two CPUs of every four. */
const CPU_LIST = /^\d+(-\d+(:\d+\/\d+)?)?(,\d+(-\d+(:\d+\/\d+)?)?)*$/;
const CPU_LIST_WORDS = 'a CPU list such as "2-63" (in quotes when it is one number)';

/** A kernel-style CPU list as text. */
export const cpuList = z.string(says(CPU_LIST_WORDS)).regex(CPU_LIST, says(CPU_LIST_WORDS));

/** `nohz_full=` and `isolcpus=`: none, all but CPU 0 and its sibling, or a list. */
export const isolatedCpus = z
  .union([z.boolean(), z.enum(["on", "off"]), cpuList], says(`true | false | ${CPU_LIST_WORDS}`))
  .transform((value) => (value === "on" ? true : value === "off" ? false : value));

/** The name of a group, a cohort or a guest. */
export const name = (() => {
  const words = says("a name of a-z, 0-9 and -, that begins with a letter (at most 40 characters)");
  return z
    .string(words)
    .max(40, words)
    .regex(/^[a-z][a-z0-9-]*$/, words);
})();

/** Text that becomes the value of a label: an empty one would be no label at all. */
export const labelValue = z
  .string(says("text (put numbers in quotes)"))
  .min(1, says("text that is not empty"))
  .max(128, says("at most 128 characters"));
