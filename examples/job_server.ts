// deno-lint-ignore-file no-console
/**
 * A server that accepts mails over HTTP, on Bun. A mail that it has answered with
 * 202 is on disk: kill the server however you like, and it will be sent.
 *
 * bun examples/job_server.ts [DIRECTORY [PORT]]
 *
 * curl -d '{"to":"ann@example.org","text":"hello"}' localhost:8080/jobs
 * curl -d '{"to":"bob@example.org","text":"hi"}' -H 'Idempotency-Key: 7f3' localhost:8080/jobs
 * curl localhost:8080/jobs
 *
 * It sends nothing itself: stop it, or kill it, and let `job_worker.ts` do that.
 * What it answers stands in `jobs/answer.ts`.
 */

import process from "node:process";
import { answer } from "./jobs/answer.ts";
import { openMails } from "./jobs/mails.ts";

/** As much of Bun as is used here. */
interface Bun {
  serve(options: {
    readonly hostname: string;
    readonly port: number;
    readonly fetch: (request: Request) => Promise<Response>;
  }): { readonly url: URL; stop(): Promise<void> };
}

const { Bun: bun } = globalThis as { Bun?: Bun };
if (!bun) {
  throw new Error("Cannot serve: start it with bun examples/job_server.ts");
}
const [directory = ".data/jobs", port = "8080"] = process.argv.slice(2);

const queue = await openMails(directory);
const { log, replayed } = queue.recovery;
console.log(
  log.created
    ? `opened ${directory}, which is new`
    : `opened ${directory}: ${replayed} operations replayed, ${queue.size} mails wait${
      log.closed ? "" : "; who had it open before was killed"
    }`,
);
const server = bun.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  fetch: (request) => answer(queue, request),
});

async function stop(): Promise<void> {
  await server.stop(); // those who wait for an answer get it
  await queue.close();
  console.log(`closed with ${queue.size} mails`);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
console.log(`listening on ${server.url.href}jobs`);
