/**
 * A file system that knows what is on the disk and what is not.
 *
 * @module
 */

import { makeDirectory } from "../adapters/mkdir.ts";
import { crc32 } from "../crc32.ts";
import { DurableError, fileSystemError } from "../errors.ts";
import type {
  FileHandle,
  FileInfo,
  FileLock,
  FileOpenOptions,
  FileSystem,
  FileSystemCapabilities,
  PathParts,
} from "../file_system.ts";
import { normalizePath, splitPath } from "../posix_path.ts";
import { type Effects, effectsOf } from "./conflicts.ts";
import {
  type CrashState,
  type CrashStateOptions,
  crashStatesOf,
  type DiskImage,
  fingerprintOf,
  visibleImage,
} from "./crash_states.ts";
import {
  type Fault,
  FaultInjector,
  injected,
  type Operation,
  type OperationKind,
  operationText,
  syncFailureOf,
  syncNode,
} from "./faults.ts";
import type { SimulatedFile } from "./disk.ts";
import { SimulatedFileHandle } from "./file_handle.ts";
import { SeededRandom } from "./random.ts";
import type { Schedule } from "./call_schedule.ts";
import { errno, SimulatedTree } from "./tree.ts";

/** How a {@linkcode SimulatedFileSystem} begins. */
export interface SimulatedFileSystemOptions {
  /** What the disk holds. @default nothing */
  readonly image?: DiskImage | undefined;
  /** Seed of {@linkcode SimulatedFileSystem.random}. @default 1 */
  readonly seed?: number | undefined;
  /** The time when it begins, in milliseconds since 1970. @default 1577836800000, the year 2020 */
  readonly time?: number | undefined;
}

/** The program that used the file system has ended, by {@linkcode SimulatedFileSystem.stop} or a restart. */
export class StoppedError extends Error {
  /** Always `"StoppedError"`. */
  override readonly name = "StoppedError";
}

/**
 * What happens in front of a call: nothing, a failure (thrown), a wait (a
 * promise, for calls that do not block).
 */
export type OnOperation = (operation: Operation) => void | Promise<void>;

/**
 * A file system in memory that knows which bytes and names are on its disk, and
 * which a power cut would take: to test a program that must not lose data.
 *
 * - A sync of a file makes that file's bytes durable and nothing else; a sync of
 *   a directory its names.
 * - {@linkcode SimulatedFileSystem.crashStates} yields the disks that a power cut
 *   can leave at this moment; a new file system begins with one as its `image`.
 * - {@linkcode SimulatedFileSystem.inject} makes calls fail, syncs included, in
 *   the ways that file systems fail.
 * - Nothing depends on anything but the calls: time is virtual and moves by a
 *   millisecond at each call, and a seed gives the random bits.
 * - A call is carried out when it is made, and its promise settles next. That is
 *   the kindest of all orders: to a program that forgets to await a call it shows
 *   nothing. {@linkcode testCrashes} tries the others.
 * - Every call is recorded, and prints as a list.
 *
 * @example What a power cut leaves of a file that was not synced
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { SimulatedFileSystem } from "@mini-ts/durable/testing";
 *
 * const fileSystem = new SimulatedFileSystem();
 * const file = await fileSystem.open("a", { mode: "create" });
 * await file.write(new TextEncoder().encode("hello"), 0);
 * await file.close();
 *
 * const texts = new Set<string | undefined>();
 * for (const { image } of fileSystem.crashStates()) {
 *   const bytes = image.files.get("a");
 *   texts.add(bytes && new TextDecoder().decode(bytes));
 * }
 * assert(texts.has(undefined)); // the name is lost
 * assert(texts.has("")); // the bytes are
 * assert(texts.has("hel")); // some of them
 * assert(texts.has("\0\0\0\0\0")); // zeros in their place
 * assert(texts.has("hello"));
 *
 * await fileSystem.syncDir("."); // the name is durable, the bytes are not
 * const names = [...fileSystem.crashStates()].map(({ image }) => image.files.size);
 * assertEquals(Math.min(...names), 1);
 * ```
 */
export class SimulatedFileSystem implements FileSystem {
  /** Everything is promised. */
  readonly capabilities: FileSystemCapabilities = {
    syncDir: true,
    fullFlush: true,
  };
  /** All calls that were made. */
  readonly operations: Operation[] = [];
  /** What happens in front of a call; the call has not taken effect yet. */
  onOperation: OnOperation = () => {};
  #tree = new SimulatedTree();
  readonly #random: SeededRandom;
  readonly #faults = new FaultInjector();
  readonly #locks = new Set<string>();
  #time: number;
  #program = 0;
  #stopped = false;
  #readOnly = false;

