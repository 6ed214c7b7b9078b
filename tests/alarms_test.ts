import { assert, assertEquals } from "@std/assert";
import { Alarms, LONGEST_TIMER } from "../src/queue/alarms.ts";
import { FakeClock } from "../src/testing/mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";

const START = 1000;

/** Alarms that note when they ring. */
class Ringing {
  readonly clock: FakeClock = new FakeClock(START);
  readonly alarms: Alarms = new Alarms(this.clock, () => this.clock.now());
  /** What rang, with the time. */
  readonly log: string[] = [];

  /** Sets an alarm by time from now. */
  set(name: string, time: number): () => void {
    const run = () => this.log.push(`${name} ${this.clock.now() - START}`);
    return this.alarms.set(START + time, run);
  }

  /** What rang since the last look. */
  rung(): string[] {
    return this.log.splice(0);
  }
}

test("Alarms ring at their times, in order, by one timer", () => {
  const ringing = new Ringing();
  const { clock } = ringing;
  assertEquals(clock.timers, 0);
  for (const time of [30, 10, 20, 10]) {
    ringing.set(`a${time}`, time);
    assertEquals(clock.timers, 1);
  }
  clock.advance(9);
  assertEquals(ringing.rung(), []);
  clock.advance(1);
  assertEquals([ringing.rung(), clock.timers], [["a10 10", "a10 10"], 1]);
  clock.advance(100);
  assertEquals([ringing.rung(), clock.timers], [["a20 20", "a30 30"], 0]);
});

test("Alarms whose time is over ring as soon as time passes, and not at once", () => {
  const ringing = new Ringing();
  ringing.set("late", -5);
  ringing.set("now", 0);
  assertEquals([ringing.rung(), ringing.clock.timers], [[], 1]);
  ringing.clock.advance(0);
  assertEquals([ringing.rung(), ringing.clock.timers], [
    ["late 0", "now 0"],
    0,
  ]);
});

test("Alarms that are given up do not ring, and leave no timer", () => {
  const ringing = new Ringing();
  const { clock } = ringing;
  const giveUp = ["a", "b", "c"].map((name, n) => ringing.set(name, 10 + n));
  giveUp[1]();
  giveUp[1]();
  giveUp[0]();
  assertEquals(clock.timers, 1);
  clock.advance(12);
  assertEquals([ringing.rung(), clock.timers], [["c 12"], 0]);
  for (const end of giveUp) end(); // harmless afterwards
  ringing.set("d", 20)();
  assertEquals(clock.timers, 0);
});

test("Alarms that are given up behind one that rings leave no timer", () => {
  const ringing = new Ringing();
  const { clock } = ringing;
  ringing.set("a", 10);
  const giveUp = ringing.set("b", 20);
  giveUp();
  clock.advance(10);
  assertEquals([ringing.rung(), clock.timers], [["a 10"], 0]);
});

test("Alarms may be set and given up by an alarm that rings", () => {
  const ringing = new Ringing();
  const { clock, alarms, log } = ringing;
  let giveUp = () => {};
  alarms.set(START + 10, () => {
    log.push("first");
    giveUp();
    ringing.set("same time", 10);
    ringing.set("later", 11);
  });
  giveUp = ringing.set("given up", 10);
  clock.advance(10);
  assertEquals([ringing.rung(), clock.timers], [["first", "same time 10"], 1]);
  clock.advance(1);
  assertEquals([ringing.rung(), clock.timers], [["later 11"], 0]);
});

test("Alarms.close() gives all up, and takes no more", () => {
  const ringing = new Ringing();
  const giveUp = ringing.set("a", 10);
  ringing.alarms.close();
  assertEquals(ringing.clock.timers, 0);
  giveUp();
  ringing.set("b", 10)();
  ringing.alarms.shift(-5);
  ringing.clock.advance(100);
  assertEquals([ringing.rung(), ringing.clock.timers], [[], 0]);
});

test("Alarms see within a minute that the clock was set forward", () => {
  const ringing = new Ringing();
  const { clock } = ringing;
  ringing.set("a", 10 * LONGEST_TIMER);
  clock.advance(LONGEST_TIMER - 1);
  clock.set(START + 10 * LONGEST_TIMER);
  assertEquals(ringing.rung(), []);
  clock.advance(1);
  assertEquals([ringing.rung().length, clock.timers], [1, 0]);
});

