import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  DurableError,
  type FileHandle,
  type FileOpenOptions,
  MemoryFileSystem,
  MiniStore,
} from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";

const injected = () => new DurableError("IO", "Injected");

test("MiniStore.appendSync() does not sync again what could not be synced", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const store = await MiniStore.open<number>("a", { fileSystem });
  let syncs = 0;
  fileSystem.onCall = ({ kind }) => {
    if (kind === "dataSync" && ++syncs === 1) throw injected();
  };
  const failure = assertThrows(() => store.appendSync(1), DurableError);
  assertEquals([failure.code, syncs, store.sequence], ["FAILED", 1, 0]);
  assertStrictEquals(
    await assertRejects(() => store.append(2), DurableError),
    failure,
  );
  await store.close();
});

/** A disk that loses what was written; each descriptor is told of it once, as on Linux. */
class LosingFileSystem extends MemoryFileSystem {
  readonly #handles: FileHandle[] = [];
  #untold = new Set<FileHandle>();
  /** Resolves when a sync that does not block was told. */
  readonly told: Promise<void>;
  #tell = () => {};
  /** Lets that sync go on and fail. */
  release = () => {};
  readonly #released = new Promise<void>((resolve) => this.release = resolve);

  constructor() {
    super();
    this.told = new Promise((resolve) => this.#tell = resolve);
  }

  lose(): void {
    this.#untold = new Set(this.#handles);
  }

  override async open(
    path: string,
    options: FileOpenOptions,
  ): Promise<FileHandle> {
    const handle = await super.open(path, options);
    this.#handles.push(handle);
    handle.dataSync = async () => {
      if (!this.#untold.delete(handle)) return;
      this.#tell();
      await this.#released;
      throw injected();
    };
    handle.dataSyncSync = () => {
      if (this.#untold.delete(handle)) throw injected();
    };
    return handle;
  }
}

test("MiniStore.appendSync() is told of a failure that the sync in flight was told of", async () => {
  const fileSystem = new LosingFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  fileSystem.lose();
  const inFlight = store.append(2);
  await fileSystem.told;
  const failure = assertThrows(() => store.appendSync(3), DurableError);
  fileSystem.release();
  assertStrictEquals(
    await assertRejects(() => inFlight, DurableError),
    failure,
  );
  assertEquals(store.sequence, 1);
  await store.close();
});

test("MiniStore.sequence stays where it was when a sync succeeds behind a failure", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const store = await MiniStore.open<number>("a", { fileSystem });
  let release = () => {};
  const begun = new Promise<void>((resolve) => {
    fileSystem.onCall = ({ kind }) => {
      if (kind !== "dataSync") return;
      resolve();
      return new Promise((resolve) => release = resolve);
    };
  });
  const first = store.append(1);
  await begun;
  let syncs = 0;
  fileSystem.onCall = ({ kind }) => {
    if (kind === "dataSync" && ++syncs === 2) throw injected();
  };
  assertThrows(() => store.appendSync(2), DurableError, "Injected");
  assertEquals(await first, 1);
  release();
  await assertCode(() => store.append(3), "FAILED");
  assertEquals(store.sequence, 1);
  await store.close();
  assertEquals(store.sequence, 1);
});

test("MiniStore.truncateBefore() ends all writing if a segment cannot be removed", async () => {
  for (const failing of ["remove", "syncDir"]) {
    const inner = new MemoryFileSystem();
    const fileSystem = new FaultyFileSystem(inner);
    const store = await MiniStore.open<number>("a", { fileSystem });
    await store.append(1);
    await store.rotate();
    await store.append(2);
    let removing = false;
    fileSystem.onCall = ({ kind }) => {
      removing ||= kind === "remove";
      if (removing && kind === failing) throw injected();
    };
    const failure = await assertCode(() => store.truncateBefore(2), "FAILED");
    fileSystem.onCall = () => {};
    assertStrictEquals(
      await assertRejects(() => store.append(3), DurableError),
      failure,
    );
    await store.close();
    await using again = await MiniStore.open<number>("a", {
      fileSystem: inner,
    });
    assertEquals(again.sequence, 2);
  }
});

test("MiniStore rejects what waits behind a failure, rotations and truncations too", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const store = await MiniStore.open<number>("a", { fileSystem });
  fileSystem.onCall = ({ kind }) => {
    if (kind === "dataSync") throw injected();
  };
  const waiting = [
    store.append(1),
    store.rotate(),
    store.append(2),
    store.truncateBefore(1),
    store.appendAll([3, 4]),
  ];
  // A timer, so that what is never settled fails instead of hanging.
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise((resolve) => timer = setTimeout(resolve, 1000));
  const settled = await Promise.race([Promise.allSettled(waiting), patience]);
  clearTimeout(timer);
  assert(Array.isArray(settled), "something is still waiting");
  const failures = new Set(settled.map(({ reason }) => reason));
  assertEquals(failures.size, 1);
  assertEquals([...failures][0]?.code, "FAILED");
  await store.close();
});
