// deno-lint-ignore-file no-console
/**
 * Sends the mails that `job_server.ts` has accepted, on Deno, which may touch one
 * directory and nothing else. To send is to write a line to `sent.jsonl` here.
 *
 * deno run --no-prompt --import-map=offline/import_map.json \
 *   --allow-read=.data/jobs --allow-write=.data/jobs \
 *   examples/job_worker.ts [DIRECTORY]
 *
 * A queue is open in one process at a time: this runs when the server is down. It
 * ends when there is nothing left to do. Kill it in between, and start it again: a
 * mail that was being sent may be sent twice, and none is forgotten.
 */

import { DurableError, type MiniQueue } from "@mini-ts/durable";
import { appendFile } from "node:fs/promises";
import process from "node:process";
import { type Mail, openMails, sendMail } from "./jobs/mails.ts";

const [directory = ".data/jobs"] = process.argv.slice(2);

async function send(mail: Mail): Promise<void> {
  await appendFile(`${directory}/sent.jsonl`, `${JSON.stringify(mail)}\n`);
}

/** Works until no mail is left but dead letters. */
async function workOff(queue: MiniQueue<Mail>): Promise<void> {
  const stop = new AbortController();
  const working = queue.process(async (message) => {
    await sendMail(message, send);
    const { id, attempts, payload: { to } } = message;
    console.log(`sent ${id} to ${to}, attempt ${attempts}`);
  }, { concurrency: 4, signal: stop.signal });
  const done = queue.idle().then(() => stop.abort());
  await Promise.all([working, done]);
}

try {
  await using queue = await openMails(directory);
  console.log(`opened ${directory}: ${queue.size} mails wait`);
  await workOff(queue);
  for await (const { id, reason } of queue.deadLetters.list()) {
    console.log(`not sent: ${id}, ${reason}`);
  }
  const { acknowledged } = queue.stats().totals;
  console.log(`${acknowledged} mails were sent since the queue was made`);
  await queue.compact(); // what was sent is not kept
} catch (error) {
  if (!(error instanceof DurableError)) throw error;
  // LOCKED: the server is still running, and the message says so.
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
