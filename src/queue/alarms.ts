/**
 * Everything that waits for a time, behind one timer.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { Heap } from "./heap.ts";

/**
 * The longest a timer runs, in milliseconds. A timer does not see the clock being
 * set, nor does it run while a computer sleeps: then an alarm is late by this at
 * most.
 */
export const LONGEST_TIMER = 60_000;

/** How many alarms may be given up before they are swept out. */
const FEW = 64;

interface Alarm {
  /** What to do; `undefined` if it was given up, or is done. */
  run: (() => void) | undefined;
  /** Whether it is waiting for its time. */
  isWaiting: boolean;
}

/** Calls back at times of a clock, by one timer, which runs only while there is an alarm. */
export class Alarms {
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #alarms = new Heap<Alarm>();
  #givenUp = 0;
  #isClosed = false;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  /**
   * @param clock Runs the timer.
   * @param now The time that counts.
   */
  constructor(clock: Clock, now: () => number) {
    this.#clock = clock;
    this.#now = now;
  }

  /** Calls `run` when the clock shows `time`, or soon afterwards; what is returned gives it up. */
  set(time: number, run: () => void): () => void {
    if (this.#isClosed) return () => {};
    const alarm: Alarm = { run, isWaiting: true };
    this.#alarms.push(time, alarm);
    this.#arm();
    return () => {
      if (alarm.run === undefined || this.#isClosed) return;
      alarm.run = undefined;
      if (!alarm.isWaiting) return;
      this.#givenUp++;
      this.#arm();
    };
  }

  /** The clock was set by this many milliseconds: what waits goes on waiting for as long as before. */
  shift(time: number): void {
    this.#alarms.shift(time);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#arm();
  }

  /** Gives up all alarms, and takes no more. */
  close(): void {
    this.#isClosed = true;
    this.#alarms.clear();
    this.#givenUp = 0;
    this.#arm();
  }

  /** Removes alarms that were given up: at the front at once, others when there are many. */
  #sweep(): void {
    while (this.#alarms.first && this.#alarms.first.run === undefined) {
      this.#alarms.pop();
      this.#givenUp--;
    }
    if (this.#givenUp <= FEW || this.#givenUp * 2 < this.#alarms.size) return;
    this.#alarms.keep(({ run }) => run !== undefined);
    this.#givenUp = 0;
  }

  #arm(): void {
    const now = this.#now(); // first: if the clock was set, this comes back here
    this.#sweep();
    const at = this.#alarms.least;
    // One that is early enough may stay: it looks again.
    if (this.#timer && this.#timer.at <= at && at < Infinity) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (at === Infinity) return;
    const delay = Math.min(Math.max(at - now, 0), LONGEST_TIMER);
    const cancel = this.#clock.setTimer(() => {
      this.#timer = undefined;
      this.#ring();
    }, delay);
    this.#timer = { at, cancel };
  }

  #ring(): void {
    const now = this.#now();
    const due: Alarm[] = [];
    while (this.#alarms.least <= now) {
      const alarm = this.#alarms.pop();
      if (!alarm) break;
      if (alarm.run === undefined) this.#givenUp--;
      alarm.isWaiting = false;
      due.push(alarm);
    }
    // What they set has its turn later, also if the clock was set back meanwhile.
    for (const alarm of due) {
      const { run } = alarm;
      alarm.run = undefined;
      run?.();
    }
    this.#arm();
  }
}
