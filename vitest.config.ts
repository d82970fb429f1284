import { defineConfig } from "vitest/config";
import { ClosingLineReporter } from "./test/support/closing-line-reporter.ts";

export default defineConfig({
  test: {
    reporters: ["default", new ClosingLineReporter()],
    projects: [
      {
        // Everything that needs nothing but Node: `npm test`.
        test: {
          name: "fast",
          setupFiles: ["test/support/property-seed.ts"],
          include: ["test/**/*.test.ts"],
          exclude: ["test/system/**", "test/bench/**"],
          testTimeout: 30_000,
        },
      },
      {
        // A built daemon, real Prometheus, a real browser; they share the machine, so one at a time: `npm run test:system`.
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      // The README's pictures, drawn anew: `npm run pictures`.
      { test: { name: "pictures", include: ["test/pictures/pictures.ts"], fileParallelism: false } },
    ],
  },
});
