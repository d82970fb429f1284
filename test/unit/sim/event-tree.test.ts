import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventTree } from "../../../src/sim/event-tree.ts";

/** The plain form: every actor's instant in an array, sorted when asked. */
class SortedModel {
  private readonly at: number[];
  private readonly horizon: number;
  private base = 0;

  constructor(actors: number, horizon: number) {
    this.horizon = horizon;
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
    const seen = this.at.map((at, actor) => ({ actor, at: at - this.base < this.horizon ? at : Infinity }));
    return seen.toSorted((a, b) => (a.at === b.at ? a.actor - b.actor : a.at - b.at));
  }

  first(): { actor: number; at: number } {
    return this.order()[0]!;
  }
}

/** Cycles from the base: many ties, and the border of the horizon. */
const away = (horizon: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 20 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: horizon - 1 }) },
    fc.constantFrom(horizon - 1, horizon, horizon + 1, 2 ** 40, Infinity),
  );

describe("the event tree", () => {
  it("has the same next event as a sorted list, ties to the lower actor, the horizon included", () => {
    const scenario = fc.integer({ min: 1, max: 40 }).chain((actors) => {
      const change = fc.tuple(fc.nat({ max: actors - 1 }), away(new EventTree(actors).horizon));
      return fc.tuple(fc.constant(actors), fc.array(change, { maxLength: 120 }));
    });
    fc.assert(
      fc.property(scenario, fc.nat({ max: 2 ** 42 }), ([actors, changes], base) => {
        const tree = new EventTree(actors);
        const model = new SortedModel(actors, tree.horizon);
        tree.rebase(base);
        model.rebase(base);
        for (const [actor, cycles] of changes) {
          tree.set(actor, base + cycles);
          model.set(actor, base + cycles);
          const { actor: first, at } = model.first();
          expect(tree.firstAway()).toBe(Math.min(at - base, tree.horizon));
          if (at !== Infinity) expect(tree.first()).toBe(first);
        }
      }),
    );
  });

  it("sees events beyond its horizon once its base has come closer and they are set anew", () => {
    const tree = new EventTree(3);
    const { horizon } = tree;
    tree.set(1, 2 * horizon);
    expect(tree.firstAway()).toBe(horizon);
    tree.rebase(horizon + 1);
    tree.set(1, 2 * horizon);
    expect([tree.first(), tree.firstAway()]).toEqual([1, horizon - 1]);
  });
});
