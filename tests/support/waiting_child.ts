// deno-lint-ignore-file no-console
/**
 * A program that waits, with nothing else that keeps it alive: what goes on does so
 * by timers that do not hold a program. It prints what has happened, so that one
 * that ended too early has printed too little. `wait` waits in each way, one after
 * the other; `begin` begins to wait in each way that does not hold the program, and
 * has nothing more to do.
 */
import process from "node:process";
import { setTimeout as timer } from "node:timers";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MiniQueue, Outbox, StateManager } from "../../mod.ts";

const [, , what, root] = process.argv;
/** Where the way to wait that has its turn keeps its files. */
let directory = root;
const HOUR = 3_600_000;

/** Does something a little later, if the program is still there. */
function later(run: () => unknown): void {
  timer(run, 20).unref();
}

const open = () => MiniQueue.open<string>(`${directory}/jobs`);
const COUNTER = {
  initial: { value: 0 },
  apply: (state: { value: number }, by: number) => void (state.value += by),
};
const openCounter = () => StateManager.open(`${directory}/counter`, COUNTER);
/** Collects what nothing references. */
function collector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (Bun) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

const codeOf = ({ code, message }: { code?: string; message?: string }) =>
  code ?? message;

/** Ways to wait that hold the program. */
const HOLDING: Record<string, () => Promise<void>> = {
  async "process, ended by its signal"() {
    const queue = await open();
    const stop = new AbortController();
    later(() => queue.enqueue("a"));
    await queue.process(({ payload }) => {
      console.log(`worked on ${payload}`);
      later(() => stop.abort());
    }, { signal: stop.signal });
    await queue.close();
  },
  async "process, ended by close()"() {
    const queue = await open();
    later(() => queue.close());
    await queue.process(() => {});
  },
  async "process, with a handler that waits for nothing that holds the program"() {
    const queue = await open();
    await queue.enqueue("a");
    await queue.process(() => new Promise<void>((resolve) => later(resolve)), {
      until: "idle",
    });
    await queue.close();
  },
  async "process, until idle"() {
    const queue = await MiniQueue.open<string>(`${directory}/jobs`, {
      backoff: [1],
    });
    await queue.enqueue("a");
    await queue.process(async ({ payload, attempts }) => {
      console.log(`${payload}, attempt ${attempts}`);
      if (attempts === 1) throw new Error("not yet");
      if (payload === "a") await queue.enqueue("b", { delay: 30 });
    }, { until: "idle" });
    console.log(`left ${queue.size}`);
    await queue.close();
  },
  async "dequeue"() {
    const queue = await open();
    later(() => queue.enqueue("a"));
    const message = await queue.dequeue();
    console.log(`got ${message.payload}`);
    await message.ack();
    await queue.close();
  },
  async "dequeue, by a clock of the program's own"() {
    const clock = {
      now: () => Date.now(),
      setTimer(callback: () => void, delay: number) {
        const started = timer(callback, delay);
        started.unref();
        return () => clearTimeout(started);
      },
    };
    const queue = await MiniQueue.open(`${directory}/jobs`, { clock });
    await queue.enqueue("a", { delay: 20 });
    console.log(`got ${(await queue.dequeue()).payload}`);
    await queue.close();
  },
  async "dequeue, for what is due later"() {
    const queue = await open();
    await queue.enqueue("a", { delay: 20 });
    console.log(`got ${(await queue.dequeue()).payload}`);
    await queue.close();
  },
  async "dequeue, ended by its signal"() {
    const queue = await open();
    const stop = new AbortController();
    later(() => stop.abort(new Error("enough")));
    console.log(await queue.dequeue({ signal: stop.signal }).catch(codeOf));
    await queue.close();
  },
  async "dequeue, of a queue that is paused"() {
    const queue = await open();
    await queue.enqueue("a");
    queue.pause();
    later(() => queue.resume());
    console.log(`got ${(await queue.dequeue()).payload}`);
    await queue.close();
  },
  async "dequeue, of an outbox"() {
    const outbox = await Outbox.open(`${directory}/shop`, {
      initial: {},
      apply: () => {},
    });
    later(() => outbox.commit({ enqueue: [{ payload: "a" }] }));
    console.log(`got ${(await outbox.queue.dequeue()).payload}`);
    await outbox.close();
  },
  async "iteration"() {
    const queue = await open();
    later(() => queue.enqueue("a"));
    for await (const message of queue) {
      console.log(`got ${message.payload}`);
      await message.ack();
      later(() => queue.close());
    }
  },
  async "idle"() {
    const queue = await open();
    await queue.enqueue("a");
    const message = await queue.dequeue();
    later(() => message.ack());
    await queue.idle();
    await queue.close();
  },
  async "changes"() {
    const counter = await openCounter();
    later(() => counter.apply(5));
    for await (const { sequence, mutation } of counter.changes()) {
      console.log(`${sequence}: ${mutation}`);
      later(() => counter.close());
    }
  },
  async "follow"() {
    const counter = await openCounter();
    const follower = await StateManager.follow(`${directory}/counter`, {
      ...COUNTER,
      interval: 5,
    });
    const seen = new Promise<number>((resolve) =>
      follower.subscribe(({ mutation = 0 }) => resolve(mutation))
    );
    later(() => counter.apply(5));
    console.log(`saw ${await seen}`);
    await follower.close();
    await counter.close();
  },
};

