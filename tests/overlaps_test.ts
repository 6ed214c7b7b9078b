import { assert } from "@std/assert";
import { type Case, crash, type Subject } from "./crash/explore.ts";
import { LOG } from "./crash/log.ts";
import { QUEUE } from "./crash/queue.ts";
import { STATE } from "./crash/state.ts";
import { test } from "./support/harness.ts";

/** Plays histories whose calls overlap, and checks what a crash leaves when these are carried out in other orders. */
async function overlap<S, T>(
  subject: Subject<S, T>,
  histories: readonly string[],
  settings: S,
): Promise<void> {
  let orders = 0;
  for (const history of histories) {
    const it: Case<S> = {
      history,
      settings,
      states: { sectorSize: 32, limit: 1 },
      orders: 4,
    };
    try {
      orders += (await crash(subject, it)).orders;
    } catch (error) {
      throw new Error(`History "${history}": ${error}`, { cause: error });
    }
  }
  assert(orders > histories.length, `only ${orders} orders`);
}

test("MiniStore keeps its promises when calls that overlap are carried out in other orders", async () => {
  await overlap(LOG, ["", "c", "S", "art"], {});
});

test("StateManager keeps its promises when calls that overlap are carried out in other orders", async () => {
  await overlap(STATE, ["aN"], {});
});

test("MiniQueue keeps its promises when calls that overlap are carried out in other orders", async () => {
  await overlap(QUEUE, ["en"], {});
});
