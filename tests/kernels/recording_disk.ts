/**
 * A disk that remembers, in order, what reached it, and fails on request.
 *
 * It is a file served over FUSE by this process, under a loop device, so a real
 * ext4 or XFS is mounted on it and knows no difference. The loop device turns
 * every write of the file system into WRITE requests, and every cache flush (an
 * FUA write too, as a flush behind it) into an FSYNC request, and waits for the
 * answers. Requests are answered one after the other, so the log is the order in
 * which they took effect:
 *
 * 1. What stands in front of a flush was on stable storage when the flush was
 *    answered. Every crash state holds it.
 * 2. What stands behind the last flush was in the drive's volatile cache. A power
 *    cut keeps all of it, none, or any blocks of it; each is a legal state.
 * 3. What the page cache of the mounted file system holds is not in the log, so
 *    it is lost, as in a power cut.
 *
 * A copy of a live image would give the first kind of 2 only, and only with a
 * snapshot that stops the device; the log gives every point in time exactly, and
 * the drive that drops its cache as well.
 *
 * The process must not touch the mount by blocking calls: it would wait for itself.
 *
 * @module
 */

import * as fs from "node:fs";
import { join } from "node:path";
import type { Machine } from "./machine.ts";

/** A write that the disk took, or a flush of its cache. */
export type Entry =
  | { readonly offset: number; readonly bytes: Uint8Array }
  | "flush";

/** Which writes of the volatile cache a power cut keeps: given by position in the log and block. */
export type Keeps = (position: number, block: number) => boolean;

/** The name of an error to answer a request with; `undefined` lets it pass. */
export type Fault = (entry: Entry) => "EIO" | "ENOSPC" | undefined;

/** The unit that a drive writes as a whole or not at all, in bytes. */
const BLOCK = 4096;
const MAX_WRITE = 1 << 20;
const IN_HEADER = 40;
const OUT_HEADER = 16;
const ERRNO = { EIO: 5, ENOSPC: 28, ENOSYS: 38 } as const;
const OP = {
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  FLUSH: 25,
  INIT: 26,
  ACCESS: 34,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
} as const;
const INIT_BIG_WRITES = 1 << 5;
const INIT_MAX_PAGES = 1 << 22;

/** A disk that remembers what it was given. */
export class RecordingDisk {
  /** The file to put a loop device on. */
  readonly file: string;
  /** All that took effect since the disk was served. */
  readonly log: Entry[] = [];
  /** Decides which requests fail; what failed is not in the log, nor on the disk. */
  fault: Fault | undefined;
  readonly #base: string;
  readonly #fuse: number;
  readonly #image: number;
  readonly #size: number;

  private constructor(base: string, file: string, fuse: number, live: string) {
    this.#base = base;
    this.file = file;
    this.#fuse = fuse;
    this.#image = fs.openSync(live, "r+");
    this.#size = fs.fstatSync(this.#image).size;
  }

