import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventTree, HORIZON } from "../../../src/sim/event-tree.ts";

/** The plain form: every actor's instant in an array, sorted when asked. */
class SortedModel {
  private readonly at: number[];
  private base = 0;

  constructor(actors: number) {
    this.at = Array.from({ length: actors }, () => Infinity);
  }

  set(actor: number, at: number): void {
    this.at[actor] = at;
  }

  rebase(now: number): void {
    this.base = now;
  }

  /** Actors by instant, the lower one first where they are equal; what lies beyond the horizon is not seen. */
  private order(): { actor: number; at: number }[] {
    const seen = this.at.map((at, actor) => ({ actor, at: at - this.base < HORIZON ? at : Infinity }));
    return seen.toSorted((a, b) => (a.at === b.at ? a.actor - b.actor : a.at - b.at));
  }

  first(): { actor: number; at: number } {
    return this.order()[0]!;
  }
}

const instant = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 20 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: HORIZON - 1 }) },
  fc.constantFrom(HORIZON - 1, HORIZON, HORIZON + 1, 2 ** 40, Infinity),
);

describe("the event tree", () => {
  it("has the same next event as a sorted list, ties to the lower actor, the horizon included", () => {
    const scenario = fc
      .integer({ min: 1, max: 40 })
      .chain((actors) => fc.tuple(fc.constant(actors), fc.array(fc.tuple(fc.nat({ max: actors - 1 }), instant), { maxLength: 120 })));
    fc.assert(
      fc.property(scenario, fc.nat({ max: 2 ** 42 }), ([actors, changes], base) => {
        const tree = new EventTree(actors);
        const model = new SortedModel(actors);
        tree.rebase(base);
        model.rebase(base);
        for (const [actor, away] of changes) {
          tree.set(actor, base + away);
          model.set(actor, base + away);
          const { actor: first, at } = model.first();
          expect(tree.firstAway()).toBe(Math.min(at - base, HORIZON));
          if (at !== Infinity) expect(tree.first()).toBe(first);
        }
      }),
    );
  });

  it("sees events beyond its horizon once its base has come closer and they are set anew", () => {
    const tree = new EventTree(3);
    tree.set(1, 2 * HORIZON);
    expect(tree.firstAway()).toBe(HORIZON);
    tree.rebase(HORIZON + 1);
    tree.set(1, 2 * HORIZON);
    expect([tree.first(), tree.firstAway()]).toEqual([1, HORIZON - 1]);
  });
});
