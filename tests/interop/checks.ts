// What must hold between this library and the Rust crate `ministore`, as a table.
import { copyFileSync, readFileSync, truncateSync } from "node:fs";
import { basename } from "node:path";
import { MiniStore } from "../../mod.ts";
import {
  append,
  equal,
  equalFiles,
  equalRecords,
  equalToRust,
  expectRead,
  expectRust,
  expectSealed,
  files,
  names,
  refuses,
} from "./expect.ts";
import { DIFFERING, MINUS_ZERO, nest, type Op, ops, ROUNDED } from "./ops.ts";
import { readOn, RUNTIMES, rust } from "./programs.ts";
import { COUNT, HEADER, SEGMENT_BYTES, SHAPES } from "./shapes.ts";
import { type Checks, forEach } from "./table.ts";

/** The checks by name. */
export const CHECKS: Checks = {
  "both sides make the same records": (path) => {
    const printed = rust("write", path, COUNT);
    equalRecords(printed.map((line) => JSON.parse(line)), ops(0, COUNT));
  },

  ...forEach(SHAPES, (shape, make) => ({
    [`a Rust journal is replayed, streamed and verified: ${shape}`]: async (
      path,
    ) => {
      const records = make(path);
      const before = files(path);
      await expectRead(path, records);
      equalFiles(files(path), before);
    },

    [`a Rust journal is sealed and continued in v0.2: ${shape}`]: async (
      path,
    ) => {
      const records = make(path);
      const before = files(path);
      const recovery = await append(path, ops(0, 20), {
        maxSegmentBytes: SEGMENT_BYTES,
      });
      const newest = before.get(basename(path));
      const interrupted = newest === undefined || newest.length === 0;
      equal(recovery.upgraded, true, "recovery.upgraded");
      equal(recovery.rotated, interrupted, "recovery.rotated");
      equal(recovery.torn, undefined, "recovery.torn");
      expectSealed(path, before);
      await expectRead(path, [...records, ...ops(0, 20)]);
      await append(path, ops(20, 25));
      await expectRead(path, [...records, ...ops(0, 25)]);
    },

    [`a Rust journal goes from side to side in v0.1: ${shape}`]: async (
      path,
    ) => {
      const records = make(path);
      const recovery = await append(path, ops(0, 20), { format: "v0.1" });
      equal(recovery.upgraded, false, "recovery.upgraded");
      records.push(...ops(0, 20));
      expectRust(path, records);
      await expectRead(path, records);
      const index = records.length;
      rust("append", path, 30);
      records.push(...ops(index, index + 30));
      await expectRead(path, records);
      await append(path, ops(50, 90), {
        format: "v0.1",
        maxSegmentBytes: SEGMENT_BYTES,
      });
      rust("write", path, 40, SEGMENT_BYTES);
      await append(path, ops(0, 3), { format: "v0.1" });
      records.push(...ops(50, 90), ...ops(0, 40), ...ops(0, 3));
      expectRust(path, records);
      await expectRead(path, records);
    },
  })),

  ...forEach(RUNTIMES, (runtime) => ({
    [`${runtime} reads rotated Rust files and v0.2 behind them`]: async (
      path,
    ) => {
      rust("write", path, COUNT, SEGMENT_BYTES);
      equalRecords(readOn(runtime, path), ops(0, COUNT));
      await append(path, ops(0, COUNT), { maxSegmentBytes: SEGMENT_BYTES });
      equalRecords(readOn(runtime, path), [
        ...ops(0, COUNT),
        ...ops(0, COUNT),
      ]);
    },

    [`${runtime} opens Rust journals to write and loses nothing`]: async (
      path,
    ) => {
      // Files that are read at once, and in pieces.
      for (const count of [60, COUNT]) {
        const file = `${path}.of-${count}`;
        rust("write", file, count);
        const before = files(file);
        equalRecords(readOn(runtime, file, "v0.1"), ops(0, count));
        equalFiles(files(file), before);
        equalRecords(readOn(runtime, file, "v0.2"), ops(0, count));
        expectSealed(file, before);
        await expectRead(file, ops(0, count));
      }
    },
  })),

  "Rust refuses a journal of v0.2 instead of reading a part of it": async (
    path,
  ) => {
    await append(path, ops(0, 3));
    refuses(path);
  },

  "v0.1 is, byte for byte, what Rust writes: a small file": async (path) => {
    await append(path, ops(0, 2), { format: "v0.1" });
    equal(
      readFileSync(path, "utf8"),
      `${HEADER}{"Set":{"value":42}}\n{"Inc":{"delta":0}}\n`,
      "the file",
    );
    equalToRust(path, 2);
  },

  "v0.1 is, byte for byte, what Rust writes: varied records": async (path) => {
    await append(path, ops(0, COUNT), { format: "v0.1" });
    equalToRust(path, COUNT);
  },

  "v0.1 is, byte for byte, what Rust writes: rotated files": async (path) => {
    const maxSegmentBytes = SEGMENT_BYTES;
    await append(path, ops(0, COUNT), { format: "v0.1", maxSegmentBytes });
    equal(names(path).length > 20, true, "many segments");
    expectRust(path, ops(0, COUNT));
    equalToRust(path, COUNT, maxSegmentBytes);
  },

  "v0.1 is, byte for byte, what Rust writes: groups and blocking appends":
    async (path) => {
      const store = await MiniStore.open<Op>(path, { format: "v0.1" });
      const all = ops(0, COUNT);
      await store.appendAll(all.slice(0, 100));
      await Promise.all(all.slice(100, 200).map((op) => store.append(op)));
      for (const op of all.slice(200)) store.appendSync(op);
      await store.close();
      equalToRust(path, COUNT);
    },

  "records that are written as different text are read as equal values": async (
    path,
  ) => {
    const lines = rust("differ", path);
    const read = [...DIFFERING];
    read.splice(7, 0, MINUS_ZERO);
    read.push(ROUNDED);
    await expectRead(path, read);
    for (const line of lines) {
      equal(JSON.stringify(JSON.parse(line)) !== line, true, line);
    }
    const ours = `${path}.ours`;
    await append(ours, DIFFERING, { format: "v0.1" });
    expectRust(ours, DIFFERING);
  },

  "a codec that takes lines as text copies every record byte for byte": async (
    path,
  ) => {
    rust("differ", path);
    rust("write", path, COUNT);
    const asText = (text: string) => text;
    const codec = { encode: asText, decode: asText };
    const copy = `${path}.copy`;
    const lines = await MiniStore.replay(path, { codec });
    const store = await MiniStore.open(copy, { codec, format: "v0.1" });
    await store.appendAll(lines);
    await store.close();
    equal(readFileSync(copy).equals(readFileSync(path)), true, "the copy");
  },

  // Half a pair is no text in Rust, and serde_json reads 127 levels: one such
  // record would keep Rust from all the others.
  "v0.1 refuses a lone surrogate, which Rust cannot read": async (path) => {
    await rejects(path, { Note: { text: "\ud83e" } });
  },

  "v0.1 takes what is nested as deep as Rust reads": async (path) => {
    const records = [nest(42, { Flag: true })];
    await append(path, records, { format: "v0.1" });
    expectRust(path, records);
  },

  "v0.1 refuses what is nested deeper than Rust reads": async (path) => {
    await rejects(path, nest(42, { Set: { value: 1 } }));
  },

  // serde_json reads floats fast and not exactly, unless its feature
  // float_roundtrip is on; Rust changes its own floats as well.
  "Rust reads floats within one unit in the last place": async (path) => {
    const values = [
      208677.11716944296,
      1947242.5810477962,
      8.14252834666211e225,
    ];
    const records = values.map((value) => ({ Measure: { value } }));
    await append(path, records, { format: "v0.1" });
    for (const [n, line] of rust("replay", path).entries()) {
      const error = JSON.parse(line).Measure.value / values[n] - 1;
      equal(Math.abs(error) <= Number.EPSILON, true, `${line} is near enough`);
    }
  },

  ...forEach({ "v0.1": true, "v0.2": true }, (format) => ({
    [`a Rust journal cut at any byte of its last line opens in ${format}`]: (
      path,
    ) => cutEverywhere(path, format as "v0.1" | "v0.2"),
  })),
};

