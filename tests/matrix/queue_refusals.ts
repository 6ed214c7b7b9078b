/**
 * What is refused although no call fails: a second opening, messages that cannot be
 * written, and a snapshot that the disk does not give back.
 */

import { MiniQueue } from "../../mod.ts";
import { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { type Cells, expect } from "./cells.ts";
import { codeOf } from "./injections.ts";
import {
  compact,
  newQueueRun,
  openQueueRun,
  queueOf,
  type QueueRun,
} from "./queue_calls.ts";
import { recoverQueue } from "./queue_check.ts";
import { QUEUE } from "./queue_model.ts";
import { QUEUE_DIR, QUEUE_LOG, QueueOracle } from "./queue_oracle.ts";
import { QUEUE_STEPS } from "./queue_steps.ts";

/** A queue that is open, with some messages. */
async function opened(steps: string): Promise<QueueRun> {
  const settings = { maxSegmentBytes: 400 };
  const oracle = new QueueOracle({ settings });
  const run = newQueueRun(new SimulatedFileSystem(), oracle);
  await openQueueRun(run);
  for (const letter of steps) await QUEUE_STEPS[letter].act(run);
  return run;
}

/** A second opening is refused, and the first one goes on. */
export async function openQueueTwice(cells: Cells): Promise<void> {
  await cells.attempt("reopen", "a second opening", async () => {
    const run = await opened("bc");
    const { fileSystem, oracle } = run;
    const before = text(fileSystem);
    const options = { ...QUEUE, clock: oracle.clock, fileSystem };
    const second = await MiniQueue.open(QUEUE_DIR, options).catch(codeOf);
    expect(second === "LOCKED", `the second open: ${second}`);
    expect(text(fileSystem) === before, "the second open changes files");
    cells.during("reopen", "L");
    await QUEUE_STEPS.a.act(run);
    await queueOf(run).close();
    cells.after("reopen", await recoverQueue(fileSystem, oracle.owed));
  });
}

const circular: unknown[] = [];
circular.push(circular);
const REFUSED: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["NaN", { deep: [NaN] }],
  ["a bigint", 1n],
  ["a function", () => {}],
  ["a Map", new Map()],
  ["a circular array", circular],
  ["a payload that is too long", "x".repeat(QUEUE.maxPayloadBytes)],
];

/** Messages that cannot be written are refused before any byte, and the queue goes on. */
export async function enqueueUnwritable(cells: Cells): Promise<void> {
  for (const [what, payload] of REFUSED) {
    await cells.attempt("queue", what, async () => {
      const run = await opened("ec");
      const { fileSystem, oracle } = run;
      const queue = queueOf(run) as MiniQueue<unknown>;
      const calls = fileSystem.operations.length;
      const refused = [
        () => queue.enqueue(payload),
        () => queue.enqueueAll([{ payload: "fine" }, { payload }]),
      ];
      for (const call of refused) {
        const error = await call().catch((error: unknown) => error);
        const isMisuse = error instanceof TypeError ||
          error instanceof RangeError;
        expect(isMisuse, `it was not refused: ${error}`);
      }
      expect(fileSystem.operations.length === calls, "a file was touched");
      cells.during("queue", "E");
      await QUEUE_STEPS.k.act(run);
      cells.after("queue", await recoverQueue(fileSystem.clone(), oracle.owed));
    });
  }
}

/** Q6: a snapshot that the disk does not give back as it was written lets nothing go. */
export async function compactQueueOnBadDisk(cells: Cells): Promise<void> {
  for (let at = 0; at < 700; at += 50) {
    await cells.attempt("carry", `byte ${at}`, async () => {
      const run = await opened("bdfhh");
      const { fileSystem, oracle } = run;
      const before = segments(fileSystem);
      fileSystem.onOperation = ({ kind, to }) => {
        if (kind !== "rename" || to !== `${QUEUE_DIR}/snapshot.meta.json`) {
          return;
        }
        fileSystem.onOperation = () => {};
        return flip(fileSystem, `${QUEUE_DIR}/snapshot.json.new`, at);
      };
      const code = await compact(run).catch(codeOf);
      expect(code === "CORRUPT", `it was compacted: ${code}`);
      const left = segments(fileSystem);
      const gone = before.filter((path) => !left.includes(path));
      expect(gone.length === 0, `Q6: ${gone.join()} was removed`);
      cells.during("carry", "K");
      await QUEUE_STEPS.a.act(run);
      await queueOf(run).close();
      await openQueueRun(run);
      await oracle.lists(queueOf(run), true);
      const { damage } = queueOf(run).recovery;
      cells.after("carry", damage ? "F" : "O");
      // The next one is on a good disk.
      await compact(run);
      await oracle.lists(queueOf(run), true);
      await queueOf(run).close();
    });
  }
}

/** Changes a bit on the disk. */
async function flip(
  fileSystem: SimulatedFileSystem,
  path: string,
  at: number,
): Promise<void> {
  await using file = await fileSystem.open(path, { mode: "write" });
  const byte = new Uint8Array(1);
  await file.read(byte, at);
  byte[0] ^= 4;
  await file.write(byte, at);
  await file.sync();
}

function segments({ visible }: SimulatedFileSystem): readonly string[] {
  return [...visible.files.keys()].filter((path) => path.startsWith(QUEUE_LOG));
}

function text({ visible }: SimulatedFileSystem): string {
  return [...visible.files].map(([path, bytes]) => `${path} ${bytes}`).join();
}
