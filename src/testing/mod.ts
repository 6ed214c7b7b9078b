/**
 * Tools to test that a program loses nothing when the power fails: a simulated
 * file system that knows what is on its disk, with faults to inject, and a test
 * that cuts the power at every step.
 *
 * @example A log, its power cut at every call
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { MiniStore } from "@mini-ts/durable";
 * import { testCrashes } from "@mini-ts/durable/testing";
 *
 * const { states } = await testCrashes<number>({
 *   async run(fileSystem, watch) {
 *     let acknowledged = 0;
 *     watch(() => acknowledged);
 *     const store = await MiniStore.open<string>("a.jsonl", { fileSystem });
 *     acknowledged = await store.append("first");
 *     acknowledged = await store.append("second");
 *     await store.close();
 *   },
 *   async check(fileSystem, acknowledged) {
 *     await using store = await MiniStore.open("a.jsonl", { fileSystem });
 *     assert(store.sequence >= acknowledged);
 *     const records = await MiniStore.replay<string>("a.jsonl", { fileSystem });
 *     assertEquals(records, ["first", "second"].slice(0, store.sequence));
 *   },
 *   again: {}, // and a second time, at every step of the recovery
 * });
 * assert(states > 500);
 * ```
 *
 * @module
 */

export {
  type CrashReport,
  type CrashTest,
  CrashTestError,
  testCrashes,
  type Watch,
} from "./crashes.ts";
export type {
  CrashState,
  CrashStateOptions,
  DiskImage,
} from "./crash_states.ts";
export { DATA_MODELS, type DataModel } from "./data_models.ts";
export type { SyncFailure } from "./disk.ts";
export {
  CHANGES,
  type Errno,
  type Fault,
  type Operation,
  type OperationKind,
} from "./faults.ts";
export { FakeClock } from "./fake_clock.ts";
export { NAME_MODELS, type NameModel } from "./name_models.ts";
export {
  type OnOperation,
  SimulatedFileSystem,
  type SimulatedFileSystemOptions,
  StoppedError,
} from "./simulated_file_system.ts";
