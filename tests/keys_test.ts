import { assert, assertEquals } from "@std/assert";
import { dedupeKey, idKey, type KeyEntry } from "../src/queue/model.ts";
import { Keys } from "../src/queue/keys.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";

/** How many keys there must be before any is told to be over, and more. */
const MANY = 100;
/** After how long an id that is in use is looked at again. */
const LATER = 60_000;

/** Keys, with what a queue knows of them. */
class Known {
  readonly all: Map<string, KeyEntry> = new Map();
  /** The messages that are there. */
  readonly there: Set<number> = new Set();
  keys: Keys;

  constructor(count = 0) {
    for (let n = 1; n <= count; n++) {
      this.all.set(dedupeKey(`k${n}`), { message: n, until: 1000 });
    }
    this.keys = this.#open();
  }

  /** Takes a name. */
  add(name: string, entry: KeyEntry): void {
    this.all.set(name, entry);
    this.keys.add(name, entry.until);
  }

  /** Begins anew, as when a queue is opened. */
  reopen(): void {
    this.keys = this.#open();
  }

  /** Removes what is over, as the next message does. */
  forget(now: number): string[] {
    const names = this.keys.due(now);
    for (const name of names) assert(this.all.delete(name), name);
    return names;
  }

  #open(): Keys {
    return new Keys(
      this.all,
      (name) => this.all.get(name),
      (message) => this.there.has(message),
    );
  }
}

test("Keys.idOf() gives the id of the message that has a key, up to the end of its window", () => {
  const known = new Known();
  known.add(dedupeKey("plain"), { message: 7, until: 1000 });
  known.add(dedupeKey("named"), { message: 8, id: "see", until: 1000 });
  for (let time = 1; time <= 2; time++) {
    const { keys } = known;
    const ids = (now: number) =>
      ["plain", "named", "none"].map((key) => keys.idOf(dedupeKey(key), now));
    assertEquals(ids(0), ["7", "see", undefined]);
    assertEquals(ids(999), ["7", "see", undefined]);
    assertEquals(ids(1000), [undefined, undefined, undefined]);
    known.there.add(7).add(8); // that does not count for a dedupe key
    assertEquals(ids(1000), [undefined, undefined, undefined]);
    known.reopen();
  }
});

test("Keys.idOf() holds an id taken for as long as its message is there", () => {
  const known = new Known();
  known.there.add(7);
  known.add(idKey("see"), { message: 7, until: 1000 });
  const { keys, there } = known;
  const name = idKey("see");
  assertEquals([keys.idOf(name, 999), keys.idOf(name, 1e9)], ["see", "see"]);
  there.delete(7);
  assertEquals(
    [keys.idOf(name, 999), keys.idOf(name, 1000)],
    ["see", undefined],
  );
});

test("Keys tell a dedupe key and an id of the same text apart", () => {
  const known = new Known();
  known.add(dedupeKey("id:x"), { message: 1, until: 1000 });
  const { keys } = known;
  assertEquals(keys.idOf(dedupeKey("id:x"), 0), "1");
  for (const name of [idKey("x"), idKey("id:x"), dedupeKey("x")]) {
    assertEquals(keys.idOf(name, 0), undefined, name);
  }
});

test("Keys.find() finds a key also if its time is over, until it is forgotten", () => {
  const known = new Known(MANY);
  const name = dedupeKey("k1");
  assertEquals(known.keys.find(name)?.message, 1);
  known.keys.idOf(name, 1000);
  assertEquals(known.keys.find(name)?.message, 1);
  known.forget(1000);
  assertEquals(known.keys.find(name), undefined);
});

test("Keys.due() tells those that are over, each once, and none that are not", () => {
  const known = new Known(MANY);
  known.add(dedupeKey("later"), { message: 999, until: 1001 });
  assertEquals(known.forget(999), []);
  const first = known.forget(1000);
  assertEquals(
    first.toSorted(),
    [...Array(MANY).keys()].map((n) => `key:k${n + 1}`).toSorted(),
  );
  assertEquals(known.forget(1000), []);
  assertEquals([...known.all.keys()], ["key:later"]);
});

