import { assertEquals } from "@std/assert";
import { MemoryFileSystem, MiniStore } from "../mod.ts";
import { test } from "./support/harness.ts";
import { bytesOf, type Files, filesOf, withFiles } from "./support/journals.ts";

/** How many bytes behind the damage are searched at a time. */
const WINDOW = 1 << 18;

/** A journal of three groups that was not closed; the second one is of that length. */
async function journal(length: number): Promise<Uint8Array> {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  // The last one is so long that the search does not end with its first window.
  for (const size of [3, length, 300]) {
    await store.append("x".repeat(size));
  }
  const files: Files = await filesOf(fileSystem);
  await store.close();
  return bytesOf(files, "a").slice();
}

/** Where the commit lines begin. */
function marksOf(bytes: Uint8Array): number[] {
  const text = new TextDecoder("latin1").decode(bytes);
  return [...text.matchAll(/^\/\/ commit/gm)].map(({ index }) => index);
}

const LINE = "// commit 1 00000000\n".length;

/** Asserts that the damage is refused, and not taken for a torn tail. */
async function assertRefused(bytes: Uint8Array, what: string): Promise<void> {
  const fileSystem = await withFiles(new Map([["a", bytes]]));
  const { damage, records } = await MiniStore.verify("a", { fileSystem });
  assertEquals([damage?.code, records], ["CORRUPT", 1], what);
}

test("validMarkFollows() finds a mark wherever the windows part it", async () => {
  const [one, , three] = marksOf(await journal(WINDOW));
  const usual = three - (one + LINE);
  for (let delta = -40; delta <= 70; delta++) {
    const bytes = await journal(2 * WINDOW - usual + delta);
    bytes[one + LINE + 5] ^= 1; // in the record of the second group
    assertEquals(marksOf(bytes)[2] - one - LINE, WINDOW + delta);
    await assertRefused(bytes, `mark ${delta} bytes behind the window`);
  }
});

test("validMarkFollows() finds the digits of a damaged mark wherever the windows part them", async () => {
  const [one, two] = marksOf(await journal(WINDOW));
  const usual = two - (one + LINE);
  for (let delta = -40; delta <= 70; delta++) {
    const bytes = await journal(2 * WINDOW - usual + delta);
    const at = marksOf(bytes)[1];
    bytes[at + 3] ^= 1; // in the word
    await assertRefused(bytes, `mark ${delta} bytes behind the window`);
  }
});

test("validMarkFollows() begins behind a mark that is fused to the next line, in a damaged group", async () => {
  const bytes = await journal(100);
  const [one, two] = marksOf(bytes);
  bytes[one + LINE + 5] ^= 1;
  bytes[two + LINE - 1] ^= 1; // the line end
  await assertRefused(bytes, "two damages");
});
