/** What the server answers; any server that speaks in `Request` and `Response` can use it. */

import { DurableError, type MiniQueue } from "@mini-ts/durable";
import type { Mail } from "./mails.ts";

/**
 * Answers a request.
 *
 * - `POST /jobs` with a mail as JSON: 202 and its id, when it is on disk. A request
 *   with an `Idempotency-Key` that was used before gets the same id, and nothing
 *   more is sent.
 * - `GET /jobs`: how many there are.
 */
export async function answer(
  queue: MiniQueue<Mail>,
  request: Request,
): Promise<Response> {
  if (new URL(request.url).pathname !== "/jobs") {
    return refusal(404, "There is /jobs, and nothing else");
  }
  if (request.method === "GET") return Response.json(count(queue));
  if (request.method !== "POST") return refusal(405, "Use GET or POST");
  let mail: Mail;
  try {
    mail = await request.json() as Mail; // the queue looks whether it is one
  } catch {
    return refusal(400, "The body is not JSON");
  }
  const key = request.headers.get("Idempotency-Key");
  try {
    // A prefix, because ids made of digits only are those that the queue gives.
    const id = await queue.enqueue(mail, key ? { id: `request-${key}` } : {});
    return Response.json({ id }, { status: 202 });
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      return refusal(400, error.message); // too long, for one
    }
    if (!(error instanceof DurableError)) throw error;
    // Anything else: the disk fails, or the server ends. The client is to try again.
    const status = error.code === "INVALID_RECORD" ? 400 : 503;
    return refusal(status, error.message);
  }
}

function count(queue: MiniQueue<Mail>): Record<string, number> {
  const { ready, delayed, leased, dead, totals } = queue.stats();
  const { enqueued, acknowledged } = totals;
  return { ready, delayed, leased, dead, enqueued, sent: acknowledged };
}

function refusal(status: number, error: string): Response {
  return Response.json({ error }, { status });
}
