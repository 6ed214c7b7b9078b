import { assert, assertEquals } from "@std/assert";
import { DurableError } from "../mod.ts";
import { DIR, LOG, openJobs, reopen, turn } from "./support/queues_b.ts";
import { test } from "./support/harness.ts";

const NEW = `${DIR}/snapshot.json.new`;

for (const [name, payload] of [["small", "1"], ["wide", "漢".repeat(200)]]) {
  test(`MiniQueue does not go on with compactions by itself where the snapshot fails (${name} payloads)`, async () => {
    const { fileSystem, queue } = await openJobs<string>({
      snapshotAfter: 10_000,
    });
    const seen = { carried: 0, logged: 0 }; // bytes
    fileSystem.onOperation = ({ kind, path, bytes }) => {
      if (kind === "create" && path === NEW) {
        throw new DurableError("NO_SPACE", "there is no room", { path: NEW });
      }
      if (kind !== "write" || !path.startsWith(LOG) || !bytes) return;
      const isCarried = new TextDecoder().decode(bytes).startsWith('{"carry"');
      seen[isCarried ? "carried" : "logged"] += bytes.length;
    };
    for (let n = 0; n < 6; n++) {
      const request = { payload, delay: 1e9 };
      await queue.enqueueAll(Array.from({ length: 100 }, () => request));
    }
    for (let n = 0; n < 1200; n++) await queue.enqueue("x", { priority: 1 });
    for (;;) {
      const messages = await queue.claim(100);
      if (messages.length === 0) break;
      await Promise.all(messages.map((message) => message.ack()));
    }
    for (let n = 0; n < 100; n++) await turn(); // what is under way may end
    const { carried, logged } = seen;
    for (let n = 0; n < 100; n++) await turn();
    assertEquals(seen.carried, carried, "nothing runs without a write");
    assert(carried <= logged, `${carried} bytes were carried, of ${logged}`);
    await queue.close();
  });
}

test("MiniQueue stays small though each run of the program is short", async () => {
  let jobs = await openJobs<string>({ snapshotAfter: 1000 });
  for (let run = 0; run < 60; run++) {
    await jobs.queue.enqueue("x".repeat(100));
    const message = await jobs.queue.tryDequeue();
    await message?.ack();
    await jobs.queue.close();
    jobs = await reopen(jobs, { snapshotAfter: 1000 });
  }
  const files = [...jobs.fileSystem.visible.files.values()];
  const size = files.reduce((sum, { length }) => sum + length, 0);
  assert(size < 5000, `${size} bytes`);
  await jobs.queue.close();
});
