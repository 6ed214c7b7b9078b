import { assert, assertEquals } from "@std/assert";
import {
  type Message,
  MiniQueue,
  mutators,
  Outbox,
  StateManager,
} from "../mod.ts";
import { FakeClock, SimulatedFileSystem } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";

/** A queue that was closed, with a message that was held and one that was not. */
interface Closed {
  readonly queue: MiniQueue<string>;
  readonly message: Message<string>;
  /** What waited when it was closed. */
  readonly waiting: readonly Promise<unknown>[];
  readonly iterated: Promise<unknown>;
  readonly processed: Promise<unknown>;
}

const options = () => ({
  fileSystem: new SimulatedFileSystem(),
  clock: new FakeClock(),
});

/** Begins everything that a queue can be asked for, and closes it. */
async function use(queue: MiniQueue<string>): Promise<Closed> {
  await queue.enqueue("held");
  const message = await queue.dequeue();
  message.signal.throwIfAborted();
  await queue.enqueue("later", { delay: 1000 });
  const waiting = [queue.dequeue(), queue.idle()];
  for (const one of waiting) one.catch(() => {}); // looked at below
  const iterated = Array.fromAsync(queue);
  const processed = queue.process(() => {});
  return { queue, message, waiting, iterated, processed };
}

/** Everything that a closed queue refuses. */
const REFUSED: Record<string, (closed: Closed) => Promise<unknown>> = {
  "enqueue()": ({ queue }) => queue.enqueue("a"),
  "enqueueAll()": ({ queue }) => queue.enqueueAll([{ payload: "a" }]),
  "enqueueAll() of none": ({ queue }) => queue.enqueueAll([]),
  "dequeue()": ({ queue }) => queue.dequeue(),
  "dequeue() that waited": ({ waiting: [dequeued] }) => dequeued,
  "tryDequeue()": ({ queue }) => queue.tryDequeue(),
  "claim()": ({ queue }) => queue.claim(2),
  "process()": ({ queue }) => queue.process(() => {}),
  "process() until idle": ({ queue }) =>
    queue.process(() => {}, { until: "idle" }),
  "idle()": ({ queue }) => queue.idle(),
  "idle() that waited": ({ waiting: [, idle] }) => idle,
  "clear()": ({ queue }) => queue.clear(),
  "compact()": ({ queue }) => queue.compact(),
  "deadLetters.redrive()": ({ queue }) => queue.deadLetters.redrive(),
  "deadLetters.purge()": ({ queue }) => queue.deadLetters.purge(),
  "message.ack()": ({ message }) => message.ack(),
  "message.retry()": ({ message }) => message.retry(),
  "message.release()": ({ message }) => message.release(),
  "message.fail()": ({ message }) => message.fail("no"),
  "message.extend()": ({ message }) => message.extend(1000),
  "message.signal": ({ message }) => Promise.reject(message.signal.reason),
  "lease().ack()": ({ queue, message }) => queue.lease(message.receipt).ack(),
};

/** Asserts that all of it rejects, and says what is closed. */
async function assertRefused<T>(
  refused: Record<string, (closed: T) => Promise<unknown>>,
  closed: T,
  what: string,
): Promise<void> {
  for (const [name, call] of Object.entries(refused)) {
    const { message, path } = await assertCode(() => call(closed), "CLOSED");
    assert(
      new RegExp(`^Cannot [a-z ]+ "${path}": ${what} is closed$`).test(message),
      `${name}: ${message}`,
    );
  }
}

test("MiniQueue that is closed says that the queue is closed, whatever it is asked for", async () => {
  const closed = await use(await MiniQueue.open<string>("jobs", options()));
  await closed.queue.close();
  await assertRefused(REFUSED, closed, "the queue");
});

test("Outbox that is closed says that the outbox is closed, whatever it or its queue is asked for", async () => {
  const outbox = await Outbox.open<object, string, string>("shop", {
    initial: {},
    apply: () => {},
    queue: options(),
  });
  const closed = await use(outbox.queue);
  await outbox.close();
  await assertRefused(REFUSED, closed, "the outbox");
  await assertRefused(
    {
      "commit()": () => outbox.commit({ apply: ["a"] }),
      "commit() of nothing": () => outbox.commit({}),
      "commit() of an ack": () => outbox.commit({ ack: [closed.message] }),
      "transact()": () => outbox.transact(() => ({})),
    },
    closed,
    "the outbox",
  );
});

test("StateManager that is closed says that the state is closed, whatever it is asked for", async () => {
  const { fileSystem } = options();
  const state = await StateManager.open("state", {
    initial: { n: 0 },
    apply: mutators({ inc: (state: { n: number }) => void state.n++ }),
    fileSystem,
  });
  await state.close();
  await assertRefused(
    {
      "apply()": () => state.apply("inc"),
      "applyAll()": () => state.applyAll(["inc"]),
      "transact()": () => state.transact(() => []),
      "createSnapshot()": () => state.createSnapshot(),
      "compact()": () => state.compact(),
    },
    state,
    "the state",
  );
});

test("MiniQueue that is closed can still be looked at, and ends what went through its messages", async () => {
  const { queue, iterated, processed } = await use(
    await MiniQueue.open<string>("jobs", options()),
  );
  await queue.close();
  assertEquals(await iterated, []);
  assertEquals(await processed, undefined);
  assertEquals(await Array.fromAsync(queue), []);
  assertEquals(queue.size, 2);
  const { leased, delayed } = queue.stats();
  assertEquals([leased, delayed], [1, 1]);
  const listed = await Array.fromAsync(queue.list());
  assertEquals(listed.map(({ payload }) => payload), ["held", "later"]);
  assertEquals(await Array.fromAsync(queue.deadLetters.list()), []);
  assertEquals(await queue.peek(), undefined);
});