  /**
   * Makes a file system; all that its image holds is durable.
   *
   * @param options What the disk holds, the seed, and the time.
   */
  constructor(options: SimulatedFileSystemOptions = {}) {
    this.#random = new SeededRandom(options.seed ?? 1);
    this.#time = options.time ?? 1577836800000;
    if (options.image) this.#tree.load(options.image);
  }

  /** The calls as text, a line each. */
  get trace(): string {
    return this.operations.map(operationText).join("\n");
  }

  /** Whether a file system that failed has become read-only (model F3). */
  get readOnly(): boolean {
    return this.#readOnly;
  }

  /** What programs see, whether it is durable or not. */
  get visible(): DiskImage {
    return visibleImage(this.#tree.root);
  }

  /** A number that tells states of the file system apart: what is visible, durable, and pending; continued from `seed`. */
  fingerprint(seed = 0): number {
    return fingerprintOf(this.#tree.root, seed);
  }

  /** The disks that a power cut can leave at this moment, each once. */
  crashStates(options: CrashStateOptions = {}): Generator<CrashState> {
    const { root, stale } = this.#tree;
    return crashStatesOf(root, stale, options);
  }

  /** Makes calls fail. */
  inject(fault: Fault): void {
    this.#faults.add(fault);
  }

  /** Stops the program: every call from here on, on every handle, throws {@linkcode StoppedError}. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Ends the program, as `kill -9` does, and begins another one: its handles and
   * locks are gone, and what it wrote is still visible, durable or not.
   */
  restart(): void {
    this.#stopped = false;
    this.#program++;
    this.#locks.clear();
  }

  /**
   * A copy as another program finds it after `kill -9`: what is visible, what is
   * durable and what is pending are the same; locks, faults and records are gone.
   *
   * @param seed Seed of its {@linkcode SimulatedFileSystem.random}.
   */
  clone(seed = 1): SimulatedFileSystem {
    const copy = new SimulatedFileSystem({ time: this.#time, seed });
    copy.#tree = this.#tree.clone();
    copy.#readOnly = this.#readOnly;
    return copy;
  }

  /** The virtual time, in milliseconds since 1970. */
  now(): number {
    return this.#time;
  }

  /** Lets virtual time pass. */
  advance(milliseconds: number): void {
    this.#time += milliseconds;
  }

  /** 32 bits that the seed repeats. */
  random(): number {
    return this.#random.bits();
  }

  /** CRC-32 in plain TypeScript. */
  crc32(bytes: Uint8Array, seed: number): number {
    return crc32(bytes, seed);
  }

  /** Parts a path at its last slash. */
  split(path: string): PathParts {
    return splitPath(path);
  }

  /** Opens a file. */
  open(path: string, { mode }: FileOpenOptions): Promise<FileHandle> {
    const kind = mode === "create" ? "create" : `open-${mode}` as const;
    return this.#perform({ kind, path }, "open", () => {
      const file = this.#tree.open(path, mode);
      const program = this.#program;
      return new SimulatedFileHandle({
        path,
        file,
        writable: mode !== "read",
        perform: (call, action, act) =>
          this.#perform(call, action, act, program, file),
        performSync: (call, action, act) =>
          this.#performSync(call, action, act, program, file),
        forget: (bytes, offset) => this.#tree.forget(bytes, offset),
        sync: (fault) => this.#readOnly ||= syncNode(file, path, fault),
      });
    });
  }

  /** Creates a directory with its missing parents, each durable before the next. */
  mkdir(path: string): Promise<void> {
    return makeDirectory({
      split: splitPath,
      stat: (path) => this.stat(path),
      syncDir: (path) => this.syncDir(path),
      mayRead: () => true,
      make: (path) =>
        this.#perform(
          { kind: "mkdir", path },
          "create the directory",
          () => this.#tree.makeDirectory(path),
        ),
    }, path);
  }

  /** Gives a file another name, in the place of a file that has it. */
  rename(from: string, to: string): Promise<void> {
    return this.#perform(
      { kind: "rename", path: from, to },
      "rename",
      () => this.#tree.rename(from, to),
    );
  }

