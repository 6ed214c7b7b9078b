import { assert, assertEquals, assertRejects } from "@std/assert";
import { DATA_MODELS, type SimulatedFileSystem } from "../src/testing/mod.ts";
import { campaign } from "./crash/campaign.ts";
import { EVERYDAY, SHORT } from "./crash/efforts.ts";
import { type Case, Tally } from "./crash/explore.ts";
import { LOG } from "./crash/log.ts";
import type { Settings } from "./crash/oracle.ts";
import { LOG_SCOPE } from "./crash/scopes.ts";
import { runtime, test } from "./support/harness.ts";

const [effort, least] = runtime === "bun"
  ? [EVERYDAY, 30_000] as const
  : [SHORT, 10_000] as const;

test(`MiniStore keeps W1 – W13 in ${least} states that a crash can leave, and after a second crash`, async () => {
  const tally = new Tally(LOG);
  await campaign(tally, LOG_SCOPE, effort);
  assert(tally.states >= least, `only ${tally.states} states`);
  assertEquals(tally.states, tally.seen.size, "each state is counted once");
  for (const model of DATA_MODELS) {
    // These give states that others gave before; and a log truncates no file.
    if (["D0", "D2", "D4", "D8", "D11"].includes(model)) continue;
    assert(tally.byModel.has(model), `${model} was not tried`);
  }
  assert(tally.faults > 20, `only ${tally.faults} failing syncs`);
});

/** A defect of the file system that makes a log break an invariant. */
const DEFECTS: readonly [string, string, (fs: SimulatedFileSystem) => void][] =
  [
    ["a sync of data does nothing", "W1", (fs) => {
      const open = fs.open.bind(fs);
      fs.open = async (path, options) =>
        Object.assign(await open(path, options), {
          dataSync: () => Promise.resolve(),
          dataSyncSync: () => {},
        });
    }],
    ["a sync of a directory does nothing", "W1", (fs) => {
      fs.syncDir = () => Promise.resolve();
    }],
    ["a file's bytes are not synced with fsync", "W13", (fs) => {
      const open = fs.open.bind(fs);
      fs.open = async (path, options) =>
        Object.assign(await open(path, options), {
          sync: () => Promise.resolve(),
        });
    }],
    ["a removal is not carried out", "W4", (fs) => {
      fs.remove = () => Promise.resolve();
    }],
  ];

for (const [what, invariant, prepare] of DEFECTS) {
  test(`The crash lab notices that ${what}, and shrinks the history`, async () => {
    const it: Case<Settings> = {
      history: "abrtxabrt",
      settings: {},
      states: { sectorSize: 32, limit: 200 },
      prepare,
    };
    const error = await assertRejects(() => new Tally(LOG).run(it), Error);
    const [, history] = /^History "(\w*)"/.exec(error.message) ?? [];
    assert(history !== undefined && history.length <= 3, error.message);
    assert(error.message.includes(invariant), error.message);
    assert(/The disk holds\n/.test(error.message), error.message);
    assert(/call \d+/.test(error.message), error.message);
  });
}

test("MiniStore.open() keeps the log whose copy is lost by a sync that reports it late", async () => {
  const tally = new Tally(LOG);
  for (let at = 1; at <= 6; at++) {
    await tally.run({
      history: "ak",
      settings: {},
      states: { sectorSize: 32, limit: 20 },
      again: { limit: 20 },
      fault: { kinds: ["sync", "dataSync"], at, errno: "EIO", sync: "F4" },
    });
  }
  assert(tally.faults > 0);
});

test("The crash lab comes to the same states again", async () => {
  const counts = [1, 2].map(async () => {
    const tally = new Tally(LOG);
    const effort = { ...SHORT, length: 1, limits: [20, 4], random: 3 };
    await campaign(tally, LOG_SCOPE, effort);
    return [tally.states, ...tally.byModel];
  });
  const [first, second] = await Promise.all(counts);
  assertEquals(first, second);
});
