import { assertEquals } from "@std/assert";
import { prettyPieces } from "../src/snapshot/pretty.ts";
import { stateSource } from "../src/state/serial.ts";
import type { Moment } from "../src/state/timeline.ts";
import { copyOut } from "../src/state/values.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import { scramble, treeOf } from "./support/trees.ts";

type Data = Record<string, unknown>;

const SEEDS = 24;
const STEPS = 60;

/** What a reducer must lead to: ordinary data that went through JSON. */
function expected(text: string, random: SeededRandom): string {
  try {
    const state = JSON.parse(text);
    scramble(state, random);
    return JSON.stringify(state);
  } catch {
    return text;
  }
}

test("Tree gives what ordinary data would, in memory, while it is settled, and as of any moment", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const choose = new SeededRandom(seed);
    const tree = treeOf<Data>({ list: [1, { a: [] }], map: {}, "5": 1 });
    tree.await();
    const texts = [JSON.stringify(tree.copy())]; // by sequence number
    const captures: { capture: Moment; text: string }[] = [];
    let settled = 0;
    for (let n = 0; n < STEPS; n++) {
      const step = seed * 1000 + n;
      const where = `seed ${seed}, step ${n}`;
      const last = texts.length - 1;
      const next = expected(texts[last], new SeededRandom(step));
      let changed = true;
      try {
        tree.change(last + 1, scramble, [new SeededRandom(step)]);
      } catch {
        changed = false;
      }
      assertEquals(
        JSON.stringify(tree.newest),
        changed ? next : texts[last],
        where,
      );
      if (changed) texts.push(next);
      else assertEquals(next, texts[last], where);
      if (choose.below(3) === 0) {
        settled += choose.below(texts.length - settled);
        tree.settle(settled);
      }
      assertEquals(JSON.stringify(tree.durable), texts[settled], where);
      if (choose.below(8) === 0) {
        captures.push({ capture: tree.capture(), text: texts[settled] });
      }
      for (const { capture: { root }, text } of captures) {
        assertEquals(JSON.stringify(copyOut(root)), text, where);
        const pieces = [...prettyPieces(root, stateSource)].join("");
        assertEquals(JSON.stringify(JSON.parse(pieces)), text, where);
      }
      if (choose.below(2) === 0) await null; // what is settled is dropped
      if (captures.length > 2) {
        const [{ capture }] = captures.splice(choose.below(3), 1);
        tree.release(capture);
      }
    }
  }
});
