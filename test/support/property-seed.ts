/**
 * Property tests draw the same cases each time, so a change is told from a chance; FC_SEED draws
 * others: `FC_SEED=$RANDOM npx vitest run --project fast`.
 */
import * as fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? 1) });
