/**
 * Damage that the opening of a queue meets, in the log and in the snapshot.
 */

import { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { bytesOf, concat, type Files, replaced } from "../support/journals.ts";
import { newQueueRun, openQueueRun, queueOf } from "./queue_calls.ts";
import { QUEUE_LOG, QueueOracle, type QueueOwed } from "./queue_oracle.ts";
import { QUEUE_STEPS } from "./queue_steps.ts";

/** Damaged files, and what must come back unless they are refused. */
export interface QueueDamage {
  readonly what: string;
  readonly files: Files;
  readonly owed: QueueOwed;
  /** Whether it may be refused. */
  readonly refusable: boolean;
}

/** Damaged files, one after the other; of what is the same in all its length, each so-many-th byte. */
export type QueueDamages = (stride: number) => AsyncIterable<QueueDamage>;

/** Files of a queue. */
interface Made {
  readonly files: Files;
  readonly owed: QueueOwed;
  /** All that the queue has been. */
  readonly history: QueueOwed["ends"];
  /** Whether the log reaches back to the first record. */
  readonly whole: boolean;
}

/** How it is made. */
interface MakeOptions {
  /** Whether it is closed. @default true */
  readonly closes?: boolean;
  /** What tells its files from those of another one. @default 1 */
  readonly seed?: number;
}

const SNAPSHOT = ["json", "seq", "meta.json"].map((end) => `q/snapshot.${end}`);

/** Plays steps in small segments, and closes the queue, or leaves it open. */
async function make(
  steps: string,
  { closes = true, seed = 1 }: MakeOptions = {},
): Promise<Made> {
  const fileSystem = new SimulatedFileSystem({ seed });
  const oracle = new QueueOracle({ settings: { maxSegmentBytes: 400 } });
  const run = newQueueRun(fileSystem, oracle);
  await openQueueRun(run);
  for (const letter of steps) await QUEUE_STEPS[letter].act(run);
  if (closes) await queueOf(run).close();
  const { files } = fileSystem.clone().visible;
  if (!closes) await queueOf(run).close();
  const { owed, history } = oracle;
  const whole = files.has(`${QUEUE_LOG}.000001`);
  return { files, owed, history, whole };
}

/** A log alone. */
const alone = (options?: MakeOptions) => make("bdceae", options);
/** A snapshot in front of whose end payloads have stayed where they were. */
const stayed = (options?: MakeOptions) => make("bdbeemeca", options);
/** A snapshot in front of whose end payloads were carried on. */
const carried = (options?: MakeOptions) => make("bdfhhhmeca", options);

const made = (options?: MakeOptions) =>
  Promise.all([alone, stayed, carried].map((make) => make(options)));
const leftOpen = () => made({ closes: false });

/** The damage of each row of the matrix. */
export const QUEUE_DAMAGES: Readonly<Record<string, QueueDamages>> = {
  async *"a bit flips in the middle or in a sealed segment"(stride) {
    for (const one of await made()) {
      for (const path of segments(one)) {
        const end = path === QUEUE_LOG ? groupStart(one, 1) : Infinity;
        yield* flips(one, path, 0, end, stride);
      }
    }
  },
  async *"a bit flips in the last group of a log left open"(stride) {
    for (const one of await leftOpen()) {
      const owed = { ...one.owed, ends: one.history.slice(-2) };
      const from = groupStart(one, 1);
      yield* flips({ ...one, owed }, QUEUE_LOG, from, Infinity, stride, false);
    }
  },
  async *"a bit flips in the last group of a closed log"(stride) {
    for (const one of await made()) {
      const [from, to] = [groupStart(one, 1), closedLine(one)];
      yield* flips(one, QUEUE_LOG, from, to, stride);
    }
  },
  async *"a bit flips in the closed line"(stride) {
    for (const one of await made()) {
      const from = closedLine(one);
      yield* flips(one, QUEUE_LOG, from, Infinity, stride, false);
    }
  },
  async *"the newest segment is cut"(stride) {
    for (const one of await made()) {
      const bytes = bytesOf(one.files, QUEUE_LOG);
      const all = commits(bytes);
      const begin = bytes.indexOf(10) + 1;
      for (let size = begin; size < bytes.length; size += Math.min(stride, 3)) {
        const kept = bytes.slice(0, size);
        const ends = one.history.slice(-1 - all + commits(kept));
        const owed = { ...one.owed, ends };
        const what = `cut at ${size}`;
        yield damage({ ...one, owed }, what, QUEUE_LOG, kept, false);
      }
    }
  },
  async *"a sealed segment or a header is cut"(stride) {
    for (const one of await made()) {
      for (const path of segments(one)) {
        const bytes = bytesOf(one.files, path);
        const end = path === QUEUE_LOG ? bytes.indexOf(10) + 1 : bytes.length;
        for (let size = 0; size < end; size += stride * 3) {
          yield damage(one, `cut at ${size}`, path, bytes.slice(0, size));
        }
      }
    }
  },
  async *"a segment is missing, swapped, repeated or foreign"() {
    const others = await made({ seed: 2 });
    for (const [at, one] of (await made()).entries()) {
      const paths = segments(one);
      for (const [n, path] of paths.entries()) {
        const neighbour = paths[(n + 1) % paths.length];
        const foreign = bytesOf(others[at].files, path);
        const repeated = bytesOf(one.files, neighbour);
        yield damage(one, "missing", path, undefined);
        yield damage(one, "foreign", path, foreign);
        yield damage(one, `that of ${neighbour}`, path, repeated);
        const files = replaced(one.files, neighbour, bytesOf(one.files, path));
        const swapped = { ...one, files };
        yield damage(swapped, `swapped with ${neighbour}`, path, repeated);
      }
    }
  },
  async *"NUL, garbage or half a line stands at the end"() {
    for (const one of [...await made(), ...await leftOpen()]) {
      for (const tail of TAILS) {
        const bytes = concat(bytesOf(one.files, QUEUE_LOG), tail);
        yield damage(one, JSON.stringify(tail), QUEUE_LOG, bytes, false);
      }
    }
  },
  async *"NUL, garbage or half a line stands in front of a group"() {
    // The first one has one group in its newest segment.
    for (const one of (await leftOpen()).slice(1)) {
      const bytes = bytesOf(one.files, QUEUE_LOG);
      const at = groupStart(one, 2);
      for (const tail of TAILS) {
        const broken = concat(bytes.slice(0, at), tail, bytes.slice(at));
        yield damage(one, JSON.stringify(tail), QUEUE_LOG, broken);
      }
    }
  },
  async *"a bit flips in the snapshot or its line"(stride) {
    for (const one of [await stayed(), await carried()]) {
      for (const path of SNAPSHOT) {
        const refusable = !one.whole && !path.endsWith(".seq");
        yield* flips(one, path, 0, Infinity, stride, refusable);
      }
    }
  },
  async *"a file of the snapshot is cut"(stride) {
    for (const one of [await stayed(), await carried()]) {
      for (const path of SNAPSHOT) {
        const bytes = bytesOf(one.files, path);
        const refusable = !one.whole && !path.endsWith(".seq");
        for (let size = 0; size < bytes.length; size += stride) {
          const kept = bytes.slice(0, size);
          yield damage(one, `cut at ${size}`, path, kept, refusable);
        }
      }
    }
  },
  async *"a file of the snapshot is missing or older"() {
    for (
      const [steps, old] of [["bdbeemeca", "bdm"], ["bdfhhhmeca", "bdfhm"]]
    ) {
      const [one, older] = [await make(steps), await make(old)];
      for (const path of SNAPSHOT) {
        const refusable = !one.whole && !path.endsWith(".seq");
        const bytes = older.files.get(path);
        yield damage(one, "missing", path, undefined, refusable);
        yield damage(one, "older", path, bytes, refusable);
      }
    }
  },
  async *"the snapshot is missing, or an older one is back"() {
    const pairs = [["bdbeememca", "bdbeem"], ["bdfhhhmehhm", "bdfhhhm"]];
    for (const [steps, old] of pairs) {
      const [one, older] = [await make(steps), await make(old)];
      for (const from of [older, undefined]) {
        const files = SNAPSHOT.reduce(
          (files, path) => replaced(files, path, from?.files.get(path)),
          one.files,
        );
        const what = from ? "the one behind " + old : "no snapshot";
        yield { what, files, owed: one.owed, refusable: !one.whole };
      }
    }
  },
};

const TAILS = ["\0\0\0\0", '{"ack":{"mess', '{"ack":{}}\n', "\xff\xfe\n\x80"];

function segments({ files }: Made): readonly string[] {
  return [...files.keys()].filter((path) =>
    path === QUEUE_LOG || /\.\d{6}$/.test(path)
  ).sort();
}

function damage(
  { files, owed }: Made,
  what: string,
  path: string,
  bytes: Uint8Array | undefined,
  refusable = true,
): QueueDamage {
  const damaged = replaced(files, path, bytes);
  return { what: `${path}: ${what}`, files: damaged, owed, refusable };
}

function* flips(
  made: Made,
  path: string,
  from: number,
  to: number,
  stride: number,
  refusable = true,
): Generator<QueueDamage> {
  const bytes = bytesOf(made.files, path);
  for (let at = from; at < Math.min(to, bytes.length); at += stride) {
    const flipped = bytes.slice();
    flipped[at] ^= 1 << (at % 8);
    const what = `bit ${at % 8} of byte ${at}`;
    yield damage(made, what, path, flipped, refusable);
  }
}

const decoder = new TextDecoder("latin1");

function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Where a group of the newest segment begins, counted from the last one, 1. */
function groupStart({ files }: Made, fromEnd: number): number {
  const all = text(bytesOf(files, QUEUE_LOG));
  const marks = [...all.matchAll(/^\/\/ (?:MINISTORE|commit) .*\n/gm)];
  const mark = marks[marks.length - 1 - fromEnd];
  return mark.index + mark[0].length;
}

function closedLine({ files }: Made): number {
  return text(bytesOf(files, QUEUE_LOG)).lastIndexOf("// closed ");
}

function commits(bytes: Uint8Array): number {
  return text(bytes).match(/^\/\/ commit \d+ \w{8}\n/gm)?.length ?? 0;
}
