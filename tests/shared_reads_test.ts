import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { SharedReads } from "../src/wal/shared_reads.ts";
import { test } from "./support/harness.ts";

/** Reads that end when the test says so. */
class Reads {
  readonly started: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<string>>();

  read(key: string): () => Promise<string> {
    return () => {
      this.started.push(key);
      const end = Promise.withResolvers<string>();
      this.#ends.set(key, end);
      return end.promise;
    };
  }

  end(key: string): void {
    this.#ends.get(key)?.resolve(`what ${key} holds`);
  }

  fail(key: string): void {
    this.#ends.get(key)?.reject(new Error(`${key} is damaged`));
  }
}

/** Lets everything go on that waits for promises only. */
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

test("SharedReads.run() reads once for all who ask while it is under way, and again afterwards", async () => {
  const shared = new SharedReads<string, string>(4);
  const reads = new Reads();
  const all = Array.from(
    { length: 50 },
    () => shared.run("a", reads.read("a")),
  );
  await turn();
  assertEquals(reads.started, ["a"]);
  reads.end("a");
  assertEquals(new Set(await Promise.all(all)), new Set(["what a holds"]));
  const again = shared.run("a", reads.read("a"));
  await turn();
  assertEquals(reads.started, ["a", "a"]);
  reads.end("a");
  await again;
});

test("SharedReads.run() gives an error to those who wait, and forgets it", async () => {
  const shared = new SharedReads<string, string>(4);
  const reads = new Reads();
  const all = [1, 2, 3].map(() => shared.run("a", reads.read("a")));
  const outcomes = Promise.allSettled(all);
  await turn();
  reads.fail("a");
  for (const outcome of await outcomes) {
    assertEquals(outcome.status, "rejected");
  }
  const error = await assertRejects(() => all[0], Error, "a is damaged");
  assertStrictEquals(await assertRejects(() => all[2], Error), error);
  const again = shared.run("a", reads.read("a"));
  await turn();
  reads.end("a");
  assertEquals(await again, "what a holds");
  assertEquals(reads.started, ["a", "a"]);
});

test("SharedReads.run() reads so many at a time and no more, in the order of the calls", async () => {
  const shared = new SharedReads<string, string>(2);
  const reads = new Reads();
  const keys = ["a", "b", "c", "d", "e"];
  const all = keys.map((key) => shared.run(key, reads.read(key)));
  const outcomes = Promise.allSettled(all);
  await turn();
  assertEquals(reads.started, ["a", "b"]);
  reads.fail("b"); // a read that fails makes room too
  await turn();
  assertEquals(reads.started, ["a", "b", "c"]);
  // Whoever asks for what waits for its turn shares it.
  const other = shared.run("d", reads.read("d"));
  for (const key of ["a", "c", "d", "e"]) {
    reads.end(key);
    await turn();
  }
  assertEquals(reads.started, keys);
  assertEquals(
    (await outcomes).map(({ status }) => status === "fulfilled"),
    [true, false, true, true, true],
  );
  assertEquals(await other, "what d holds");
  // Nothing is left behind: two places are free again.
  const last = ["f", "g"].map((key) => shared.run(key, reads.read(key)));
  await turn();
  assertEquals(reads.started.slice(5), ["f", "g"]);
  for (const key of ["f", "g"]) reads.end(key);
  await Promise.all(last);
});
