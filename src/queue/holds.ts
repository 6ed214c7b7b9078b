/**
 * What keeps a program alive while a caller waits for its queue.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

/** Queues that a caller waits for: referenced here, for a program that waits may have dropped them. */
const waitedFor = new Set<object>();

/** Holds the program by one hold of the clock, for as long as anything asks for it. */
export class Holds {
  readonly #clock: Required<Clock>;
  readonly #owner: object;
  #count = 0;
  #letGo: () => void = () => {};

  /**
   * @param clock Holds the program.
   * @param owner What is not to be collected in the meantime.
   */
  constructor(clock: Required<Clock>, owner: object) {
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Holds the program until what is returned is called; harmless afterwards. */
  take(): () => void {
    if (this.#count++ === 0) {
      waitedFor.add(this.#owner);
      this.#letGo = this.#clock.hold();
    }
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      if (--this.#count > 0) return;
      waitedFor.delete(this.#owner);
      this.#letGo();
    };
  }
}