/** Ways to begin to wait that do not. */
const FREE: Record<string, (queue: MiniQueue<string>) => unknown> = {
  "process": (queue) => void queue.process(() => {}, { ref: false }),
  "process, until idle": async (queue) => {
    await queue.enqueue("later", { delay: HOUR });
    void queue.process(() => {}, { ref: false, until: "idle" });
  },
  "process, of a message that is due later": async (queue) => {
    await queue.enqueue("later", { delay: HOUR });
    void queue.process(() => {}, { ref: false, concurrency: 2 });
  },
  "process, with a handler that never ends": async (queue) => {
    await queue.enqueue("a");
    await new Promise<void>((resolve) => {
      void queue.process(() => {
        resolve();
        return new Promise<void>(() => {});
      }, { ref: false });
    });
  },
  "dequeue": (queue) => void queue.dequeue({ ref: false }),
  "dequeue, of a message that is due later": async (queue) => {
    await queue.enqueue("later", { delay: HOUR });
    void queue.dequeue({ ref: false });
  },
  "dequeue, of a queue that is paused": (queue) => {
    queue.pause();
    void queue.dequeue({ ref: false });
  },
  "the signal of a message": async (queue) => {
    await queue.enqueue("a");
    const { signal } = await queue.dequeue();
    signal.addEventListener("abort", () => console.log("lost"));
  },
  "idle": async (queue) => {
    await queue.enqueue("a");
    void queue.idle({ ref: false });
  },
  "changes": async () => {
    const counter = await openCounter();
    void counter.changes({ ref: false }).next();
  },
  "follow": () =>
    StateManager.follow(`${directory}/counter`, {
      ...COUNTER,
      interval: 5,
      ref: false,
    }),
};

const COMMANDS: Record<string, () => Promise<void>> = {
  async wait() {
    for (const [n, [name, wait]] of Object.entries(HOLDING).entries()) {
      directory = `${root}/${n}`;
      console.log(name);
      await wait();
    }
  },
  async begin() {
    for (const [n, [name, begin]] of Object.entries(FREE).entries()) {
      directory = `${root}/${n}`;
      console.log(name);
      await begin(await open());
    }
  },
  /** Waits until another process ends it. */
  async sigterm() {
    const queue = await open();
    const stop = new AbortController();
    process.once("SIGTERM", () => stop.abort());
    const done = queue.process(() => {}, { signal: stop.signal });
    console.log("waits");
    await done;
    await queue.close();
  },
  /** Waits for a queue that it has dropped, and opens it again when it could be collected. */
  async collect() {
    const begin = async () => void (await open()).dequeue();
    await begin();
    const collect = collector();
    for (let round = 1; round <= 10; round++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      collect();
    }
    console.log(await open().then(() => "the lock was lost", codeOf));
    process.exit();
  },
  /** Awaits what does not hold it. */
  async await() {
    await (await open()).process(() => {}, { ref: false });
  },
};

await COMMANDS[what]();
console.log("end");
