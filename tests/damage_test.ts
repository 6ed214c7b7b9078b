import { assert, assertEquals } from "@std/assert";
import { DurableError, MiniStore } from "../mod.ts";
import { test } from "./support/harness.ts";
import {
  BOUNDARIES,
  bytesOf,
  concat,
  type Files,
  filesOf,
  GROUPS,
  journal,
  PATH,
  RECORDS,
  replaced,
  withFiles,
} from "./support/journals.ts";

/** What became of a log: its records, or the refusal. */
type Outcome = { records: unknown[] } | { refused: DurableError };

/** Codes that refuse a log for what is in its files. */
const REFUSALS = ["CORRUPT", "NOT_A_JOURNAL", "UNSUPPORTED_VERSION"];

async function attempt(run: () => Promise<unknown[]>): Promise<Outcome> {
  try {
    return { records: await run() };
  } catch (error) {
    assert(error instanceof DurableError, String(error));
    assert(REFUSALS.includes(error.code), error.message);
    assert(
      error.path !== undefined && error.offset !== undefined &&
        error.line !== undefined,
      error.message,
    );
    return { refused: error };
  }
}

/**
 * Reads a damaged log and opens it, and checks what must hold whatever the
 * damage: reading changes nothing, a refusal changes nothing, reader and writer
 * agree, and what an open has mended stays so and can be written.
 */
async function outcomeOf(files: Files): Promise<Outcome> {
  const fileSystem = await withFiles(files);
  const read = await attempt(() => MiniStore.replay(PATH, { fileSystem }));
  const report = await MiniStore.verify(PATH, { fileSystem });
  assertEquals(report.ok, "records" in read);
  assertEquals(await filesOf(fileSystem), files);
  const opened = await attempt(async () => {
    const store = await MiniStore.open<unknown>(PATH, { fileSystem });
    const records = await MiniStore.replay(PATH, { fileSystem });
    assertEquals(store.sequence, records.length);
    assertEquals(await store.append("appended"), records.length + 1);
    await store.close();
    const again = await MiniStore.replay(PATH, { fileSystem });
    assertEquals(again, [...records, "appended"]);
    return records;
  });
  if ("refused" in opened) assertEquals(await filesOf(fileSystem), files);
  if ("refused" in read) {
    assert("refused" in opened, "read() refuses what open() accepts");
  } else assertEquals(opened, read);
  return read;
}

/** Asserts that an outcome is a prefix of whole groups with at least `least` records, or a refusal. */
function assertPrefix(outcome: Outcome, least: number, what: string): void {
  if ("refused" in outcome) return;
  const { records } = outcome;
  assertEquals(records, RECORDS.slice(0, records.length), what);
  assert(BOUNDARIES.includes(records.length), `${what}: half a group`);
  assert(
    records.length >= least,
    `${what}: ${records.length} records of ${least}`,
  );
}

function flipped(bytes: Uint8Array, byte: number, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[byte] ^= 1 << bit;
  return copy;
}

test("MiniStore keeps whole groups when the newest segment is cut at any byte", async () => {
  for (const close of [true, false]) {
    const files = await journal({ close });
    const bytes = bytesOf(files);
    const text = new TextDecoder("latin1").decode(bytes);
    for (let size = 0; size < bytes.length; size++) {
      const outcome = await outcomeOf(
        replaced(files, PATH, bytes.slice(0, size)),
      );
      const commits =
        text.slice(0, size).match(/^\/\/ commit \d+ \w{8}\n/gm)?.length ?? 0;
      // A header of v0.2 is whole before the file gets its name.
      const inHeader = size > "// MINISTORE JOURNAL v0.".length &&
        !text.slice(0, size).includes("\n");
      assertEquals("refused" in outcome, inHeader, `cut at ${size}`);
      if ("refused" in outcome) continue;
      assertEquals(
        outcome.records.length,
        BOUNDARIES[commits],
        `cut at ${size}`,
      );
    }
  }
});

test("MiniStore loses nothing of a closed journal to a flipped bit", async () => {
  const files = await journal();
  const bytes = bytesOf(files);
  for (let byte = 0; byte < bytes.length; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const outcome = await outcomeOf(
        replaced(files, PATH, flipped(bytes, byte, bit)),
      );
      assertPrefix(outcome, RECORDS.length, `bit ${bit} of byte ${byte}`);
    }
  }
});

