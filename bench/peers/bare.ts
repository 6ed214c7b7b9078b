/**
 * Loops that write a line and sync it, and do nothing else.
 *
 * @module
 */

import * as fs from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Sample } from "../sample.ts";
import type { AppenderPeer } from "./appender.ts";

const open = promisify(fs.open);
const close = promisify(fs.close);
const fdatasync = promisify(fs.fdatasync);
const write = promisify(fs.write) as (
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => Promise<unknown>;

function line(record: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

/** An asynchronous write, then an asynchronous sync. */
export const asyncLoop: AppenderPeer<unknown> = {
  name: "async write + async fdatasync",
  async open(directory) {
    const fd = await open(join(directory, "bare.jsonl"), "wx");
    let position = 0;
    return {
      async append(record) {
        const bytes = line(record);
        await write(fd, bytes, 0, bytes.length, position);
        position += bytes.length;
        await fdatasync(fd);
      },
      close: () => close(fd),
    };
  },
};

/** A write that blocks, then an asynchronous sync. */
export const mixedLoop: AppenderPeer<unknown> = {
  name: "writeSync + async fdatasync",
  async open(directory) {
    const fd = await open(join(directory, "bare.jsonl"), "wx");
    let position = 0;
    return {
      append(record) {
        position += fs.writeSync(fd, line(record), 0, null, position);
        return fdatasync(fd);
      },
      close: () => close(fd),
    };
  },
};

/** A log that blocks until a record is durable. */
export interface BlockingLoop {
  append(record: Sample): void;
  close(): void;
}

/** A write and a sync, both of which block. */
export function openBlockingLoop(directory: string): BlockingLoop {
  const fd = fs.openSync(join(directory, "blocking.jsonl"), "wx");
  let position = 0;
  return {
    append(record) {
      position += fs.writeSync(fd, line(record), 0, null, position);
      fs.fdatasyncSync(fd);
    },
    close: () => fs.closeSync(fd),
  };
}
