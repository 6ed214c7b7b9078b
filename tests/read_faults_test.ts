import { assert, assertEquals } from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";

/** Three segments, and a torn tail in the newest. */
async function torn(): Promise<MemoryFileSystem> {
  const inner = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem: inner });
  for (let n = 1; n <= 3; n++) {
    await store.append(n);
    if (n < 3) await store.rotate();
  }
  await store.close();
  const file = await inner.open("a", { mode: "write" });
  await file.write(new TextEncoder().encode("torn"), await file.size());
  return inner;
}

const USES: Record<string, (fileSystem: FaultyFileSystem) => Promise<void>> = {
  open: async (fileSystem) =>
    (await MiniStore.open("a", { fileSystem })).close(),
  replay: async (fileSystem) =>
    void await MiniStore.replay("a", { fileSystem }),
  verify: async (fileSystem) =>
    void await MiniStore.verify("a", { fileSystem }),
};

for (const [name, use] of Object.entries(USES)) {
  test(`MiniStore.${name}() lets go of every file and of the lock, whichever call fails`, async () => {
    for (let at = 1;; at++) {
      const inner = await torn();
      const fileSystem = new FaultyFileSystem(inner);
      let opened = 0;
      let failed = false;
      fileSystem.onCall = ({ number, kind }) => {
        if (number === at && kind !== "close") {
          failed = true;
          throw new DurableError("IO", "Injected");
        }
        if (kind.startsWith("open-") || kind === "create") opened++;
      };
      const outcome = await use(fileSystem).catch((error) => error);
      const closed = fileSystem.calls.filter(({ kind }) => kind === "close");
      assert(
        closed.length >= opened,
        `call ${at}: ${opened - closed.length} files left open`,
      );
      if (failed && outcome !== undefined) {
        assert(outcome instanceof DurableError, `call ${at}: ${outcome}`);
        assert(
          ["IO", "FAILED"].includes(outcome.code),
          `call ${at}: ${outcome.message}`,
        );
      }
      const store = await MiniStore.open("a", { fileSystem: inner });
      assertEquals(store.sequence, 3, `call ${at}`);
      await store.close();
      assertEquals(await MiniStore.replay("a", { fileSystem: inner }), [
        1,
        2,
        3,
      ]);
      if (at > fileSystem.calls.length) {
        assert(at > 20, `${at} calls`);
        break;
      }
    }
  });
}
