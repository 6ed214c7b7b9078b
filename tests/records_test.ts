import { assert, assertEquals } from "@std/assert";
import { Records } from "../src/queue/records.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";

/** Records, and by the way the truth about them. */
class Known {
  readonly records: Records = new Records();
  /** Where the payload of each message is. */
  readonly places: Map<number, number> = new Map();
  readonly recordOf = (number: number): number | undefined =>
    this.places.get(number);

  add(...messages: number[]): void {
    for (const message of messages) {
      this.places.set(message, message);
      this.records.add(message, message);
    }
  }

  carry(message: number, to: number): void {
    const from = this.places.get(message) ?? 0;
    this.places.set(message, to);
    this.records.add(to, message);
    this.records.remove(from);
  }

  remove(message: number): void {
    this.records.remove(this.places.get(message) ?? 0);
    this.places.delete(message);
  }

  messages(record: number): number[] {
    return [...this.records.messages(record, this.recordOf)].sort((a, b) =>
      a - b
    );
  }

  get first(): number {
    return this.records.first(this.recordOf);
  }
}

test("Records.first() is Infinity when nothing is needed", () => {
  const known = new Known();
  assertEquals(known.first, Infinity);
  known.add(1);
  known.remove(1);
  assertEquals(known.first, Infinity);
});

test("Records.first() is the first record that is needed, across the blocks", () => {
  const known = new Known();
  known.add(5, 4095, 4096, 9000, 100_000);
  for (const next of [4095, 4096, 9000, 100_000]) {
    known.remove(Math.min(...known.places.keys()));
    assertEquals(known.first, next);
  }
});

test("Records.first() counts payloads that were carried on where they are now", () => {
  const known = new Known();
  known.add(1, 2, 7000);
  known.carry(1, 8000);
  assertEquals(known.first, 2);
  known.carry(2, 8001);
  assertEquals(known.first, 7000);
  known.remove(7000);
  assertEquals(known.first, 8000);
  known.carry(1, 50_000); // and once more
  assertEquals(known.first, 8001);
  known.remove(2);
  assertEquals(known.first, 50_000);
});

test("Records leave out what is gone, or was carried on, before they are told that it is durable", () => {
  const known = new Known();
  known.add(10, 20, 5000, 5001);
  known.carry(20, 9000);
  known.places.delete(10);
  assertEquals(known.first, 5000);
  assertEquals(known.messages(Infinity), [20, 5000, 5001]);
  known.places.delete(20);
  assertEquals(known.messages(Infinity), [5000, 5001]);
  known.records.add(9001, 5000); // it is being carried on
  known.places.set(5000, 9001);
  assertEquals(known.first, 5001);
  assertEquals(known.messages(9001), [5001]);
  known.places.delete(5001);
  assertEquals(known.first, 9001);
  known.places.delete(5000);
  assertEquals(known.first, Infinity);
});

test("Records.messages() gives those in front of a record, each once, carried ones by where they are", () => {
  const known = new Known();
  known.add(1, 2, 3, 4096, 5000);
  known.carry(2, 4200);
  assertEquals(known.messages(1), []);
  assertEquals(known.messages(2), [1]);
  assertEquals(known.messages(4200), [1, 3, 4096]);
  assertEquals(known.messages(4201), [1, 2, 3, 4096]);
  assertEquals(known.messages(Infinity), [1, 2, 3, 4096, 5000]);
});

test("Records.before() counts no less than what is in front of a record, and all in front of a block", () => {
  const known = new Known();
  known.add(1, 2, 3, 5000, 5001, 9000);
  assertEquals(known.records.before(0), 0);
  assert(known.records.before(2) >= 1);
  assertEquals(known.records.before(4096), 3);
  assertEquals(known.records.before(8192), 5);
  assertEquals(known.records.before(Infinity), 6);
});

test("Records agree with a plain list over random histories", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new SeededRandom(seed);
    const known = new Known();
    let last = 0;
    for (let step = 0; step < 400; step++) {
      last += 1 + random.below(60);
      const messages = [...known.places.keys()];
      const kind = random.below(4);
      if (kind < 2 || messages.length === 0) known.add(last);
      else if (kind === 2) known.carry(random.pick(messages), last);
      else known.remove(random.pick(messages));
      const places = [...known.places.values()];
      assertEquals(known.first, Math.min(...places), `seed ${seed}`);
      const record = random.below(last + 100);
      const expected = [...known.places].filter(([, at]) => at < record).map((
        [message],
      ) => message).sort((a, b) => a - b);
      assertEquals(known.messages(record), expected, `seed ${seed}`);
      const before = known.records.before(record);
      assert(before >= expected.length, `seed ${seed}`);
    }
  }
});
