/**
 * The smallest pieces of the configuration's schema. Each carries its own words for an error:
 * the message of a scalar is always `expected …`, and what came is added where it is reported.
 */
import * as z from "zod";
import type { Switch } from "../kvm/host-spec.ts";
import { isForbiddenKey } from "./merge.ts";

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
const toggleInput = z.union([z.enum(["auto", "on", "off"]), z.boolean(), z.literal([0, 1])], says(TOGGLE_WORDS)).meta({ id: "switch" });

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

/** A kernel-style CPU list as text. In a union it gives up at once, so that the union's words are the ones that count. */
const cpuList = z.string().regex(CPU_LIST, { abort: true });

/** Where a guest's vCPUs may go: a class of CPUs or a list. */
export const placement = z.union(
  [z.enum(["isolated", "housekeeping", "any"]), cpuList],
  says(`isolated | housekeeping | any | ${CPU_LIST_WORDS}`),
);

/** `nohz_full=` and `isolcpus=`: none, all but CPU 0 and its sibling, or a list. */
export const isolatedCpus = z
  .union([z.boolean(), z.enum(["on", "off"]), cpuList], says(`true | false | ${CPU_LIST_WORDS}`))
  .transform((value) => (value === "on" ? true : value === "off" ? false : value));

/** Nanoseconds of timer advance, or how it is chosen. */
export const timerAdvance = z
  .union(
    [z.enum(["auto", "off", "adaptive"]), z.literal(false), z.int().min(0, { abort: true }).max(100_000, { abort: true })],
    says("auto | off | adaptive | nanoseconds from 0 to 100000"),
  )
  .transform((value) => (value === false ? "off" : value));

const shareWords = says("a share such as 10% or 0.1, at most 100%");
const shareNumber = z.number().min(0, { abort: true }).max(1, { abort: true });
const shareText = z.string().regex(/^\d{1,3}(\.\d+)?%$/, { abort: true });

/** A part of a whole, as a percentage or a fraction; normalised to 0 … 1. */
export const share = z
  .union([shareNumber, shareText], shareWords)
  .transform((value) => (typeof value === "number" ? value : Number(value.slice(0, -1)) / 100))
  .refine((value) => value <= 1, shareWords);

/** The name of a group, a cohort or a guest. */
export const name = (() => {
  const words = says("a name of a-z, 0-9 and -, that begins with a letter (at most 40 characters)");
  return z
    .string(words)
    .max(40, words)
    .regex(/^[a-z][a-z0-9-]*$/, words)
    .refine((text) => !isForbiddenKey(text), says("another name"));
})();

/** Text that becomes the value of a label: an empty one would be no label at all. */
export const labelValue = z
  .string(says("text (put numbers in quotes)"))
  .min(1, says("text that is not empty"))
  .max(128, says("at most 128 characters"));

const durationWords = says("a duration such as 90s, 10m or 2h");
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** A time span, normalised to milliseconds. */
export const duration = z
  .string(durationWords)
  .regex(/^[1-9]\d{0,5}[smh]$/, durationWords)
  .transform((text) => Number(text.slice(0, -1)) * UNIT_MS[text.slice(-1) as keyof typeof UNIT_MS]);
