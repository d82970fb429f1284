import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a run with `N passed, N failed` alone on a line, `, N skipped` after it when there are
 * any: the form that CI systems count. A file that did not load counts as one failure.
 */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const states = modules.flatMap((module) => Array.from(module.children.allTests(), (test) => test.result().state));
    const count = (state: string) => states.filter((each) => each === state).length;
    const broken = modules.filter((module) => module.errors().length > 0).length + unhandledErrors.length;
    const skipped = count("skipped") > 0 ? `, ${count("skipped")} skipped` : "";
    console.log(`${count("passed")} passed, ${count("failed") + broken} failed${skipped}`);
  }
}
