/** The rule files of Prometheus and their unit tests, as values. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export const RULES_DIR = "config/stack/prometheus/rules";
export const RULE_TESTS_DIR = "test/rules";

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Recording {
  readonly record: string;
  readonly expr: string;
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly (Alert | Recording)[] }[];
}

interface TestFile {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const read = (path: string): unknown => parse(readFileSync(path, "utf8"));

export const filesOf = (dir: string): string[] => readdirSync(dir).map((name) => join(dir, name));

const rules = (): (Alert | Recording)[] =>
  filesOf(RULES_DIR).flatMap((path) => (read(path) as RuleFile).groups.flatMap((group) => group.rules));
export const alerts = (): Alert[] => rules().filter((rule) => "alert" in rule);
export const recordings = (): Recording[] => rules().filter((rule) => "record" in rule);

/** For each unit test: which alert, and how many of it should fire. */
export const alertTests = (): { alert: string; firing: number }[] =>
  filesOf(RULE_TESTS_DIR)
    .flatMap((path) => (read(path) as TestFile).tests.flatMap((one) => one.alert_rule_test))
    .map(({ alertname, exp_alerts }) => ({ alert: alertname, firing: exp_alerts.length }));