  /** Serves a copy of the image `base`; the machine takes it down with its scratch folder. */
  static async serve(machine: Machine, base: string): Promise<RecordingDisk> {
    const folder = machine.newFolder("disk");
    const file = join(folder, "served");
    const live = join(folder, "live");
    await machine.copySparse(base, live);
    fs.writeFileSync(file, "");
    const fuse = fs.openSync("/dev/fuse", "r+");
    const disk = new RecordingDisk(base, file, fuse, live);
    let served = Promise.resolve();
    // Behind the umount: until it has seen the end, it may use the descriptors.
    machine.onCleanup(async () => {
      await served;
      fs.closeSync(disk.#image);
      fs.closeSync(fuse);
      fs.rmSync(folder, { recursive: true, force: true });
    });
    // The root of this file system is a regular file, mounted over another.
    await machine.mount(
      ["-i", "-t", "fuse", "-o", "fd=3,rootmode=100000,user_id=0,group_id=0"],
      "recording",
      file,
      fuse,
    );
    served = disk.#serve();
    return disk;
  }

  /** Writes to `target` what a power cut behind `length` entries leaves; entries behind the last flush only where `keeps` says so. */
  async imageAt(
    machine: Machine,
    target: string,
    length: number,
    keeps: Keeps,
  ): Promise<void> {
    await machine.copySparse(this.#base, target);
    const stable = this.log.lastIndexOf("flush", length - 1);
    const fd = fs.openSync(target, "r+");
    try {
      this.log.slice(0, length).forEach((entry, position) => {
        if (entry === "flush") return;
        const { bytes, offset } = entry;
        if (position < stable) {
          return fs.writeSync(fd, bytes, 0, bytes.length, offset);
        }
        for (let from = 0; from < bytes.length; from += BLOCK) {
          if (!keeps(position, from / BLOCK)) continue;
          const part = bytes.subarray(from, from + BLOCK);
          fs.writeSync(fd, part, 0, part.length, offset + from);
        }
      });
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Answers request after request until the mount is gone. */
  async #serve(): Promise<void> {
    const buffer = Buffer.alloc(MAX_WRITE + BLOCK);
    for (;;) {
      const length = await this.#receive(buffer);
      if (length === undefined) return;
      if (length > 0) this.#answer(buffer.subarray(0, length));
    }
  }

  /** The length of the next request; `undefined` if there will be none. */
  #receive(buffer: Buffer): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fuse, buffer, 0, buffer.length, null, (error, length) => {
        if (error === null) resolve(length);
        else if (error.code === "ENODEV") resolve(undefined);
        // The one who asked has given up before the request was read.
        else if (error.code === "ENOENT" || error.code === "EINTR") resolve(0);
        else reject(error);
      });
    });
  }

  #answer(request: Buffer): void {
    const body = this.#handle(
      request.readUInt32LE(4),
      request.subarray(IN_HEADER),
    );
    if (body === "none") return;
    const payload = typeof body === "number" ? Buffer.alloc(0) : body;
    const header = Buffer.alloc(OUT_HEADER);
    header.writeUInt32LE(OUT_HEADER + payload.length, 0);
    header.writeInt32LE(typeof body === "number" ? -body : 0, 4);
    request.copy(header, 8, 8, 16);
    try {
      fs.writevSync(this.#fuse, [header, payload]);
    } catch (error) {
      // ENOENT: the request was given up by the one who made it.
      if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    }
  }

  /** The body of the answer, an errno, or no answer at all. */
  #handle(opcode: number, body: Buffer): Buffer | number | "none" {
    switch (opcode) {
      case OP.INIT:
        return initAnswer(body);
      case OP.GETATTR:
      case OP.SETATTR:
        return this.#attributes();
      case OP.READ:
        return this.#read(
          Number(body.readBigUInt64LE(8)),
          body.readUInt32LE(16),
        );
      case OP.WRITE: {
        const size = body.readUInt32LE(16);
        // The buffer is used again for the next request.
        const bytes = Uint8Array.from(body.subarray(40, 40 + size));
        return this.#take({ offset: Number(body.readBigUInt64LE(8)), bytes });
      }
      case OP.FSYNC:
        return this.#take("flush");
      case OP.OPEN:
        return Buffer.alloc(16);
      case OP.STATFS:
        return Buffer.alloc(80);
      case OP.RELEASE:
      case OP.FLUSH:
      case OP.ACCESS:
      case OP.DESTROY:
        return Buffer.alloc(0);
      case OP.FORGET:
      case OP.BATCH_FORGET:
      case OP.INTERRUPT:
        return "none";
      default:
        return ERRNO.ENOSYS;
    }
  }

  #take(entry: Entry): Buffer | number {
    const errno = this.fault?.(entry);
    if (errno !== undefined) return ERRNO[errno];
    this.log.push(entry);
    if (entry === "flush") return Buffer.alloc(0);
    const { bytes, offset } = entry;
    fs.writeSync(this.#image, bytes, 0, bytes.length, offset);
    const answer = Buffer.alloc(8);
    answer.writeUInt32LE(bytes.length, 0);
    return answer;
  }

  #read(offset: number, size: number): Buffer {
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, fs.readSync(this.#image, bytes, 0, size, offset));
  }

  /** `fuse_attr_out`: valid for ever, a regular file of fixed size. */
  #attributes(): Buffer {
    const out = Buffer.alloc(104);
    out.writeBigUInt64LE(1n << 40n, 0);
    out.writeBigUInt64LE(1n, 16);
    out.writeBigUInt64LE(BigInt(this.#size), 24);
    out.writeBigUInt64LE(BigInt(this.#size / 512), 32);
    out.writeUInt32LE(0o100600, 76);
    out.writeUInt32LE(1, 80);
    out.writeUInt32LE(BLOCK, 96);
    return out;
  }
}

/** `fuse_init_out` of protocol 7.31. */
function initAnswer(request: Buffer): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(7, 0);
  out.writeUInt32LE(31, 4);
  out.writeUInt32LE(request.readUInt32LE(8), 8);
  out.writeUInt32LE(INIT_BIG_WRITES | INIT_MAX_PAGES, 12);
  out.writeUInt16LE(16, 16);
  out.writeUInt16LE(12, 18);
  out.writeUInt32LE(MAX_WRITE, 20);
  out.writeUInt32LE(1, 24);
  out.writeUInt16LE(MAX_WRITE / BLOCK, 28);
  return out;
}