test("MiniStore loses at most the last group of an open journal to a flipped bit", async () => {
  const files = await journal({ close: false });
  const bytes = bytesOf(files);
  const least = BOUNDARIES[GROUPS.length - 1];
  for (let byte = 0; byte < bytes.length; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const outcome = await outcomeOf(
        replaced(files, PATH, flipped(bytes, byte, bit)),
      );
      assertPrefix(outcome, least, `bit ${bit} of byte ${byte}`);
    }
  }
});

test("MiniStore refuses a sealed segment with a flipped bit or a cut", async () => {
  const files = await journal({ rotateAfter: [1, 3] });
  for (const name of [`${PATH}.000001`, `${PATH}.000002`]) {
    const bytes = bytesOf(files, name);
    for (let byte = 0; byte < bytes.length; byte++) {
      const damaged = [
        bytes.slice(0, byte),
        flipped(bytes, byte, byte % 8),
        flipped(bytes, byte, (byte + 3) % 8),
      ];
      for (const content of damaged) {
        const fileSystem = await withFiles(replaced(files, name, content));
        const outcome = await attempt(() =>
          MiniStore.replay(PATH, { fileSystem })
        );
        assert("refused" in outcome, `${name} at ${byte}`);
        assert(outcome.refused.path?.startsWith(PATH), outcome.refused.message);
      }
    }
  }
});

test("MiniStore reports the records in front of the damage with its position", async () => {
  const files = await journal();
  const bytes = bytesOf(files);
  const text = new TextDecoder("latin1").decode(bytes);
  const at = text.indexOf("// commit 1");
  const start = text.indexOf("\n", at) + 1;
  const fileSystem = await withFiles(
    replaced(files, PATH, flipped(bytes, start + 3, 0)),
  );
  const { ok, records, lastSequence, damage } = await MiniStore.verify(PATH, {
    fileSystem,
  });
  assertEquals([ok, records, lastSequence], [false, 1, 1]);
  assertEquals(
    [
      damage?.code,
      damage?.path,
      damage?.offset,
      damage?.line,
      damage?.sequence,
    ],
    ["CORRUPT", PATH, start, 4, 2],
  );
  const seen: unknown[] = [];
  const outcome = await attempt(async () => {
    for await (const { record } of MiniStore.stream(PATH, { fileSystem })) {
      seen.push(record);
    }
    return seen;
  });
  assert("refused" in outcome);
  assertEquals(seen, RECORDS.slice(0, 1));
});

const encoder = new TextEncoder();
const TAILS: [string, string | Uint8Array][] = [
  ["a run of NUL bytes", new Uint8Array(5000)],
  ["NUL bytes with line ends", encoder.encode("\0\0\0\n\0\0\n")],
  ["half a record", '{"Set":{"val'],
  ["a whole record without a commit line", '{"Set":{"value":1}}\n'],
  ["a commit line with a wrong checksum", '{"a":1}\n// commit 10 00000000\n'],
  ["a commit line alone", "// commit 10 00000000\n"],
  ["half a commit line", '{"a":1}\n// commit 1'],
  ["bytes that are not UTF-8", new Uint8Array([0xff, 0xfe, 0xc3, 0x28, 10])],
  ["a header", '// MINISTORE JOURNAL v0.2.0 {"segment":1}\n'],
  ["many lines that look like commits", "// commit 10 00000000\n".repeat(500)],
  ["line ends", "\n\n\r\n"],
  ["numbers like checksums", "12345678\n87654321\n".repeat(300)],
  ["256 KiB of slashes", "/".repeat(1 << 18)],
  ["600 KiB without a line end", "x".repeat(600_000)],
];
for (const [what, tail] of TAILS) {
  test(`MiniStore.open() cuts ${what} at the end and keeps the bytes aside`, async () => {
    for (const close of [true, false]) {
      const files = await journal({ close });
      const bytes = bytesOf(files);
      const fileSystem = await withFiles(
        replaced(files, PATH, concat(bytes, tail)),
      );
      const length = concat(tail).length;
      const { ok, torn } = await MiniStore.verify(PATH, { fileSystem });
      assertEquals([ok, torn?.offset, torn?.bytes], [
        true,
        bytes.length,
        length,
      ]);
      const store = await MiniStore.open(PATH, { fileSystem });
      const cut = store.recovery.torn;
      assertEquals([cut?.path, cut?.offset, cut?.bytes], [
        PATH,
        bytes.length,
        length,
      ]);
      assert(
        cut !== undefined &&
          cut.keptAs.startsWith(`${PATH}.torn-${bytes.length}-`),
      );
      assertEquals(store.recovery.closed, false);
      const after = await filesOf(fileSystem);
      assertEquals(after.get(cut.keptAs), concat(tail));
      assertEquals(after.get(PATH), bytes);
      assertEquals(await MiniStore.replay(PATH, { fileSystem }), RECORDS);
      await store.close();
    }
  });
}

