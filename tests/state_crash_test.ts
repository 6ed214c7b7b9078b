import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Fault, SimulatedFileSystem } from "../src/testing/mod.ts";
import { campaign } from "./crash/campaign.ts";
import { PROGRAM_SHORT, STATE_EVERYDAY, STATE_SHORT } from "./crash/efforts.ts";
import { type Case, crash, Tally } from "./crash/explore.ts";
import { PROGRAM_SCOPE, STATE_SCOPE } from "./crash/scopes.ts";
import { STATE } from "./crash/state.ts";
import type { Reduce, StateSettings } from "./crash/state_world.ts";
import { runtime, test } from "./support/harness.ts";

const [effort, least] = runtime === "bun"
  ? [STATE_EVERYDAY, 6_000] as const
  : [STATE_SHORT, 1_000] as const;

test(`StateManager keeps M1 – M5 and S1 – S6 in ${least} states that a crash can leave, and after a second crash`, async () => {
  const tally = new Tally(STATE);
  await campaign(tally, STATE_SCOPE, effort);
  assert(tally.states >= least, `only ${tally.states} states`);
  assertEquals(tally.states, tally.seen.size, "each state is counted once");
  for (const model of ["kill", "N0", "N1", "N4", "N5", "D3", "D6", "D7"]) {
    assert(tally.byModel.has(model), `${model} was not tried`);
  }
});

test("StateManager keeps M1 – M5 and S1 – S6 when generated reducers change the state", async () => {
  const tally = new Tally(STATE);
  await campaign(tally, PROGRAM_SCOPE, PROGRAM_SHORT);
  assert(tally.states >= 50, `only ${tally.states} states`);
});

/** Defects of a reducer, which generated programs must show, and what the lab says then. */
const REDUCERS: Readonly<
  Record<string, readonly [string, (reduce: Reduce) => Reduce]>
> = {
  "a program gives another order of members when it is replayed": [
    "M1",
    replayed((state) => {
      const members = Object.entries(state);
      for (const [key] of members) Reflect.deleteProperty(state, key);
      Object.assign(state, Object.fromEntries(members.reverse()));
    }),
  ],
  "a program gives another state when it is replayed": [
    "M1",
    replayed((state) => Object.assign(state, { replayed: true })),
  ],
  "an object with more than 64 members loses one": [
    "M1",
    changed(({ big }) => {
      const keys = Object.keys(big ?? {});
      if (keys.length > 64) delete big?.[keys[64]];
    }),
  ],
  "an array with more than 600 items loses one": [
    "M1",
    changed(({ long }) => {
      if (long && long.length > 600) long.pop();
    }),
  ],
  "a program that is to be refused is applied": [
    "REJECTED was expected",
    (reduce) => (state, mutation) => {
      try {
        return reduce(state, mutation);
      } catch {
        // What it has changed stays.
      }
    },
  ],
};

/** What programs find in large states. */
interface Large {
  readonly big?: Record<string, unknown>;
  readonly long?: unknown[];
}

/** A reducer that changes the state further. */
function changed(change: (state: Large) => void): (reduce: Reduce) => Reduce {
  return (reduce) => (state, mutation) => {
    const result = reduce(state, mutation);
    if (result === undefined) change(state);
    return result;
  };
}

/** A reducer that changes the state further, but not when it runs for the first time. */
function replayed(change: (state: object) => void): (reduce: Reduce) => Reduce {
  const seen = new Set<number>();
  return (reduce) => (state, mutation) => {
    const result = reduce(state, mutation);
    if (result === undefined && seen.has(mutation.n)) change(state);
    seen.add(mutation.n);
    return result;
  };
}

for (const [what, [expected, plant]] of Object.entries(REDUCERS)) {
  test(`The crash lab of states notices that ${what}`, async () => {
    const settings = { programs: 382, large: true, plant };
    const states = { sectorSize: 512, limit: 1 };
    const it = { history: "jabx", settings, states };
    const error = await assertRejects(() => new Tally(STATE).run(it), Error);
    const [, shortest] = /^History "(\w*)"/.exec(error.message) ?? [];
    assert(shortest !== undefined && shortest.length <= 2, error.message);
    assert(
      error.message.includes(`: ${expected}`),
      error.message.slice(0, 300),
    );
    assert(error.message.includes("\n1, p = {"), "the programs are printed");
  });
}

/** A defect of the file system that makes a state break an invariant. */
interface Defect {
  readonly what: string;
  readonly invariant: string;
  readonly history: string;
  readonly plant: (fileSystem: SimulatedFileSystem) => void;
  readonly fault?: Fault;
  /** Whether the file system has it behind the crash too. */
  readonly stays?: boolean;
}

const NEW_META = "d/snapshot.meta.json.new";