test("Alarms do not ring early when the clock was set back, and look again", () => {
  const ringing = new Ringing();
  const { clock } = ringing;
  ringing.set("a", 100);
  clock.set(START - 50);
  clock.advance(149);
  assertEquals([ringing.rung(), clock.timers], [[], 1]);
  clock.advance(1);
  assertEquals([ringing.rung(), clock.timers], [["a 100"], 0]);
});

test("Alarms.shift() lets alarms wait for as long as before", () => {
  const ringing = new Ringing();
  const { clock, alarms } = ringing;
  ringing.set("a", 100);
  ringing.set("b", 200);
  clock.advance(40);
  clock.set(clock.now() - 5000);
  alarms.shift(-5000);
  assertEquals(clock.timers, 1);
  clock.advance(59);
  assertEquals(ringing.rung(), []);
  clock.advance(1);
  assertEquals(ringing.rung(), ["a -4900"]);
  clock.advance(100);
  assertEquals([ringing.rung(), clock.timers], [["b -4800"], 0]);
});

test("Alarms whose time is moved while a timer is being set have one timer all the same", () => {
  const clock = new FakeClock(START);
  let isSetBack = false;
  const alarms: Alarms = new Alarms(clock, () => {
    if (isSetBack) {
      isSetBack = false;
      clock.set(clock.now() - 5000);
      alarms.shift(-5000);
    }
    return clock.now();
  });
  const log: string[] = [];
  alarms.set(START + 100, () => log.push("a"));
  isSetBack = true;
  alarms.set(START + 50, () => log.push("b"));
  assertEquals(clock.timers, 1);
  clock.advance(100);
  assertEquals([log.sort(), clock.timers], [["a", "b"], 0]);
  alarms.close();
});

test("Alarms do not ring for ever when the clock is set back by one that rings", () => {
  const ringing = new Ringing();
  const { clock, alarms } = ringing;
  let rounds = 0;
  const soon = () => {
    if (++rounds > 10) throw new Error("it rings for ever");
    alarms.set(clock.now() + 10, soon);
  };
  alarms.set(START + 10, () => {
    clock.set(START - 5000);
    soon();
  });
  clock.advance(10);
  assertEquals([rounds, clock.timers], [1, 1]);
  clock.advance(10);
  assertEquals([rounds, clock.timers], [2, 1]);
  alarms.close();
});

test("Alarms forget what is given up, a hundred thousand times over", () => {
  const ringing = new Ringing();
  ringing.set("last", 1e9);
  for (let n = 1; n <= 100_000; n++) ringing.set("x", 1e6 + n)();
  assertEquals(ringing.clock.timers, 1);
  ringing.clock.advance(2e6);
  assertEquals(ringing.rung(), []);
  ringing.alarms.close();
});

test("Alarms ring once each or are given up, with one timer at most, in random histories", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new SeededRandom(seed);
    const clock = new FakeClock(START);
    const alarms = new Alarms(clock, () => clock.now());
    const waiting = new Map<number, { time: number; giveUp: () => void }>();
    for (let step = 1; step <= 400; step++) {
      const where = `seed ${seed}, step ${step}`;
      const roll = random.below(10);
      if (roll < 5) {
        const time = clock.now() + random.below(200);
        const giveUp = alarms.set(time, () => {
          assertEquals(clock.now() >= time, true, where);
          assert(waiting.delete(step), `${where}: it rang twice, or in vain`);
        });
        waiting.set(step, { time, giveUp });
      } else if (roll < 8) {
        const chosen = random.some([...waiting], 1 + random.below(3));
        for (const [key, { giveUp }] of chosen) {
          waiting.delete(key);
          giveUp();
        }
      } else {
        clock.advance(random.below(50));
        for (const { time } of waiting.values()) {
          assert(time > clock.now(), `${where}: it did not ring`);
        }
      }
      assertEquals(clock.timers, waiting.size > 0 ? 1 : 0, where);
    }
  }
});
