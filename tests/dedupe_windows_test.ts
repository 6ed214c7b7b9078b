import { assertEquals } from "@std/assert";
import { test } from "./support/harness.ts";
import { Jobs, LEASE } from "./support/queues.ts";

const WINDOW = 1000;
/** How many keys there must be before any is forgotten, and more. */
const MANY = 200;

/** A queue that remembers keys for {@linkcode WINDOW}. */
function open(): Promise<Jobs> {
  return Jobs.open({ dedupeWindow: WINDOW });
}

test("MiniQueue.enqueue() tells keys and ids apart, and minds both", async () => {
  const jobs = await open();
  const { queue } = jobs;
  assertEquals(await queue.enqueue("a", { id: "x" }), "x");
  assertEquals(await queue.enqueue("b", { dedupeKey: "x" }), "2");
  assertEquals(await queue.enqueue("c", { id: "y", dedupeKey: "y" }), "y");
  assertEquals(await queue.enqueue("d", { id: "z", dedupeKey: "y" }), "y");
  assertEquals(await queue.enqueue("e", { id: "y", dedupeKey: "w" }), "y");
  // Neither of them has taken a name.
  assertEquals(await queue.enqueue("f", { id: "z" }), "z");
  assertEquals(await queue.enqueue("g", { dedupeKey: "w" }), "5");
  await jobs.reopen();
  assertEquals(await jobs.queue.enqueue("h", { dedupeKey: "y" }), "y");
  assertEquals(await jobs.drain(), ["a", "b", "c", "f", "g"]);
  await jobs.queue.close();
});

test("MiniQueue.enqueue() minds the window of the message that was taken, not that of the next one", async () => {
  const jobs = await open();
  const add = (dedupeWindow?: number) =>
    jobs.queue.enqueue("x", { dedupeKey: "k", dedupeWindow });
  await add(10);
  jobs.clock.advance(9);
  assertEquals(await add(1e6), "1");
  jobs.clock.advance(1);
  assertEquals(await add(5000.5), "2");
  await jobs.reopen({ dedupeWindow: 1 });
  jobs.clock.advance(5000);
  assertEquals(await add(), "2");
  jobs.clock.advance(1);
  assertEquals(await add(), "3");
  jobs.clock.advance(1);
  assertEquals(await add(0), "4");
  assertEquals(await add(0), "5"); // a window of nothing
  await jobs.queue.close();
});

test("MiniQueue.enqueueAll() with a window of nothing takes each message, as enqueue() does", async () => {
  const jobs = await open();
  const one = { payload: "x", dedupeKey: "k", dedupeWindow: 0 };
  assertEquals(await jobs.queue.enqueueAll([one, one]), ["1", "2"]);
  await jobs.queue.close();
});

test("MiniQueue.enqueue() refuses an id for as long as there is a message with it, whatever its state", async () => {
  const jobs = await open();
  const add = async () => {
    await jobs.queue.enqueue("again", { id: "x" });
    return jobs.queue.stats().totals.enqueued === 1 ? "refused" : "taken";
  };
  await jobs.queue.enqueue("first", { id: "x" });
  jobs.clock.advance(10 * WINDOW);
  assertEquals(await add(), "refused"); // ready
  const message = await jobs.take();
  assertEquals(await add(), "refused"); // held
  jobs.clock.advance(LEASE);
  await jobs.reopen();
  assertEquals(await add(), "refused"); // run out
  assertEquals((await jobs.take()).id, message.id);
  jobs.clock.advance(LEASE);
  await (await jobs.take()).fail("no");
  assertEquals(await add(), "refused"); // dead
  assertEquals(await jobs.queue.deadLetters.redrive(["x"]), 1);
  await jobs.reopen();
  assertEquals(await add(), "refused"); // back
  await (await jobs.take()).ack();
  assertEquals(await add(), "taken");
  await jobs.queue.close();
});

test("MiniQueue keeps an id that is in use while many others are forgotten", async () => {
  const jobs = await open();
  await jobs.queue.enqueue("stays", { id: "x", delay: 1e9 });
  for (let round = 1; round <= 5; round++) {
    jobs.clock.advance(WINDOW);
    const requests = Array.from({ length: MANY }, (_, n) => ({
      payload: "y",
      id: `${round}.${n}`,
    }));
    await jobs.queue.enqueueAll(requests);
    await jobs.drain();
    assertEquals(await jobs.queue.enqueue("again", { id: "x" }), "x");
    assertEquals(jobs.queue.size, 1);
    await jobs.reopen();
  }
  await jobs.queue.close();
});

test("MiniQueue remembers a key while the clock is set back, and longer by as much", async () => {
  const jobs = await open();
  const add = () => jobs.queue.enqueue("x", { dedupeKey: "k" });
  await add();
  for (const back of [500, 5000]) {
    jobs.clock.set(jobs.clock.now() - back);
    assertEquals(await add(), "1");
    jobs.clock.advance(back);
  }
  jobs.clock.advance(WINDOW - 1);
  assertEquals(await add(), "1");
  jobs.clock.advance(1);
  assertEquals(await add(), "2");
  await jobs.queue.close();
});

test("MiniQueue remembers a key for five minutes if nothing was asked for", async () => {
  const jobs = await Jobs.open();
  const add = () => jobs.queue.enqueue("x", { dedupeKey: "k" });
  assertEquals(await add(), "1");
  jobs.clock.advance(299_999);
  assertEquals(await add(), "1");
  jobs.clock.advance(1);
  assertEquals(await add(), "2");
  await jobs.queue.close();
});

test("MiniQueue takes a key again that was cleared or purged only behind its window, and an id too", async () => {
  for (const options of [{ dedupeKey: "k" }, { id: "k" }]) {
    const jobs = await open();
    const add = async () => {
      await jobs.queue.enqueue("x", options);
      return jobs.queue.size;
    };
    await add();
    await jobs.queue.clear();
    assertEquals(await add(), 0);
    jobs.clock.advance(WINDOW);
    assertEquals(await add(), 1);
    await (await jobs.take()).fail("no");
    await jobs.queue.deadLetters.purge();
    assertEquals(await add(), 0);
    jobs.clock.advance(WINDOW);
    assertEquals(await add(), 1);
    await jobs.queue.close();
  }
});