const DEFECTS: readonly Defect[] = [
  {
    what: "a sync of data does nothing",
    invariant: "M1",
    history: "xa",
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
    what: "a sync of data that fails is hidden",
    invariant: "M1",
    history: "xa",
    plant: (fs) => {
      const open = fs.open.bind(fs);
      fs.open = async (path, options) => {
        const handle = await open(path, options);
        const dataSync = handle.dataSync.bind(handle);
        return Object.assign(handle, {
          dataSync: () => dataSync().catch(() => {}),
        });
      };
    },
    fault: { kinds: ["dataSync"], errno: "EIO", sync: "F1" },
  },
  {
    what: "the files of a snapshot are not synced",
    invariant: "W8",
    history: "nan",
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
  {
    what:
      "the directory is not synced in front of the commit point of a snapshot",
    invariant: "S1",
    history: "nan",
    plant: (fs) => {
      const syncDir = fs.syncDir.bind(fs);
      fs.syncDir = async (path) => {
        if (!fs.visible.files.has(NEW_META)) await syncDir(path);
      };
    },
  },
  {
    what: "the directory is not synced behind the commit point of a snapshot",
    invariant: "S1",
    history: "xan",
    plant: (fs) => {
      const rename = fs.rename.bind(fs);
      const syncDir = fs.syncDir.bind(fs);
      let isNew = false;
      fs.rename = (from, to) => {
        isNew = from.includes("/snapshot.");
        return rename(from, to);
      };
      fs.syncDir = async (path) => {
        if (!isNew) await syncDir(path);
      };
    },
  },
  {
    what: "a snapshot is not given its name",
    invariant: "S1",
    history: "ana",
    plant: (fs) => {
      const rename = fs.rename.bind(fs);
      fs.rename = async (from, to) => {
        if (!from.startsWith("d/snapshot.")) await rename(from, to);
      };
    },
  },
  {
    what: "what a crash left is not removed",
    invariant: "S4",
    history: "xan",
    stays: true,
    plant: (fs) => {
      const remove = fs.remove.bind(fs);
      fs.remove = async (path) => {
        if (!path.endsWith(".new")) await remove(path);
      };
    },
  },
  {
    what: "a removal of a segment is not carried out",
    invariant: "S6",
    history: "apa",
    plant: (fs) => {
      const remove = fs.remove.bind(fs);
      fs.remove = async (path) => {
        if (!path.includes("/journal.jsonl.0")) await remove(path);
      };
    },
  },
];

for (const { what, invariant, history, plant, fault, stays } of DEFECTS) {
  test(`The crash lab of states notices that ${what}`, async () => {
    const planted: typeof STATE = {
      begin: (fileSystem, settings) => {
        plant(fileSystem);
        return STATE.begin(fileSystem, settings);
      },
      check: (fileSystem, owed, watch) => {
        if (stays) plant(fileSystem);
        return STATE.check(fileSystem, owed, watch);
      },
    };
    const it: Case<StateSettings> = {
      history,
      settings: {},
      states: { data: ["D0", "D1"] },
      fault,
    };
    const error = await assertRejects(() => new Tally(planted).run(it), Error);
    const [, shortest] = /^History "(\w*)"/.exec(error.message) ?? [];
    assert(shortest !== undefined && shortest.length <= 3, error.message);
    assert(error.message.includes(`: ${invariant}`), error.message);
  });
}

/** Cases of one step, tried with a state that owes more than it should. */
const EARLY: readonly [string, string, (submitted: number) => object][] = [
  ["acknowledged before it is durable", "M1", (n) => ({ acknowledged: n })],
  ["shown before it is durable", "M2", (n) => ({ shown: n })],
];

for (const [what, invariant, owes] of EARLY) {
  test(`The crash lab of states notices that a mutation is ${what}`, async () => {
    const early: typeof STATE = {
      ...STATE,
      begin: (fileSystem, settings) => {
        const usage = STATE.begin(fileSystem, settings);
        const { open, play, lies, checkFailed } = usage;
        return {
          get owed() {
            const { owed } = usage;
            return { ...owed, ...owes(owed.submitted) };
          },
          open,
          play,
          lies,
          checkFailed,
        };
      },
    };
    const states = { sectorSize: 32, limit: 20 };
    const it = { history: "a", settings: {}, states };
    const error = await assertRejects(() => crash(early, it), Error);
    assert(error.message.startsWith(`${invariant}: `), error.message);
  });
}

test("The crash lab of states comes to the same states again", async () => {
  const counts = [1, 2].map(async () => {
    const tally = new Tally(STATE);
    const effort = { ...STATE_SHORT, length: 0, limits: [10, 1], random: 2 };
    await campaign(tally, STATE_SCOPE, effort);
    return [tally.states, ...tally.byModel];
  });
  const [first, second] = await Promise.all(counts);
  assertEquals(first, second);
});
