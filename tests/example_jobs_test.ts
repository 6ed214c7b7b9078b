import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import process from "node:process";
import { dirname, fromFileUrl, join } from "@std/path";
import { answer } from "../examples/jobs/answer.ts";
import { killAfter } from "../examples/jobs/kill.ts";
import { type Mail, openMails, sendMail } from "../examples/jobs/mails.ts";
import { invoice, openShop, order } from "../examples/jobs/shop.ts";
import { MemoryFileSystem, type Message, MiniQueue } from "../mod.ts";
import { runtime, test, withDirectory } from "./support/harness.ts";
import { commandOf, type Runtime } from "./support/processes.ts";

const root = dirname(dirname(fromFileUrl(import.meta.url)));

/** An example in a process of its own; Deno may touch the directory and nothing else. */
class Example {
  readonly ended: Promise<{ status: number | null; output: string }>;
  readonly #kill: (signal: NodeJS.Signals) => void;
  #output = "";
  #heard = () => {};

  constructor(on: Runtime, name: string, directory: string, ...args: string[]) {
    const path = join(root, "examples", name);
    const [file, ...before] = commandOf(on, path, directory);
    const child = spawn(file, [...before, directory, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        this.#output += chunk;
        this.#heard();
      });
    }
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => {
        this.#heard();
        resolve({ status, output: this.#output });
      });
    });
    this.#kill = (signal) => {
      if (child.pid !== undefined) process.kill(child.pid, signal);
    };
  }

  /** The part of what is printed that a pattern finds. */
  async find(pattern: RegExp): Promise<string> {
    let isOver = false;
    this.ended.then(() => isOver = true, () => isOver = true);
    for (;;) {
      const found = pattern.exec(this.#output);
      if (found) return found[1] ?? found[0];
      if (isOver) throw new Error(`${pattern} is not in: ${this.#output}`);
      await new Promise<void>((resolve) => this.#heard = resolve);
    }
  }

  async end(signal: NodeJS.Signals): Promise<string> {
    this.#kill(signal);
    return (await this.ended).output;
  }
}

function post(url: string, body: string, key?: string): Request {
  const headers = new Headers();
  if (key !== undefined) headers.set("Idempotency-Key", key);
  return new Request(url, { method: "POST", body, headers });
}

const mail = (to: string) => JSON.stringify({ to, text: "hello" });

test("answer() accepts a mail once for each Idempotency-Key, and says what is wrong with others", async () => {
  await using queue = await MiniQueue.open<Mail>("mails", {
    fileSystem: new MemoryFileSystem(),
    validate: (value) => {
      if (typeof (value as Mail).to !== "string") throw new Error("no address");
    },
  });
  const url = "http://localhost/jobs";
  const ask = async (request: Request) => {
    const response = await answer(queue, request);
    return [response.status, await response.json()];
  };
  assertEquals(await ask(post(url, mail("a@b"))), [202, { id: "1" }]);
  const repeated = [202, { id: "request-7" }];
  assertEquals(await ask(post(url, mail("c@d"), "7")), repeated);
  assertEquals(await ask(post(url, mail("c@d"), "7")), repeated);
  const statuses: unknown[] = [];
  for (
    const request of [
      post(url, "{"),
      post(url, "{}"),
      post(url, mail("a@b"), "k".repeat(2000)),
      post("http://localhost/", mail("a@b")),
      new Request(url, { method: "DELETE" }),
    ]
  ) statuses.push((await ask(request))[0]);
  assertEquals(statuses, [400, 400, 400, 404, 405]);
  const figures = { ready: 2, delayed: 0, leased: 0, dead: 0 };
  assertEquals(await ask(new Request(url)), [
    200,
    { ...figures, enqueued: 2, sent: 0 },
  ]);
  await queue.close();
  assertEquals((await ask(post(url, mail("a@b"))))[0], 503);
});

test("sendMail() sends again what could not be sent, and gives up what never can", () =>
  withDirectory(async (directory) => {
    await using queue = await openMails(directory);
    await queue.enqueue({ to: "a@b", text: "once" });
    await queue.enqueue({ to: "nobody", text: "never" });
    const sent: string[] = [];
    let isBusy = true;
    const send = ({ text }: Mail) => {
      const [busy] = [isBusy, isBusy = false];
      if (busy) return Promise.reject(new Error("the line is busy"));
      sent.push(text);
      return Promise.resolve();
    };
    const stop = new AbortController();
    const working = queue.process(
      (message: Message<Mail>) => sendMail(message, send),
      { signal: stop.signal },
    );
    await queue.idle();
    stop.abort();
    await working;
    assertEquals(sent, ["once"]);
    const dead = [];
    for await (const { id, reason } of queue.deadLetters.list()) {
      dead.push([id, reason]);
    }
    assertEquals(dead, [["2", `"nobody" is no address`]]);
  }));

test("job_server.ts is killed, and job_worker.ts sends every mail that it had accepted", () =>
  withDirectory(async (directory) => {
    const server = new Example("bun", "job_server.ts", directory, "0");
    const url = await server.find(/^listening on (\S+)$/m);
    const accept = async (body: string, key?: string): Promise<string> => {
      const response = await fetch(post(url, body, key));
      const { id } = await response.json() as { id: string };
      assertEquals(response.status, 202);
      return id;
    };
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, n) => accept(mail(`u${n}@example.org`))),
    );
    ids.push(await accept(mail("twice@example.org"), "42"));
    ids.push(await accept(mail("nobody")));

    const early = new Example("deno", "job_worker.ts", directory);
    const refused = await early.ended;
    assertEquals(refused.status, 1);
    assert(refused.output.startsWith("LOCKED: "), refused.output);
    await server.end("SIGKILL");

    const second = new Example("bun", "job_server.ts", directory, "0");
    const again = await second.find(/^listening on (\S+)$/m);
    const repeated = await fetch(
      post(again, mail("twice@example.org"), "42"),
    );
    assertEquals(await repeated.json(), { id: "request-42" });
    const output = await second.end("SIGKILL");
    assert(output.includes("22 mails wait; who had it open"), output);

    const worker = await new Example("deno", "job_worker.ts", directory).ended;
    assertEquals(worker.status, 0, worker.output);
    const sent = worker.output.matchAll(/^sent (\S+) to \S+, attempt 1$/gm);
    const dead = worker.output.matchAll(/^not sent: (\S+), /gm);
    assertEquals(
      [...sent, ...dead].map(([, id]) => id).sort(),
      [...new Set(ids)].sort(),
    );
    const lines = await readFile(`${directory}/sent.jsonl`, "utf8");
    assertEquals(lines.trimEnd().split("\n").length, 21);
  }));

