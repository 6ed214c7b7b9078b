/** A file system in memory that counts its calls, without making them slower. */

import {
  type FileHandle,
  type FileOpenOptions,
  MemoryFileSystem,
} from "../../mod.ts";
import { type Files, filesOf } from "../support/journals.ts";
import { sameBytes } from "./lineage.ts";

/** More calls than any journal of the fuzzer needs: what needs more hangs. */
const CALLS = 4000;

/** Fails when too many calls were made, and knows whether anything was changed. */
export class WatchedFileSystem extends MemoryFileSystem {
  #calls = 0;
  #isTouched = false;

  /** A file system that holds some files. */
  static async load(files: Files): Promise<WatchedFileSystem> {
    const fileSystem = new WatchedFileSystem();
    for (const [name, bytes] of files) {
      const handle = await fileSystem.open(name, { mode: "create" });
      await handle.write(bytes, 0);
      await handle.close();
    }
    fileSystem.#isTouched = false;
    return fileSystem;
  }

  /** The name of a file that differs from some others; `undefined` if none does. */
  async changedFrom(files: Files): Promise<string | undefined> {
    if (!this.#isTouched) return undefined;
    const now = await filesOf(this);
    return [...new Set([...now.keys(), ...files.keys()])].find((name) => {
      const [a, b] = [now.get(name), files.get(name)];
      return a === undefined || b === undefined || !sameBytes(a, b);
    });
  }

  override async open(
    path: string,
    options: FileOpenOptions,
  ): Promise<FileHandle> {
    this.#count(options.mode !== "read");
    const handle = await super.open(path, options);
    const { read, size } = handle;
    handle.read = (buffer, offset) => {
      this.#count(false);
      return read.call(handle, buffer, offset);
    };
    handle.size = () => {
      this.#count(false);
      return size.call(handle);
    };
    return handle;
  }

  override rename(from: string, to: string): Promise<void> {
    this.#count(true);
    return super.rename(from, to);
  }

  override remove(path: string): Promise<void> {
    this.#count(true);
    return super.remove(path);
  }

  override readDir(path: string): Promise<string[]> {
    this.#count(false);
    return super.readDir(path);
  }

  #count(isChange: boolean): void {
    if (isChange) this.#isTouched = true;
    if (++this.#calls > CALLS) {
      throw new Error("The budget of calls is used up");
    }
  }
}
