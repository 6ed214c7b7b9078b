/** A queue of texts to test with, and a clock that only the test moves. */

import { assert } from "@std/assert";
import {
  type FileSystem,
  type Lease,
  type Message,
  MiniQueue,
  type QueueOptions,
} from "../../mod.ts";
import { FakeClock, SimulatedFileSystem } from "../../src/testing/mod.ts";

/** The directory of the queue. */
export const DIR = "jobs";
/** Its log. */
export const JOURNAL: string = `${DIR}/queue.jsonl`;
/** What the clock shows at first. */
export const START = 1_000_000_000_000;
/** How long messages are held, unless a test says something else. */
export const LEASE = 100;

/** Options for a queue of texts. */
export type JobOptions = Partial<QueueOptions<string>>;

/** Opens the queue: leases of {@linkcode LEASE}, and no wait before a message is tried again. */
export function openJobs(
  fileSystem: FileSystem,
  clock: FakeClock,
  options: JobOptions = {},
): Promise<MiniQueue<string>> {
  return MiniQueue.open<string>(DIR, {
    fileSystem,
    clock,
    visibilityTimeout: LEASE,
    backoff: 0,
    ...options,
  });
}

/** A queue that can be closed, killed, and opened again. */
export class Jobs {
  readonly fileSystem: SimulatedFileSystem;
  readonly clock: FakeClock;
  /** The queue that is open now. */
  queue: MiniQueue<string>;
  readonly #options: JobOptions;

  private constructor(
    queue: MiniQueue<string>,
    fileSystem: SimulatedFileSystem,
    clock: FakeClock,
    options: JobOptions,
  ) {
    this.queue = queue;
    this.fileSystem = fileSystem;
    this.clock = clock;
    this.#options = options;
  }

  /** Makes a queue. */
  static async open(
    options: JobOptions = {},
    clock: FakeClock = new FakeClock(START),
  ): Promise<Jobs> {
    const fileSystem = new SimulatedFileSystem();
    const queue = await openJobs(fileSystem, clock, options);
    return new Jobs(queue, fileSystem, clock, options);
  }

  /** Closes the queue and opens it again. */
  async reopen(options: JobOptions = {}): Promise<MiniQueue<string>> {
    await this.queue.close();
    return await this.#next(options);
  }

  /** Ends the program as `kill -9` does, and opens the queue in another one. */
  async kill(options: JobOptions = {}): Promise<MiniQueue<string>> {
    this.fileSystem.restart();
    return await this.#next(options);
  }

  /** Enqueues each text. */
  async add(...texts: readonly string[]): Promise<void> {
    await this.queue.enqueueAll(texts.map((payload) => ({ payload })));
  }

  /** Takes the next message, which must be there. */
  take(): Promise<Message<string>> {
    return taken(this.queue);
  }

  /** Takes, and acknowledges, what is ready. */
  drain(): Promise<string[]> {
    return drained(this.queue);
  }

  /** Payloads of the dead letters, with their reasons; what was handed in counts. */
  async dead(): Promise<[payload: string, reason: string | undefined][]> {
    await this.queue.enqueueAll([]); // when all is on disk
    const all = await Array.fromAsync(this.queue.deadLetters.list());
    return all.map(({ payload, reason }) => [payload, reason]);
  }

  async #next(options: JobOptions): Promise<MiniQueue<string>> {
    const { fileSystem, clock } = this;
    const merged = { ...this.#options, ...options };
    return this.queue = await openJobs(fileSystem, clock, merged);
  }
}

/** Takes the next message, which must be there. */
export async function taken(
  queue: MiniQueue<string>,
): Promise<Message<string>> {
  const message = await queue.tryDequeue();
  assert(message, "nothing is ready");
  return message;
}

/** Takes and acknowledges messages until none is ready; gives their payloads. */
export async function drained(queue: MiniQueue<string>): Promise<string[]> {
  const payloads: string[] = [];
  for (;;) {
    const message = await queue.tryDequeue();
    if (!message) return payloads;
    payloads.push(message.payload);
    await message.ack();
  }
}

/** Everything that can be done with a lease. */
export const ACTIONS: Readonly<
  Record<string, (lease: Lease) => Promise<void>>
> = {
  acknowledge: (lease) => lease.ack(),
  retry: (lease) => lease.retry(),
  "retry ": (lease) => lease.release(),
  fail: (lease) => lease.fail("no"),
  extend: (lease) => lease.extend(1000),
};

/** A queue with one message, which was taken. */
export async function held(
  options: JobOptions = {},
): Promise<{ jobs: Jobs; message: Message<string> }> {
  const jobs = await Jobs.open(options);
  await jobs.add("a");
  return { jobs, message: await jobs.take() };
}
