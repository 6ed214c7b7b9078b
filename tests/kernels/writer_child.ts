/**
 * Carries out a plan on a log, on any runtime. Each line it prints is handed to
 * the kernel before the next call of the store, so whoever reads it knows:
 *
 * - `ack N`: the records up to N were acknowledged;
 * - `first N`: truncation has removed what stands in front of N, and said so;
 * - `ready`: the next step begins when a line is read;
 * - `failed CODE CAUSE`: an append was rejected; `again CODE`: and one more;
 * - `closed`: the store is closed, the program at its end.
 *
 * Arguments: the path of the log, the seed, the number of steps.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { type DurableError, MiniStore } from "../../mod.ts";
import {
  INNER_BATCH,
  type LabRecord,
  planOf,
  recordOf,
  type Step,
} from "./workload.ts";

/** Small, so that a run rotates often. */
const MAX_SEGMENT_BYTES = 8192;

const [path, seedText, lengthText] = process.argv.slice(2);
const seed = Number(seedText);
const options = { maxSegmentBytes: MAX_SEGMENT_BYTES };
const say = (line: string) => writeSync(1, `${line}\n`);
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

let store: MiniStore<LabRecord> | undefined;
const open = async () => {
  store = undefined; // what fails in opening leaves none
  store = await MiniStore.open<LabRecord>(path, options);
  return store;
};
let submitted = 0;
const next = () => recordOf(seed, ++submitted);
const acknowledge = (sequence: number) => say(`ack ${sequence}`);

async function carryOut(
  store: MiniStore<LabRecord>,
  step: Step,
): Promise<void> {
  switch (step.kind) {
    case "append":
      return void acknowledge(await store.append(next()));
    case "appendSync":
      return void acknowledge(store.appendSync(next()));
    case "batch": {
      const records = Array.from({ length: step.count }, next);
      return void acknowledge(await store.appendAll(records));
    }
    case "concurrent": {
      const all: Promise<unknown>[] = [];
      for (let n = 0; n < step.count; n++) {
        if (n === step.count >> 1) {
          const inner = Array.from({ length: INNER_BATCH }, next);
          all.push(store.appendAll(inner).then(acknowledge));
        }
        all.push(store.append(next()).then(acknowledge));
      }
      return void await Promise.all(all);
    }
    case "rotate":
      return await store.rotate();
    case "truncate":
      await store.truncateBefore(step.before);
      return void say(`first ${store.firstSequence}`);
    case "reopen":
      await store.close();
      await open();
  }
}

function codesOf(error: unknown): string {
  const { code, cause } = error as DurableError;
  return `${code} ${(cause as DurableError | undefined)?.code}`;
}

async function work(): Promise<void> {
  let current = await open();
  for (const step of planOf(seed, Number(lengthText))) {
    say("ready");
    if ((await input.next()).done) process.exit(); // nobody listens any more
    await carryOut(current, step);
    current = store ?? current;
  }
  await current.close();
}

try {
  await work();
} catch (error) {
  say(`failed ${codesOf(error)}`);
  await store?.append(next()).then(acknowledge, (again) => {
    say(`again ${codesOf(again)}`);
  });
  // A close that has failed says so again; any other is silent.
  await store?.close().catch((again) => {
    if (codesOf(again) !== codesOf(error)) throw again;
  });
}
say("closed");
process.exit();
