/** `npm run crash` on several processors gives what it gives on one. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { SimulatedFileSystem } from "../src/testing/mod.ts";
import { campaign, type Effort, type Scope } from "./crash/campaign.ts";
import { type Subject, Tally, type Usage } from "./crash/explore.ts";
import { cut } from "./crash/pieces.ts";
import { optionsOf } from "./crash/run_options.ts";
import {
  type End,
  Findings,
  runPieces,
  type Shard,
  ShardEnded,
  StateSet,
  Thread,
} from "./crash/shards.ts";
import { piecesOf } from "./crash/subjects.ts";
import { runtime, test } from "./support/harness.ts";

/** Each part has something to do. */
const EFFORT: Effort = {
  length: 3,
  limits: [4, 4, 4, 2],
  again: 1,
  oneIn: 2,
  faultLength: 1,
  faultLimit: 2,
  random: 6,
  seed: 5,
};
const SCOPE: Scope<object> = {
  letters: "wsn",
  settings: [{}],
  short: 1,
  faultSettings: [{}],
  randomLetters: "wsn",
  randomSettings: [{}],
  longest: 200,
  legacy: {
    letters: "ws",
    settings: {},
    without: /^ss/,
    data: ["D0", "D1"],
    upgraded: /n/,
  },
};
const WHOLE: End = { early: false, states: 0, isOver: () => false };

/** What is owed of some bytes in a file. */
interface Owed {
  readonly written: number;
  readonly synced: number;
}

/** A subject that costs little: "w" writes a byte, "s" syncs them, "n" begins a second file. */
const BYTES: Subject<object, Owed> = { begin, check: async () => {} };

function begin(fileSystem: SimulatedFileSystem): Usage<Owed> {
  let owed: Owed = { written: 0, synced: 0 };
  let name = "a";
  const open = async () => {
    const file = await fileSystem.open(name, { mode: "create" });
    await file.sync();
    await file.close();
    await fileSystem.syncDir(".");
  };
  return {
    get owed() {
      return owed;
    },
    open,
    play: async (history) => {
      for (const letter of history) {
        if (letter === "n" && name === "a") {
          name = "b";
          await open();
          continue;
        }
        const file = await fileSystem.open(name, { mode: "write" });
        try {
          const { written } = owed;
          if (letter === "w") {
            await file.write(new Uint8Array([written]), await file.size());
            owed = { ...owed, written: written + 1 };
          } else {
            await file.sync();
            owed = { written, synced: written };
          }
        } finally {
          await file.close();
        }
      }
    },
    lies: () => {},
    checkFailed: () => Promise.resolve(),
  };
}

/** A shard in this thread; `delay` says how many turns of the event loop it is late with a piece. */
function shard(
  delay: (number: number) => number = () => 0,
  subject: Subject<object, Owed> = BYTES,
): Shard {
  const pieces = cut(subject, SCOPE, EFFORT);
  return {
    run: async (number) => {
      const result = await pieces.run(number);
      for (let n = delay(number); n > 0; n--) {
        await new Promise((resolve) => setTimeout(resolve));
      }
      return result;
    },
    end: () => Promise.resolve(),
  };
}

async function findingsOf(
  shards: readonly Shard[],
  end: End = WHOLE,
): Promise<Findings> {
  const findings = new Findings();
  await runPieces(cut(BYTES, SCOPE, EFFORT), shards, end, findings);
  return findings;
}

/** All that must not depend on the shards. */
function contentOf(findings: Findings) {
  const { states, byModel, done, histories, faults, checked } = findings;
  const { size, hash } = states;
  const [models, parts] = [byModel, done].map((map) => [...map].sort());
  return { size, hash, models, parts, histories, faults, checked };
}

test("runPieces() finds the same states on one shard and on three, however slow each is", async () => {
  const one = await findingsOf([shard()]);
  const three = await findingsOf([
    shard((n) => n % 5),
    shard((n) => (n * 7) % 4),
    shard(),
  ]);
  assertEquals(contentOf(three), contentOf(one));
  assert(one.states.size > 100, `${one.states.size} states`);
  assert(one.checked > one.states.size, "no state was in two pieces");
});

