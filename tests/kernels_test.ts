/** How the laboratory of real file systems takes down what it has set up. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { allEnded, unmount } from "./kernels/machine.ts";
import { test } from "./support/harness.ts";

/** A machine on which a file system is busy so many times, and all that it was told. */
function busy(times: number) {
  const calls: string[] = [];
  let left = times;
  return {
    calls,
    run: (file: string, args: readonly string[]) => {
      calls.push([file, ...args].join(" "));
      if (file === "fuser") return Promise.resolve(" 12 34\n");
      if (args[0] !== "--lazy" && left-- > 0) {
        return Promise.reject(new Error(`umount: ${args[0]}: target is busy.`));
      }
      return Promise.resolve("");
    },
    pause: (time: number) => {
      calls.push("pause");
      assert(time > 0);
      return Promise.resolve();
    },
  };
}

test("unmount() tries a busy file system again until it is free", async () => {
  const machine = busy(2);
  assertEquals(await unmount("/m", machine), undefined);
  const umount = "umount /m";
  assertEquals(machine.calls, [umount, "pause", umount, "pause", umount]);
});

test("unmount() unmounts lazily what stays busy, and says who holds it", async () => {
  const machine = busy(Infinity);
  assertEquals(await unmount("/m", machine), "held by processes 12 34");
  const tried = machine.calls.filter((call) => call === "umount /m").length;
  assert(tried > 1 && tried <= 1000, `${tried} tries`);
  assertEquals(machine.calls.slice(-2), ["fuser -m /m", "umount --lazy /m"]);
});

test("unmount() fails at once for another reason", async () => {
  const calls: string[] = [];
  const run = (file: string) => {
    calls.push(file);
    return Promise.reject(new Error("umount: /m: not mounted."));
  };
  await assertRejects(
    () => unmount("/m", { run, pause: () => Promise.resolve() }),
    Error,
    "not mounted",
  );
  assertEquals(calls, ["umount"]);
});

test("allEnded() throws only when all have ended", async () => {
  const slow = Promise.withResolvers<void>();
  const first = new Error("the first");
  let done = false;
  const all = allEnded([Promise.reject(first), slow.promise]).then(
    () => undefined,
    (error) => {
      done = true;
      return error;
    },
  );
  for (let n = 0; n < 20; n++) await Promise.resolve();
  assertEquals(done, false);
  slow.resolve();
  assertEquals(await all, first);
});
