/**
 * Durable bricks for Deno, Bun and Node: what was acknowledged survives a power
 * cut, and stays readable with `cat`.
 *
 * {@linkcode MiniStore} is a write-ahead log, {@linkcode SnapStore} an atomic
 * snapshot, {@linkcode StateManager} typed state in memory on top of both, and
 * {@linkcode MiniQueue} a message queue on top of that.
 *
 * @example Append, and read it back after any crash
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryFileSystem, MiniStore } from "@mini-ts/durable";
 *
 * const fileSystem = new MemoryFileSystem(); // leave it out for real files
 *
 * const store = await MiniStore.open("state/journal.jsonl", { fileSystem });
 * const sequence = await store.append({ Set: { value: 42 } });
 * assertEquals(sequence, 1); // on disk from here on
 * await store.close();
 *
 * assertEquals(await MiniStore.replay("state/journal.jsonl", { fileSystem }), [
 *   { Set: { value: 42 } },
 * ]);
 * ```
 *
 * @module
 */

export { MemoryFileSystem } from "./src/adapters/memory.ts";
export type { Clock } from "./src/clock.ts";
export {
  DurableError,
  type DurableErrorCode,
  type DurableErrorDetails,
} from "./src/errors.ts";
export type {
  FileHandle,
  FileInfo,
  FileLock,
  FileOpenOptions,
  FileSystem,
  FileSystemCapabilities,
  OpenFileInfo,
  PathParts,
} from "./src/file_system.ts";
export type { Backoff, ExponentialBackoff } from "./src/queue/backoff.ts";
export type { DeadLetters } from "./src/queue/dead_letters.ts";
export type {
  ListOptions,
  MessageState,
  QueuedMessage,
  QueueStats,
} from "./src/queue/inspect.ts";
export type { Lease, Message, RetryOptions } from "./src/queue/message.ts";
export { MiniQueue } from "./src/queue/mini_queue.ts";
export type { Totals } from "./src/queue/model.ts";
export type {
  DequeueOptions,
  EnqueueOptions,
  EnqueueRequest,
  QueueOptions,
  WaitOptions,
} from "./src/queue/options.ts";
export {
  Outbox,
  type OutboxCommit,
  type OutboxOptions,
} from "./src/queue/outbox.ts";
export {
  DeadLetter,
  type Handler,
  type ProcessOptions,
  RetryAfter,
} from "./src/queue/work.ts";
export { defaultFileSystem } from "./src/runtime.ts";
export {
  type Snapshot,
  SnapStore,
  type SnapStoreOptions,
} from "./src/snapshot/snap_store.ts";
export type { StateChange, StateListener } from "./src/state/feed.ts";
export { type FollowOptions, StateFollower } from "./src/state/follower.ts";
export {
  type AnyMutatorMap,
  type MutationOf,
  type MutatorMap,
  type MutatorReduce,
  mutators,
  type PayloadsOf,
  type StateOf,
} from "./src/state/mutators.ts";
export type {
  ApplyOptions,
  ChangesOptions,
  Compaction,
  StateManagerOptions,
  StateOptions,
} from "./src/state/options.ts";
export type { StateRecovery } from "./src/state/open_state.ts";
export { StateManager } from "./src/state/state_manager.ts";
export type { Reduce } from "./src/state/tree.ts";
export type { StateDifference, StateReport } from "./src/state/verify.ts";
export type { DeepReadonly } from "./src/state/view.ts";
export type { Codec } from "./src/wal/codec.ts";
export type { CutTail } from "./src/wal/mend.ts";
export { MiniStore, type SequencedRecord } from "./src/wal/mini_store.ts";
export type {
  MiniStoreOptions,
  ReadOptions,
  ReplayOptions,
  StreamOptions,
} from "./src/wal/options.ts";
export type { TornTail } from "./src/wal/reader.ts";
export type { Recovery } from "./src/wal/recovery.ts";
export type {
  SchemaResult,
  StandardSchema,
  Validate,
} from "./src/wal/schema.ts";
export type { VerifyReport } from "./src/wal/verify.ts";