test("runPieces() runs all that a campaign does, which keeps its states in one set", async () => {
  const tally = new Tally(BYTES);
  await campaign(tally, SCOPE, EFFORT);
  const findings = await findingsOf([shard(), shard()]);
  assertEquals(findings.histories, tally.histories);
  assertEquals(findings.faults, tally.faults);
  // A state is crashed a second time only where it is found first: within a
  // piece, or within all. So pieces find what the campaign does, and some more.
  const all = new StateSet();
  for (const state of tally.seen) all.add(state);
  const both = new StateSet();
  for (const state of tally.seen) both.add(state);
  const pieces = cut(BYTES, SCOPE, EFFORT);
  for (let n = 0; n < pieces.planned; n++) {
    for (const state of (await pieces.run(n)).states) both.add(state);
  }
  assertEquals(both.size, findings.states.size, "a state was left out");
  assert(findings.states.size >= all.size);
  assert(findings.states.size < all.size * 1.05, `${findings.states.size}`);
});

test("runPieces() goes on with random histories to the states that are wanted, and ends at the same piece", async () => {
  const { states } = await findingsOf([shard()]);
  const end = { ...WHOLE, states: states.size + 50 };
  const one = await findingsOf([shard()], end);
  assert(one.states.size >= end.states, `${one.states.size} states`);
  assert((one.done.get("random histories") ?? 0) > EFFORT.random);
  const two = await findingsOf([shard((n) => n % 3), shard()], end);
  assertEquals(contentOf(two), contentOf(one));
});

test("runPieces() ends when the time is over, and counts all that was run", async () => {
  let pieces = 0;
  const counting = (): Shard => {
    const inner = shard((n) => n % 4);
    return { ...inner, run: (n) => (pieces++, inner.run(n)) };
  };
  const isOver = () => pieces >= 7;
  const end = { early: true, states: Infinity, isOver };
  const findings = await findingsOf([counting(), counting()], end);
  const first = cut(BYTES, SCOPE, EFFORT);
  let units = 0;
  for (let n = 0; n < pieces; n++) units += (await first.run(n)).units;
  let done = 0;
  for (const count of findings.done.values()) done += count;
  assertEquals(done, units);
});

test("runPieces() throws the violation of a shard with its shortest history, and ends the others", async () => {
  const broken: typeof BYTES = {
    begin,
    check: (_, { written }) =>
      written > 1
        ? Promise.reject(new Error("W9: planted"))
        : Promise.resolve(),
  };
  let ended = 0;
  const shards = [shard(() => 0, broken), shard(() => 1)].map((one) => ({
    ...one,
    end: () => Promise.resolve(ended++),
  }));
  const error = await assertRejects(() => findingsOf(shards), Error);
  assert(/^History "ww" with .*W9: planted/.test(error.message));
  assertEquals(ended, 2);
});

test("StateSet counts a number once, and its hash does not ask for their order", () => {
  const numbers = [1, 2 ** 53 - 1, 2 ** 40, 65, 1, 2 ** 40];
  const [set, other] = [new StateSet(), new StateSet()];
  for (const number of numbers) set.add(number);
  for (const number of numbers.toReversed()) other.add(number);
  assertEquals([set.size, other.size], [4, 4]);
  assertEquals(set.hash, other.hash);
  other.add(2);
  assert(set.hash !== other.hash);
});

if (runtime === "node") { // which the crash lab runs on
  test("Thread runs pieces of the crash lab as this thread does", async () => {
    const change = { ...EFFORT, length: 1, faultLength: -1, limits: [2, 1] };
    const pieces = piecesOf("logs", change);
    const here: number[] = [];
    for (const n of [0, 1]) here.push(...(await pieces.run(n)).states);
    const threads = [0, 1].map(() => new Thread("logs", change));
    const there = await Promise.all(threads.map((thread, n) => thread.run(n)));
    await Promise.all(threads.map((thread) => thread.end()));
    assertEquals(there.flatMap(({ states }) => [...states]), here);
    assert(here.length > 2, `${here.length} states`);
    await assertRejects(() => threads[0].run(2), ShardEnded);
  });
}

test("optionsOf() of the crash lab reads its arguments, and says which cannot be used", () => {
  assertEquals(optionsOf([], 2), {
    subjects: ["logs", "states", "programs", "queues"],
    seed: undefined,
    minutes: undefined,
    states: undefined,
    shards: 2,
  });
  const args = ["states", "--minutes=0.5", "--seed=7", "--shards=3"];
  assertEquals(optionsOf(args, 2), {
    subjects: ["states", "programs"],
    seed: 7,
    minutes: 0.5,
    states: undefined,
    shards: 3,
  });
  assertThrows(() => optionsOf(["log"], 2), RangeError, "subject log");
  for (const bad of ["--minutes=0", "--seed=1.5", "--shards=", "--states=x"]) {
    assertThrows(() => optionsOf([bad], 2), RangeError, bad);
  }
  assertThrows(() => optionsOf(["--minute=3"], 2), TypeError, "--minute");
});
