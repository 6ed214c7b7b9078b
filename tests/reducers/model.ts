/**
 * A small state in memory that is correct, and can be given a
 * defect: the laboratory must find no difference without one, and the defect with one.
 */

import { checkJson } from "./strict_json.ts";
import type { Follower, Mutation, Opener, Reduce, Subject } from "./subject.ts";

/** How a model deviates from what it must do. */
export interface Defect {
  /** Replaces the reducer. */
  readonly reduce?: ((reduce: Reduce) => Reduce) | undefined;
  /** What is stored of the state that a mutation gave. */
  readonly store?: ((text: string, old: string) => string) | undefined;
  /** What is left of a state when a mutation is refused. */
  readonly refuse?: ((text: string, state: unknown) => string) | undefined;
  /** Whether a batch that is refused keeps the mutations before the refusal. */
  readonly keepsBatch?: boolean | undefined;
  /** What reopening finds. */
  readonly reopen?: ((text: string) => string) | undefined;
  /** Whether anything is stored, as JSON writes it. */
  readonly isLax?: boolean | undefined;
  /** Whether one object is shown all the time. */
  readonly isLive?: boolean | undefined;
  /** Whether drafts stay usable after their reducer has ended. */
  readonly leaks?: boolean | undefined;
}

/** Makes models; without a defect by default. */
export function openModel(defect: Defect = {}): Opener {
  return (initial, reduce) => {
    const text = JSON.stringify(initial);
    return Promise.resolve(
      new ModelSubject(text, defect.reduce?.(reduce) ?? reduce, defect),
    );
  };
}

class ModelSubject implements Subject {
  readonly #reduce: Reduce;
  readonly #defect: Defect;
  #texts: string[];
  #state: unknown;

  constructor(text: string, reduce: Reduce, defect: Defect) {
    this.#texts = [text];
    this.#reduce = reduce;
    this.#defect = defect;
    this.#state = JSON.parse(text);
    this.#show();
  }

  get #text(): string {
    return this.#texts[this.#texts.length - 1];
  }

  get state(): unknown {
    return this.#state;
  }

  snapshot(): unknown {
    return JSON.parse(this.#text);
  }

  async apply(mutations: readonly Mutation[]): Promise<number> {
    const before = this.#texts.length;
    try {
      for (const mutation of copyOf(mutations)) this.#change(mutation);
    } catch (cause) {
      if (!this.#defect.keepsBatch) this.#texts.length = before;
      this.#show();
      throw Object.assign(new Error("Refused", { cause }), {
        code: "REJECTED",
      });
    }
    this.#show();
    return await Promise.resolve(this.#texts.length - 1);
  }

  transact(
    decide: (state: unknown) => readonly Mutation[],
  ): Promise<number> {
    return this.apply(decide(frozen(JSON.parse(this.#text))));
  }

  async createSnapshot(): Promise<void> {}

  async compact(): Promise<void> {}

  async reopen(): Promise<void> {
    const { reopen } = this.#defect;
    if (!reopen) return;
    this.#texts[this.#texts.length - 1] = reopen(this.#text);
    await Promise.resolve(this.#show());
  }

  async follow(): Promise<Follower> {
    const state = () => this.state;
    return await Promise.resolve({
      get state() {
        return state();
      },
      snapshot: () => this.snapshot(),
      catchUp: async () => {},
      close: async () => {},
    });
  }

  async at(sequence: number): Promise<{ readonly state: unknown }> {
    return await Promise.resolve({ state: JSON.parse(this.#texts[sequence]) });
  }

  async close(): Promise<void> {}

  #change(mutation: Mutation): void {
    const { store, refuse, leaks, isLax } = this.#defect;
    const text = this.#text;
    const { draft, end } = drafted(JSON.parse(text));
    try {
      const result = this.#reduce(draft as object, mutation);
      let next = draft;
      if (result !== undefined && result !== draft) {
        if (!isObject(result) || JSON.stringify(draft) !== text) {
          throw new TypeError(
            "The reducer changed the state, and returned one",
          );
        }
        checkJson(draft);
        next = result;
      }
      if (!isLax) checkJson(next);
      const stored = JSON.stringify(next);
      this.#texts.push(store?.(stored, text) ?? stored);
    } catch (error) {
      const last = this.#texts.length - 1;
      if (refuse) this.#texts[last] = refuse(text, draft);
      throw error;
    } finally {
      if (!leaks) end();
    }
  }

  #show(): void {
    if (this.#defect.isLive) {
      const live = this.#state as Record<string, unknown>;
      Object.keys(live).forEach((key) => delete live[key]);
      Object.assign(live, JSON.parse(this.#text));
    } else this.#state = frozen(JSON.parse(this.#text));
  }
}

function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** A state in which every part is a proxy that stands for it until the end. */
function drafted(state: unknown): { draft: unknown; end: () => void } {
  const ends: (() => void)[] = [];
  const draftOf = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const part = value as Record<string, unknown>;
    for (const key of Object.keys(part)) part[key] = draftOf(part[key]);
    const { proxy, revoke } = Proxy.revocable(part, {});
    ends.push(revoke);
    return proxy;
  };
  return { draft: draftOf(state), end: () => ends.forEach((end) => end()) };
}

function frozen(value: unknown): unknown {
  if (!isObject(value)) return value;
  Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
