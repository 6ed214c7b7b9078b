/** A disk whose syncs take time by the clock of the queue, so that leases can end while one is running. */

import type { FakeClock, SimulatedFileSystem } from "../../src/testing/mod.ts";

/** So many slow syncs are more than a test needs: a queue that goes round in circles is stopped. */
const MOST = 10_000;
/** In how many pieces the time of a sync passes. */
const PIECES = 4;
/** Turns of the microtask queue within which everything has settled that waits for promises only. */
const TURNS = 60;

/** Makes the syncs of a file system slow. */
export class SlowDisk {
  /** How long the next sync takes, in milliseconds. */
  nextSync: () => number = () => 0;
  /** How long a sync is running that has not ended; `undefined` for none. */
  syncing: number | undefined;
  #left: number;
  #syncs = 0;

  constructor(
    fileSystem: SimulatedFileSystem,
    clock: FakeClock,
    most: number = MOST,
  ) {
    this.#left = most;
    fileSystem.onOperation = ({ kind }) => {
      if (kind === "dataSync") this.#syncs++;
      const time = kind === "dataSync" ? this.nextSync() : 0;
      if (time > 0 && --this.#left < 0) throw new Error("too many syncs");
      if (time > 0) return this.#pass(clock, time);
    };
  }

  /** Every sync takes so long from here on. */
  takes(time: number): void {
    this.nextSync = () => time;
  }

  /** The next sync takes so long, and those after it no time. */
  stallsOnce(time: number): void {
    this.nextSync = () => {
      this.takes(0);
      return time;
    };
  }

  /** Lets everything go on until no sync is running, nor has just ended. */
  async quiet(): Promise<void> {
    for (
      let before = -1;
      before !== this.#syncs || this.syncing !== undefined;
    ) {
      before = this.#syncs;
      await settle();
    }
  }

  /** Waits until a sync has been running for so long; a multiple of a quarter of its time. */
  async reaches(time: number): Promise<void> {
    for (let turn = 0; this.syncing !== time; turn++) {
      if (turn > 100 * TURNS) throw new Error(`No sync runs for ${time} ms`);
      await null;
    }
  }

  /** Lets time pass, piece by piece: what has waited for a piece goes on before the next one. */
  async #pass(clock: FakeClock, time: number): Promise<void> {
    this.syncing = 0;
    for (let piece = 1; piece <= PIECES; piece++) {
      await settle();
      const end = Math.floor(time * piece / PIECES);
      clock.advance(end - this.syncing);
      this.syncing = end;
    }
    await settle();
    this.syncing = undefined;
  }
}

/** Lets everything go on that waits for nothing but other promises, faster than a turn of the event loop does. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await null;
}