test("job_server.ts closes the queue when it is told to end", () =>
  withDirectory(async (directory) => {
    const server = new Example("bun", "job_server.ts", directory, "0");
    await server.find(/^listening on (\S+)$/m);
    const output = await server.end("SIGTERM");
    assert(output.endsWith("closed with 0 mails\n"), output);
    await using queue = await openMails(directory);
    assert(queue.recovery.log.closed);
  }));

test("openShop() gives each order one invoice, whatever else is tried", () =>
  withDirectory(async (directory) => {
    await using shop = await openShop(directory);
    await order(shop, "o-1");
    const twice = await order(shop, "o-1").catch(({ code }) => code);
    assertEquals([twice, shop.queue.size], ["REJECTED", 1]);
    const message = await shop.queue.dequeue();
    await invoice(shop, message);
    const again = await invoice(shop, message).catch(({ code }) => code);
    assertEquals(again, "LEASE_LOST");
    assertEquals([shop.state.orders["o-1"], shop.state.invoices], [1, 1]);
  }));

test("killAfter() kills a shop: what was printed is there, and goes on", () =>
  withDirectory(async (directory) => {
    const printed = await killAfter("clerk.ts", directory, ["1"], 60);
    assert(printed.length >= 60, `${printed.length} lines`);
    await using shop = await openShop(directory);
    const { orders, invoices } = shop.state;
    for (const line of printed) {
      const [what, id] = line.split(" ");
      if (what === "order") assert(orders[id] !== undefined, line);
      if (what === "invoice") assert(orders[id] > 0, line);
    }
    const numbers = Object.values(orders).filter((number) => number > 0);
    assertEquals(
      numbers.sort((a, b) => a - b),
      Array.from({ length: invoices }, (_, n) => n + 1),
    );
    assertEquals(shop.queue.size, Object.keys(orders).length - invoices);
  }));

test("outbox.ts finds nothing lost and nothing done twice", () =>
  withDirectory(async (directory) => {
    // On Deno it starts itself, for which it needs more than one directory.
    const on = runtime === "deno" ? "node" : runtime;
    const shop = join(directory, "shop");
    await mkdir(shop);
    const { status, output } = await new Example(on, "outbox.ts", shop).ended;
    assertEquals(status, 0, output);
    assert(output.includes("numbered without a gap"), output);
  }));
