/**
 * What is tested, behind an interface that a deliberately wrong one has as well.
 */

import {
  MemoryFileSystem,
  Outbox,
  StateManager,
  type StateManagerOptions,
} from "../../mod.ts";

/** A mutation of a session: which program, and its payload. */
export interface Mutation {
  readonly run: number;
  readonly p: unknown;
}

/** How a mutation changes a state. */
export type Reduce = (state: object, mutation: Mutation) => object | void;

/** A state that follows another. */
export interface Follower {
  readonly state: unknown;
  snapshot(): unknown;
  catchUp(): Promise<unknown>;
  close(): Promise<void>;
}

/** A state that mutations are applied to. */
export interface Subject {
  readonly state: unknown;
  snapshot(): unknown;
  /** Applies mutations as one; resolves with the number of the last, if they are counted. */
  apply(mutations: readonly Mutation[]): Promise<number | undefined>;
  /** Applies what is decided on the newest state. */
  transact(
    decide: (state: unknown) => readonly Mutation[],
  ): Promise<number | undefined>;
  createSnapshot(): Promise<unknown>;
  compact(): Promise<unknown>;
  /** Closes the state, and opens it again. */
  reopen(): Promise<void>;
  /** Follows the state; `undefined` if it cannot be followed. */
  follow(): Promise<Follower | undefined>;
  /** The state after a mutation, boxed; `undefined` if the past cannot be read. */
  at(sequence: number): Promise<{ readonly state: unknown } | undefined>;
  close(): Promise<void>;
}

/** Makes a subject with a state in memory. */
export type Opener = (initial: object, reduce: Reduce) => Promise<Subject>;

const DIR = "d";

/** Opens a {@linkcode StateManager}. */
export const openManager: Opener = async (initial, reduce) => {
  const options: StateManagerOptions<object, Mutation> = {
    initial,
    apply: reduce,
    fileSystem: new MemoryFileSystem(),
  };
  return new ManagerSubject(options, await StateManager.open(DIR, options));
};

class ManagerSubject implements Subject {
  readonly #options: StateManagerOptions<object, Mutation>;
  #manager: StateManager<object, Mutation>;

  constructor(
    options: StateManagerOptions<object, Mutation>,
    manager: StateManager<object, Mutation>,
  ) {
    this.#options = options;
    this.#manager = manager;
  }

  get state(): unknown {
    return this.#manager.state;
  }

  snapshot(): unknown {
    return this.#manager.snapshot();
  }

  apply(mutations: readonly Mutation[]): Promise<number> {
    return mutations.length === 1
      ? this.#manager.apply(mutations[0])
      : this.#manager.applyAll(mutations);
  }

  transact(decide: (state: unknown) => readonly Mutation[]): Promise<number> {
    return this.#manager.transact(decide);
  }

  createSnapshot(): Promise<unknown> {
    return this.#manager.createSnapshot();
  }

  compact(): Promise<unknown> {
    return this.#manager.compact();
  }

  async reopen(): Promise<void> {
    await this.#manager.close();
    this.#manager = await StateManager.open(DIR, this.#options);
  }

  async follow(): Promise<Follower> {
    const options = { ...this.#options, interval: Infinity };
    return await StateManager.follow(DIR, options);
  }

  async at(sequence: number): Promise<{ readonly state: unknown }> {
    return { state: await StateManager.at(DIR, sequence, this.#options) };
  }

  close(): Promise<void> {
    return this.#manager.close();
  }
}

/** Opens an {@linkcode Outbox}. */
export const openOutbox: Opener = async (initial, reduce) => {
  const fileSystem = new MemoryFileSystem();
  const open = () =>
    Outbox.open<object, Mutation>(DIR, {
      initial,
      apply: reduce,
      queue: { fileSystem },
    });
  return new OutboxSubject(open, await open());
};

class OutboxSubject implements Subject {
  readonly #open: () => Promise<Outbox<object, Mutation>>;
  #outbox: Outbox<object, Mutation>;

  constructor(
    open: () => Promise<Outbox<object, Mutation>>,
    outbox: Outbox<object, Mutation>,
  ) {
    this.#open = open;
    this.#outbox = outbox;
  }

  get state(): unknown {
    return this.#outbox.state;
  }

  snapshot(): unknown {
    return this.state;
  }

  async apply(mutations: readonly Mutation[]): Promise<undefined> {
    await this.#outbox.commit({ apply: mutations });
  }

  async transact(
    decide: (state: unknown) => readonly Mutation[],
  ): Promise<undefined> {
    await this.#outbox.transact((state) => ({ apply: decide(state) }));
  }

  async createSnapshot(): Promise<void> {}

  compact(): Promise<unknown> {
    return this.#outbox.queue.compact();
  }

  async reopen(): Promise<void> {
    await this.#outbox.close();
    this.#outbox = await this.#open();
  }

  async follow(): Promise<undefined> {}

  async at(): Promise<undefined> {}

  close(): Promise<void> {
    return this.#outbox.close();
  }
}