test("MiniStore refuses a valid group behind damage, and behind a whole damaged block", async () => {
  const files = await journal({ close: false });
  const bytes = bytesOf(files);
  const text = new TextDecoder("latin1").decode(bytes);
  const second = text.indexOf('{"Inc"');
  const third = text.indexOf("// commit 5");
  for (
    const [from, to] of [[second, second + 1], [second, second + 40], [
      second + 5,
      third,
    ]]
  ) {
    const damaged = bytes.slice();
    damaged.fill(0, from, to);
    const outcome = await outcomeOf(replaced(files, PATH, damaged));
    assert("refused" in outcome, `${from} to ${to}`);
    assertEquals(outcome.refused.code, "CORRUPT");
  }
});

test("MiniStore refuses a journal whose line ends were changed to CRLF", async () => {
  const files = await journal();
  const text = new TextDecoder().decode(bytesOf(files));
  const crlf = encoder.encode(text.replaceAll("\n", "\r\n"));
  const outcome = await outcomeOf(replaced(files, PATH, crlf));
  assert("refused" in outcome);
});

test("MiniStore refuses groups that are repeated, swapped, left out or from another journal", async () => {
  const [files, other] = [await journal(), await journal()];
  const lines = (from: Files) =>
    new TextDecoder().decode(bytesOf(from)).split(/(?<=\n\/\/ .*\n)/);
  const [own, foreign] = [lines(files), lines(other)];
  const [head, one, two, three, ...rest] = own;
  assert(head.includes("MINISTORE") && one.includes("commit"));
  const cases = {
    repeated: [head, one, one, two, three, ...rest],
    swapped: [head, two, one, three, ...rest],
    "left out": [head, one, three, ...rest],
    foreign: [head, one, foreign[2], three, ...rest],
  };
  for (const [what, groups] of Object.entries(cases)) {
    const outcome = await outcomeOf(
      replaced(files, PATH, encoder.encode(groups.join(""))),
    );
    assert("refused" in outcome, what);
    assertEquals(outcome.refused.code, "CORRUPT", what);
  }
  // Behind the last group, where a torn write could stand, they are cut off.
  const stale = encoder.encode(own.join("") + foreign.slice(1).join(""));
  const outcome = await attempt(async () => {
    const fileSystem = await withFiles(replaced(files, PATH, stale));
    return await MiniStore.replay(PATH, { fileSystem });
  });
  assertPrefix(outcome, RECORDS.length, "stale bytes of another journal");
});

test("MiniStore never brings cut bytes back, even where a later group is shorter", async () => {
  const files = await journal({ close: false });
  const bytes = bytesOf(files);
  const torn = concat(
    '{"long":"',
    "x".repeat(200),
    '"}\n{"b":2}\n// commit 11 ',
    "00000000\n",
  );
  const fileSystem = await withFiles(
    replaced(files, PATH, concat(bytes, torn)),
  );
  const store = await MiniStore.open<unknown>(PATH, { fileSystem });
  await store.append(1);
  await store.close();
  const after = bytesOf(await filesOf(fileSystem));
  // The disk shows the old bytes behind the new ones again.
  const stale = concat(after, torn.subarray(after.length - bytes.length));
  const again = await withFiles(replaced(files, PATH, stale));
  assertEquals(await MiniStore.replay(PATH, { fileSystem: again }), [
    ...RECORDS,
    1,
  ]);
});