/** Cuts a journal of 39 records, of which the last holds many scripts, at each byte. */
async function cutEverywhere(
  path: string,
  format: "v0.1" | "v0.2",
): Promise<void> {
  rust("write", path, 39);
  const whole = readFileSync(path);
  const start = whole.lastIndexOf("\n", whole.length - 2) + 1;
  for (let end = start + 1; end < whole.length; end++) {
    const torn = `${path}.${end}-bytes`;
    copyFileSync(path, torn);
    truncateSync(torn, end);
    const { ok, torn: tail } = await MiniStore.verify(torn);
    equal(ok, true, "verify");
    equal(tail, { path: torn, offset: start, line: 40, bytes: end - start });
    // Behind the cut of the line end alone, Rust takes what was not acknowledged.
    if (end < whole.length - 1) refuses(torn);
    const recovery = await append(torn, ops(38, 39), { format });
    const { keptAs = "", ...cut } = recovery.torn ?? {};
    equal(cut, tail);
    equal(
      readFileSync(keptAs).equals(whole.subarray(start, end)),
      true,
      "the bytes kept aside",
    );
    await expectRead(torn, ops(0, 39));
    const file = format === "v0.1" ? torn : `${torn}.000001`;
    const kept = format === "v0.1" ? whole : whole.subarray(0, start);
    equal(readFileSync(file).equals(kept), true, "the mended file");
    if (format === "v0.1") expectRust(torn, ops(0, 39));
  }
}

/** Checks that format v0.1 does not take a record, and that Rust reads the rest. */
async function rejects(path: string, record: Op): Promise<void> {
  const store = await MiniStore.open<Op>(path, { format: "v0.1" });
  try {
    await store.append("Clear");
    const refusal = await store.append(record).catch((error) => error.name);
    equal(refusal, "TypeError", "the refusal");
  } finally {
    await store.close();
  }
  expectRust(path, ["Clear"]);
}
