import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Fault, SimulatedFileSystem } from "../src/testing/mod.ts";
import { campaign, histories, SYNC_FAULTS } from "./crash/campaign.ts";
import { QUEUE_EVERYDAY, QUEUE_SHORT } from "./crash/efforts.ts";
import { type Case, Tally } from "./crash/explore.ts";
import { QUEUE } from "./crash/queue.ts";
import { QUEUE_ALPHABET } from "./crash/queue_alphabet.ts";
import type { QueueOwed, QueueSettings } from "./crash/queue_oracle.ts";
import { QUEUE_SCOPE } from "./crash/scopes.ts";
import { runtime, test } from "./support/harness.ts";

/** On one runtime more than on the others. */
const isThorough = runtime === "bun";
const [effort, least] = isThorough
  ? [QUEUE_EVERYDAY, 300] as const
  : [QUEUE_SHORT, 100] as const;
/** All pairs of these letters are tried; the traps and chance know the others. */
const SCOPE = { ...QUEUE_SCOPE, letters: "gucarTnk" };

test(`MiniQueue keeps Q1 – Q6 in ${least} states that a crash can leave, and after a second crash`, async () => {
  const tally = new Tally(QUEUE);
  await campaign(tally, SCOPE, effort);
  assert(tally.states >= least, `only ${tally.states} states`);
  assertEquals(tally.states, tally.seen.size, "each state is counted once");
  for (const model of ["kill", "N0", "D1", "D3"]) {
    assert(tally.byModel.has(model), `${model} was not tried`);
  }
});

/**
 * Histories that chance does not come upon soon: each is a trap that a queue may
 * walk into.
 */
const TRAPS: readonly [string, string, QueueSettings?][] = [
  ["a claim counts an attempt before it is seen", "eccTcTc"],
  ["a lease that ran out settles nothing", "ecTcsa"],
  ["a lease of an attempt before settles nothing", "eccRcsA"],
  ["a lease of a queue that was closed goes on", "eczsa"],
  ["a lease outlives a clock that is set back", "ecBsTc"],
  ["a lease begins when the message is handed out", "eeSsttaTc"],
  ["a last attempt is handed out late", "eScTSsTc"],
  ["a lease that is extended begins when that is durable", "ecXttsTc"],
  ["a lease that began late meets a clock that is set back", "eSXBsTc"],
  ["a group has one lease when the clock is set back", "ggcfcvTcBsTc"],
  ["a delay that is over is over, wherever the clock is set to", "dTcBTTc"],
  ["a lease that is extended runs for longer", "ecxttcsTc"],
  ["what is released has its attempt back", "eclclcR"],
  ["many calls are under way", "mAyw"],
  ["somebody waits", "wwTwa"],
  ["dead letters are purged and messages cleared", "eecfbVqc"],
  ["a group lets one through, also over retries", "gggcrctca"],
  ["a group lets one through, behind a restart", "ggczcTc"],
  ["a group goes on behind one that expired", "IgeTCC"],
  ["a dead letter of a group takes its old place", "ggcfvc"],
  ["a delayed head of a group holds up the others", "DgctcC"],
  ["what expires becomes a dead letter when its turn comes", "ieTCVi"],
  ["what was redriven does not expire", "iTcvTc"],
  ["a key is kept by a snapshot", "uanzuTu", { maxSegmentBytes: 1 }],
  ["an id is needed for as long as its message is there", "UTUcaU"],
  ["a batch has its keys for itself", "bbTb"],
  ["keys stay until their time is over", "teute", { keys: 70 }],
  ["keys go when there are many, each in its time", "teuteuTu", { keys: 70 }],
  ["a payload is carried on, and again", "eeeecaneenzC", {
    maxSegmentBytes: 1,
    payloadMemory: 0,
  }],
  ["a dead letter's payload is carried on", "eeecfeanecanvC", {
    maxSegmentBytes: 1,
    payloadMemory: 0,
  }],
  ["a compaction has others beside it", "eeeccNzN", {
    maxSegmentBytes: 1,
    payloadMemory: 0,
  }],
  ["compactions begin by themselves", "eeeccaeecAezC", {
    maxSegmentBytes: 1,
    payloadMemory: 0,
    snapshotAfter: 1,
  }],
  ["a mutation and its message come together", "oocOzcOn", { outbox: true }],
];

for (const [what, history, settings = {}] of TRAPS) {
  test(`MiniQueue keeps Q1 – Q6 where ${what}`, async () => {
    const tally = new Tally(QUEUE);
    const { length } = history;
    // The crash is in each of the last steps on one runtime, in the last on the others.
    for (let end = length - (isThorough ? 1 : 0); end <= length; end++) {
      await tally.run({
        history: history.slice(0, end),
        settings,
        states: { sectorSize: 32, limit: 1 },
      });
    }
  });
}

/** The steps of which each sync fails. */
const FAILING = isThorough ? "cn" : "c";
/** What the queue has behind it: a snapshot, messages in hand, and a log that goes on. */
const BEFORE = "eugncd";