  /** Removes a file. */
  remove(path: string): Promise<void> {
    return this.#perform(
      { kind: "remove", path },
      "remove",
      () => this.#tree.remove(path),
    );
  }

  /** What stands at a path; `undefined` if nothing does. */
  stat(path: string): Promise<FileInfo | undefined> {
    return this.#perform({ kind: "stat", path }, "stat", () => {
      const node = this.#tree.lookUp(path);
      if (node === undefined) return undefined;
      const size = node.kind === "file" ? node.visible.size : 0;
      return { kind: node.kind, size };
    });
  }

  /** The names in a directory. */
  readDir(path: string): Promise<string[]> {
    return this.#perform(
      { kind: "readDir", path },
      "list",
      () => [...this.#tree.directoryAt(path).visible.keys()],
    );
  }

  /** Makes the names in a directory durable. */
  syncDir(path: string): Promise<void> {
    const operation = { kind: "syncDir", path } as const;
    return this.#perform(operation, "sync the directory", (fault) => {
      const directory = this.#tree.directoryAt(path);
      this.#readOnly ||= syncNode(directory, path, fault);
    });
  }

  /** Takes the lock that `path` stands for, until {@linkcode SimulatedFileSystem.restart}. */
  lock(path: string): Promise<FileLock> {
    return this.#perform({ kind: "lock", path }, "lock", () => {
      const { node } = this.#tree.find(path);
      if (node?.kind === "directory") throw errno("EISDIR");
      const key = normalizePath(path);
      if (this.#locks.has(key)) {
        const message =
          `Cannot lock "${path}": it is held by this process (simulated)`;
        throw new DurableError("LOCKED", message, { path });
      }
      this.#locks.add(key);
      const program = this.#program;
      let held = true;
      const release = () => {
        if (held && program === this.#program) this.#locks.delete(key);
        held = false;
        return Promise.resolve();
      };
      return { release, [Symbol.asyncDispose]: release };
    });
  }

  /** Records a call, lets the hook and the faults have their say, and does it. */
  #perform<T>(
    call: Omit<Operation, "number">,
    action: string,
    act: (fault: Fault | undefined) => T,
    program: number = this.#program,
    file?: SimulatedFile,
  ): Promise<T> {
    try {
      const operation = this.#record(call, program);
      const wait = this.onOperation(operation);
      const schedule = schedules.get(this);
      const go = () => this.#do(operation, action, act, program);
      const enter = () =>
        schedule
          ? schedule.submit(operation, this.#effectsOf(call, file), go)
          : go();
      return wait ? wait.then(enter) : Promise.resolve(enter());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same for a call that blocks. */
  #performSync<T>(
    call: Omit<Operation, "number">,
    action: string,
    act: (fault: Fault | undefined) => T,
    program: number = this.#program,
    file?: SimulatedFile,
  ): T {
    const operation = this.#record(call, program);
    void this.onOperation(operation);
    schedules.get(this)?.block(operation, this.#effectsOf(call, file));
    return this.#do(operation, action, act, program);
  }

  #effectsOf(
    call: Omit<Operation, "number">,
    file: SimulatedFile | undefined,
  ): Effects {
    return effectsOf(call, file, (path) => this.#tree.lookUp(path));
  }

  #record(call: Omit<Operation, "number">, program: number): Operation {
    this.#checkRunning(call.path, program);
    this.#time++;
    const operation: Operation = Object.assign(call, {
      number: this.operations.length + 1,
    });
    this.operations.push(operation);
    return operation;
  }

  #do<T>(
    operation: Operation,
    action: string,
    act: (fault: Fault | undefined) => T,
    program: number,
  ): T {
    const { kind, path } = operation;
    this.#checkRunning(path, program); // a hook may have ended it
    if (this.#readOnly && WRITES.has(kind)) {
      throw injected(action, path, "EROFS");
    }
    const fault = this.#faults.hit(kind);
    operation.fault = fault;
    try {
      if (!fault) return act(undefined);
      if (TAKES_FAULTS.has(kind)) {
        const result = act(fault);
        // A sync that fails late reports success now.
        if (kind !== "write" && syncFailureOf(fault) === "F4") return result;
      } else if (fault.persisted) act(undefined);
    } catch (error) {
      const { code } = error as { code?: string };
      throw fileSystemError(action, path, code, error);
    }
    throw injected(action, path, fault.errno);
  }

  #checkRunning(path: string, program: number): void {
    if (!this.#stopped && program === this.#program) return;
    throw new StoppedError(
      `Cannot use "${path}": the program has been stopped`,
    );
  }
}

const schedules = new WeakMap<SimulatedFileSystem, Schedule>();

/** Lets a schedule say when calls are carried out, in the place of at once. */
export function setSchedule(
  fileSystem: SimulatedFileSystem,
  schedule: Schedule,
): void {
  schedules.set(fileSystem, schedule);
}

/** Calls that a file system refuses that has failed and become read-only: those that write, and syncs. */
const WRITES: ReadonlySet<OperationKind> = new Set<OperationKind>([
  "create",
  "open-write",
  "mkdir",
  "rename",
  "remove",
  "lock",
  "write",
  "truncate",
  "dataSync",
  "sync",
  "syncDir",
]);
/** Calls that say themselves what a fault does to them. */
const TAKES_FAULTS: ReadonlySet<OperationKind> = new Set<OperationKind>([
  "write",
  "dataSync",
  "sync",
  "syncDir",
]);
