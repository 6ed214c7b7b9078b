/**
 * Damage that the opening of a state meets, in the log and in the snapshot.
 */

import { DurableError, SnapStore, StateManager } from "../../mod.ts";
import { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { bytesOf, concat, type Files, replaced } from "../support/journals.ts";
import { type After, type Cells, expect } from "./cells.ts";
import { DIR, JOURNAL, LEDGER, StateOracle, textAt } from "./ledger.ts";
import {
  managerOf,
  newStateRun,
  openState,
  STATE_STEPS,
} from "./state_steps.ts";

/** Damaged files, and what must come back unless they are refused. */
export interface StateDamage {
  readonly what: string;
  readonly files: Files;
  /** The least number of mutations. */
  readonly least: number;
  /** Whether it may be refused: not where the log alone has everything. */
  readonly refusable: boolean;
  /** Where `SnapStore.restore` may find a snapshot; it may refuse. */
  readonly snapshots: readonly number[];
}

/** Damaged files, one after the other. */
export type StateDamages = () => AsyncIterable<StateDamage>;

const JSON_FILE = `${DIR}/snapshot.json`;
const SEQ = `${DIR}/snapshot.seq`;
const META = `${DIR}/snapshot.meta.json`;
const ONE = `${JOURNAL}.000001`;

/** Files of a state, and where its snapshot and its log end. */
interface Made {
  readonly files: Files;
  readonly snapshot: number;
  readonly last: number;
  /** Whether the log reaches back to the first mutation. */
  readonly whole: boolean;
}

/** Plays steps in small segments, and closes the state. */
async function make(steps: string): Promise<Made> {
  const fileSystem = new SimulatedFileSystem();
  const oracle = new StateOracle({ maxSegmentBytes: 150 });
  const run = newStateRun(fileSystem, oracle);
  await openState(run);
  for (const letter of steps) await STATE_STEPS[letter].act(run);
  await managerOf(run).close();
  const [snapshot] = oracle.owed.snapshots;
  const { files } = fileSystem.visible;
  const last = oracle.acknowledged;
  return { files, snapshot, last, whole: !steps.includes("m") };
}

const whole = () => make("abcsba");
const compacted = () => make("abmcba");
/** Bytes between two flips, or cuts, of what is the same in all its length. */
const STRIDE = 3;

/** The damage of each row of the matrix. */
export const STATE_DAMAGES: Readonly<Record<string, StateDamages>> = {
  async *"a bit flips in the middle or in a sealed segment"() {
    for (const made of [await whole(), await compacted()]) {
      const segments = [...made.files.keys()].filter((path) =>
        path.startsWith(JOURNAL)
      );
      for (const path of segments) {
        const bytes = bytesOf(made.files, path);
        const end = text(bytes).lastIndexOf("// closed ");
        yield* flips(made, path, end, { refusable: true });
      }
    }
  },
  async *"the newest segment is cut"() {
    const made = await compacted();
    const bytes = bytesOf(made.files, JOURNAL);
    for (let size = bytes.indexOf(10) + 1; size < bytes.length; size++) {
      const least = Math.max(
        made.snapshot,
        ...[
          ...text(bytes.subarray(0, size)).matchAll(
            /^\/\/ commit (\d+) .*\n/gm,
          ),
        ]
          .map(([, number]) => Number(number)),
      );
      const change = { refusable: false, least };
      yield damage(
        made,
        `cut at ${size}`,
        JOURNAL,
        bytes.slice(0, size),
        change,
      );
    }
  },
  async *"a segment is missing, swapped, repeated or foreign"() {
    const [made, other] = [await whole(), await compacted()];
    const refusable = true;
    const { files } = made;
    yield damage(made, "the first is missing", ONE, undefined, { refusable });
    yield damage(made, "the newest is missing", JOURNAL, undefined, {
      refusable,
    });
    const foreign = bytesOf(other.files, JOURNAL);
    yield damage(made, "one is foreign", JOURNAL, foreign, { refusable });
    const first = bytesOf(files, ONE);
    yield damage(made, "one is repeated", JOURNAL, first, { refusable });
    yield damage(other, "one is foreign", JOURNAL, bytesOf(files, JOURNAL), {
      refusable,
    });
    const front = [...other.files.keys()].filter((path) =>
      path.startsWith(`${JOURNAL}.0`)
    ).sort();
    for (const path of front) {
      yield damage(other, `${path} is missing`, path, undefined, { refusable });
    }
  },
  async *"NUL, garbage or half a line stands at the end"() {
    for (const made of [await whole(), await compacted()]) {
      for (const tail of ["\0\0\0\0", '"m', '"m9"\n', "\xff\xfe\n\x80"]) {
        const bytes = concat(bytesOf(made.files, JOURNAL), tail);
        yield damage(made, JSON.stringify(tail), JOURNAL, bytes, {
          refusable: false,
        });
      }
    }
  },
  async *"a bit flips in the snapshot or its line"() {
    for (const made of [await whole(), await compacted()]) {
      const refusable = !made.whole;
      yield* flips(made, JSON_FILE, Infinity, { refusable, snapshots: [] }, 1);
      yield* flips(made, META, Infinity, { refusable, snapshots: [] }, 1);
      // The number in the line counts.
      yield* flips(made, SEQ, Infinity, { refusable: false }, 1);
    }
  },
  async *"a file of the snapshot is cut"() {
    for (const made of [await whole(), await compacted()]) {
      for (const path of [JSON_FILE, META, SEQ]) {
        const bytes = bytesOf(made.files, path);
        for (let size = 0; size < bytes.length; size++) {
          const change = path === SEQ
            ? { refusable: false }
            : { refusable: !made.whole, snapshots: [] };
          yield damage(
            made,
            `cut at ${size}`,
            path,
            bytes.slice(0, size),
            change,
          );
        }
      }
    }
  },
  async *"a file of the snapshot is missing or older"() {
    for (const [steps, old] of [["abcsba", "abs"], ["abmcba", "abm"]]) {
      const [made, older] = [await make(steps), await make(old)];
      const newer = await make(made.whole ? "abcsbas" : "abmcbas");
      const snapshots = [made.snapshot, older.snapshot, newer.snapshot];
      for (const from of [undefined, older, newer]) {
        for (const paths of [[JSON_FILE], [SEQ], [META], [JSON_FILE, SEQ]]) {
          const files = paths.reduce(
            (files, path) => replaced(files, path, from?.files.get(path)),
            made.files,
          );
          const { last } = made;
          const what = `${paths} ${from ? `at ${from.snapshot}` : "missing"}`;
          const refusable = !made.whole;
          yield { what, files, least: last, refusable, snapshots };
        }
      }
    }
  },
  async *"the snapshot is missing, or an older one is back"() {
    const paths = [JSON_FILE, SEQ, META];
    for (
      const [steps, olders] of [
        ["abcsba", ["abs", ""]],
        ["abmcmba", ["abm", ""]],
      ] as const
    ) {
      const made = await make(steps);
      for (const old of olders) {
        const older = await make(old);
        const files = paths.reduce(
          (files, path) => replaced(files, path, older.files.get(path)),
          made.files,
        );
        const { last, whole } = made;
        const what = `as behind ${JSON.stringify(old)}`;
        const snapshots = [older.snapshot];
        yield { what, files, least: last, refusable: !whole, snapshots };
      }
    }
  },
};

type Change = Partial<StateDamage> & Pick<StateDamage, "refusable">;

function damage(
  { files, snapshot, last }: Made,
  what: string,
  path: string,
  bytes: Uint8Array | undefined,
  change: Change,
): StateDamage {
  return {
    what: `${path}: ${what}`,
    files: replaced(files, path, bytes),
    least: last,
    snapshots: [snapshot],
    ...change,
  };
}

function* flips(
  made: Made,
  path: string,
  to: number,
  change: Change,
  stride: number = STRIDE,
): Generator<StateDamage> {
  const bytes = bytesOf(made.files, path);
  for (let at = 0; at < Math.min(to, bytes.length); at += stride) {
    const flipped = bytes.slice();
    flipped[at] ^= 1 << (at % 8);
    yield damage(made, `bit ${at % 8} of byte ${at}`, path, flipped, change);
  }
}

/** Opens the damaged states, and notes what becomes of them. */
export async function openDamagedStates(
  damages: StateDamages,
  cells: Cells,
): Promise<void> {
  for await (const damage of damages()) {
    await cells.attempt("load", damage.what, async () => {
      cells.after("snapshot", await restored(damage));
      cells.after("load", await loaded(damage));
    });
  }
}

/** What `SnapStore.restore` makes of it. */
async function restored({ files, snapshots }: StateDamage): Promise<After> {
  const fileSystem = boot(files);
  const store = new SnapStore(DIR, { fileSystem });
  const found = await store.restore().catch(refusal);
  if (found instanceof DurableError) return "R";
  const { state, sequence } = found;
  expect(snapshots.includes(sequence), `S1: a snapshot at ${sequence}`);
  const text = JSON.stringify(state);
  expect(text === textAt(sequence), `S1: ${text} at ${sequence}`);
  return "O";
}

async function loaded(damage: StateDamage): Promise<After> {
  const { files, least, refusable } = damage;
  const fileSystem = boot(files);
  const options = { ...LEDGER, fileSystem };
  const manager = await StateManager.open(DIR, options).catch(refusal);
  if (manager instanceof DurableError) {
    expect(refusable, `S5: refused: ${manager.message}`);
    const { visible } = fileSystem;
    const same = [...files].every(([path, bytes]) =>
      String(visible.files.get(path)) === String(bytes)
    );
    expect(same, "R: a refusal changes files");
    return "R";
  }
  const { sequence, recovery } = manager;
  const text = JSON.stringify(manager.state);
  expect(sequence >= least, `W1: ${sequence} mutations of ${least}`);
  expect(text === textAt(sequence), `M1: ${text} at ${sequence}`);
  await manager.close();
  return recovery.damage ? "F" : recovery.log.torn ? "T" : "O";
}

/** A refusal has a code and a position. */
function refusal(error: unknown): DurableError {
  const isRefusal = error instanceof DurableError &&
    ["CORRUPT", "NOT_A_JOURNAL", "UNSUPPORTED_VERSION", "NOT_FOUND"].includes(
      error.code,
    );
  if (!isRefusal) throw error;
  expect(error.path !== undefined, "R: without a position");
  return error;
}

function boot(files: Files): SimulatedFileSystem {
  return new SimulatedFileSystem({ image: { files, directories: [DIR] } });
}

const decoder = new TextDecoder("latin1");

function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
