/**
 * Rows for what a log costs as it grows: `ours` is the log that has grown,
 * `theirs` the one that has not, so a ratio of 1 is a cost that stays.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { MiniStore } from "../mod.ts";
import { type Bench, freshDirectory, measure } from "./bench.ts";
import { concurrent, repeated, type Side } from "./measure.ts";
import { writeLog } from "./replay_rows.ts";
import { type Sample, sample, samples } from "./sample.ts";

const WRITERS = 64;
const MIB = 1 << 20;

/** All rows for growth. */
export async function growthRows(bench: Bench): Promise<void> {
  await appendRow(bench);
  await openRow(bench);
  await replayRow(bench);
}

async function appendRow(bench: Bench): Promise<void> {
  const count = bench.quick ? 200_000 : 1_000_000;
  const directory = await freshDirectory(bench);
  const maxSegmentBytes = 4 * MIB;
  const [large, small] = await Promise.all(
    ["large", "small"].map((name) =>
      MiniStore.open<Sample>(join(directory, name), { maxSegmentBytes })
    ),
  );
  const batch = [...samples(10_000)];
  while (large.sequence < count) await large.appendAll(batch);
  const [ours, theirs] = [large, small].map((store): Side => {
    let n = 0;
    return (milliseconds) =>
      concurrent(milliseconds, WRITERS, () => store.append(sample(n++)));
  });
  await measure(
    bench,
    {
      what: `append behind ${count.toLocaleString("en-US")} records`,
      peer: `an empty log, ${WRITERS} concurrent`,
      unit: "records/s",
      note: "flat: 1",
    },
    ours,
    theirs,
  );
  await large.close();
  await small.close();
  await rm(directory, { recursive: true });
}

async function openRow(bench: Bench): Promise<void> {
  const directory = await freshDirectory(bench);
  const [ours, theirs] = await Promise.all([8, 1].map(async (sealed) => {
    const path = join(directory, `${sealed}.jsonl`);
    const store = await MiniStore.open<Sample>(path);
    for (let n = 0; n <= sealed; n++) {
      if (n > 0) await store.rotate();
      await store.appendAll(samples(10_000));
    }
    await store.close();
    return ((milliseconds) =>
      repeated(milliseconds, async () => {
        await (await MiniStore.open<Sample>(path)).close();
        return 1;
      })) satisfies Side;
  }));
  await measure(
    bench,
    {
      what: "open with 8 sealed segments",
      peer: "with 1, the newest being as long",
      unit: "opens/s",
      note: "flat: 1",
    },
    ours,
    theirs,
  );
  await rm(directory, { recursive: true });
}

async function replayRow(bench: Bench): Promise<void> {
  const count = bench.quick ? 50_000 : 100_000;
  const directory = await freshDirectory(bench);
  const [ours, theirs] = await Promise.all([4, 1].map(async (times) => {
    const path = join(directory, `${times}.jsonl`);
    await writeLog(path, count * times, 1000);
    return ((milliseconds) =>
      repeated(
        milliseconds,
        async () => (await MiniStore.replay<Sample>(path)).length,
      )) satisfies Side;
  }));
  await measure(
    bench,
    {
      what: `replay of ${(4 * count).toLocaleString("en-US")} records`,
      peer: `of ${count.toLocaleString("en-US")} records`,
      unit: "records/s",
      note: "linear: 1",
    },
    ours,
    theirs,
  );
  await rm(directory, { recursive: true });
}