test("Keys.due() tells none while there are few", () => {
  const known = new Known(20);
  assertEquals(known.forget(1e9), []);
  assertEquals(known.all.size, 20);
});

test("Keys.due() tells no more than one record may name, and the rest later", () => {
  const known = new Known(2500);
  const counts = [1, 2, 3, 4].map(() => known.forget(1000).length);
  assertEquals(counts, [1000, 1000, 500, 0]);
});

test("Keys.due() does not tell a key that was taken anew meanwhile", () => {
  const known = new Known(MANY);
  const name = dedupeKey("k1");
  known.add(name, { message: 500, until: 5000 });
  assertEquals(known.forget(1000).includes(name), false);
  assertEquals(known.keys.idOf(name, 4999), "500");
  for (let n = 1; n <= MANY; n++) {
    known.add(dedupeKey(`new ${n}`), { message: 500 + n, until: 5000 });
  }
  assertEquals(known.forget(4999), []);
  assertEquals(known.forget(5000).filter((one) => one === name), [name]);
});

test("Keys.due() tells a key that was taken twice only once", () => {
  const known = new Known(MANY);
  for (let n = 1; n <= MANY; n++) {
    known.add(dedupeKey(`k${n}`), { message: 500 + n, until: 2000 });
  }
  assertEquals(known.forget(2000).length, MANY);
  assertEquals([known.forget(1e9), known.all.size], [[], 0]);
});

test("Keys.due() keeps ids whose messages are there, and looks at them again a minute later", () => {
  const known = new Known();
  for (let n = 1; n <= MANY; n++) {
    known.there.add(n);
    known.add(idKey(`x${n}`), { message: n, until: 1000 });
  }
  assertEquals(known.forget(1000), []);
  known.there.clear();
  assertEquals(known.forget(1000 + LATER - 1), []);
  assertEquals(known.forget(1000 + LATER).length, MANY);
  assertEquals(known.all.size, 0);
});

test("Keys.due() tells what is over behind as many ids that are in use as one record may name", () => {
  const known = new Known();
  for (let n = 1; n <= 1500; n++) {
    known.there.add(n);
    known.add(idKey(`x${n}`), { message: n, until: 1000 });
  }
  known.add(dedupeKey("over"), { message: 9999, until: 1001 });
  const told = [known.forget(1001), known.forget(1001)].flat();
  assertEquals(told, ["key:over"]);
});

test("Keys are forgotten only when they are over, and then soon, in random histories", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    const known = new Known();
    let now = 0;
    let last = 0;
    for (let step = 1; step <= 1500; step++) {
      const where = `seed ${seed}, step ${step}`;
      const roll = random.below(100);
      now += random.below(30);
      if (roll < 90) {
        const text = `${random.below(300)}`;
        const isId = random.below(3) === 0;
        const name = isId ? idKey(text) : dedupeKey(text);
        if (known.keys.idOf(name, now) !== undefined) continue;
        last++;
        if (isId) known.there.add(last);
        known.add(name, { message: last, until: now + random.below(3000) });
      } else if (roll < 99) {
        for (const message of [...known.there].slice(0, 5)) {
          known.there.delete(message);
        }
        for (const name of known.keys.due(now)) {
          const entry = known.all.get(name);
          assert(entry && entry.until <= now, where);
          assert(!name.startsWith("id:") || !known.there.has(entry.message));
          known.all.delete(name);
        }
      } else known.reopen();
    }
    known.there.clear();
    for (let time = 1; time <= 3; time++) known.forget(now += LATER);
    // Few may stay.
    assert(known.all.size < 64, `${known.all.size} stay, seed ${seed}`);
  }
});