/**
 * Takes a step while a sync fails; then all that a crash can leave is recovered,
 * at once and when it has been used further.
 *
 * @returns Whether the sync was reached.
 */
async function fail(
  step: string,
  settings: QueueSettings,
  fault: Fault,
): Promise<boolean> {
  const fileSystem = new SimulatedFileSystem();
  const usage = QUEUE.begin(fileSystem, settings);
  await usage.open();
  await usage.play(BEFORE);
  fileSystem.onOperation = () => void usage.owed; // what shows is looked at
  if (fault.sync === "F4") usage.lies();
  fileSystem.inject(fault);
  try {
    await usage.play(step);
  } catch (error) {
    await recoverEach(fileSystem, usage.owed);
    await usage.checkFailed(error);
  }
  await recoverEach(fileSystem, usage.owed);
  return fileSystem.operations.some((operation) => operation.fault);
}

/** Recovers what a crash leaves: what is visible, and a disk. */
async function recoverEach(
  fileSystem: SimulatedFileSystem,
  owed: QueueOwed,
): Promise<void> {
  const images = fileSystem.crashStates({ sectorSize: 32, limit: 1 });
  const systems = [
    fileSystem.clone(),
    ...Array.from(images, ({ image }) => new SimulatedFileSystem({ image })),
  ];
  for (const system of systems) await QUEUE.check(system, owed, () => {});
}

for (const step of FAILING) {
  test(`MiniQueue stays at what is durable, and keeps it, whichever sync of "${step}" fails`, async () => {
    const settings: QueueSettings = { maxSegmentBytes: 1, payloadMemory: 0 };
    let faults = 0;
    for (const some of SYNC_FAULTS) {
      for (let at = 1;; at++) {
        const fault = { ...some, at };
        try {
          if (!await fail(step, settings, fault)) break;
        } catch (error) {
          const what = JSON.stringify({ settings, fault });
          throw new Error(`${what}: ${String(error)}`, { cause: error });
        }
        faults++;
      }
    }
    assert(faults >= 7, `only ${faults} failing syncs`);
  });
}

/** A defect of the file system that makes a queue break an invariant. */
interface Defect {
  readonly what: string;
  readonly history: string;
  readonly plant: (fileSystem: SimulatedFileSystem) => void;
}

const DEFECTS: readonly Defect[] = [
  {
    what: "a sync of data does nothing",
    history: "ze",
    plant: (fs) => {
      const open = fs.open.bind(fs);
      fs.open = async (path, options) =>
        Object.assign(await open(path, options), {
          dataSync: () => Promise.resolve(),
          dataSyncSync: () => {},
        });
    },
  },
  {
    what: "the files of a snapshot are not synced",
    history: "nen",
    plant: (fs) => {
      const open = fs.open.bind(fs);
      fs.open = async (path, options) => {
        const handle = await open(path, options);
        return path.includes("/snapshot.")
          ? Object.assign(handle, { sync: () => Promise.resolve() })
          : handle;
      };
    },
  },
];

for (const { what, history, plant } of DEFECTS) {
  test(`The crash lab of queues notices that ${what}`, async () => {
    const planted: typeof QUEUE = {
      ...QUEUE,
      begin: (fileSystem, settings) => {
        plant(fileSystem);
        return QUEUE.begin(fileSystem, settings);
      },
    };
    const it: Case<QueueSettings> = {
      history,
      settings: {},
      states: { data: ["D0", "D1"] },
    };
    const error = await assertRejects(() => new Tally(planted).run(it), Error);
    const [, shortest] = /^History "(\w*)"/.exec(error.message) ?? [];
    assert(shortest !== undefined && shortest.length <= 3, error.message);
    assert(/: [QWS]\d: /.test(error.message), error.message);
  });
}

test("The crash lab of queues notices that an enqueue is acknowledged before it is durable", async () => {
  const early: typeof QUEUE = {
    ...QUEUE,
    begin: (fileSystem, settings) => {
      const usage = QUEUE.begin(fileSystem, settings);
      return Object.create(usage, {
        owed: {
          get() {
            const { owed } = usage;
            return { ...owed, models: owed.models.slice(-1) };
          },
        },
      });
    },
  };
  const states = { sectorSize: 32, limit: 20 };
  const it = { history: "e", settings: {}, states };
  const error = await assertRejects(() => new Tally(early).run(it), Error);
  assert(error.message.includes(": Q1: "), error.message);
});

test("The crash lab of queues comes to the same states again", async () => {
  const counts = [1, 2].map(async () => {
    const tally = new Tally(QUEUE);
    const random = { ...QUEUE_SHORT, length: 0, limits: [3, 1], random: 2 };
    await campaign(tally, { ...QUEUE_SCOPE, longest: 40 }, random);
    return [tally.states, ...tally.byModel];
  });
  const [first, second] = await Promise.all(counts);
  assertEquals(first, second);
});

test("The crash lab of queues knows all letters that it uses", () => {
  const used = [
    ...histories(1, QUEUE_SCOPE.letters + QUEUE_SCOPE.randomLetters),
  ];
  for (const letter of used) assert(letter in QUEUE_ALPHABET, letter);
});
