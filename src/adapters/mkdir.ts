/**
 * Durable directories, for the adapters that stand on an operating system.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileSystem } from "../file_system.ts";

/** What making a directory needs of a runtime. */
export interface MkdirHost
  extends Pick<FileSystem, "split" | "stat" | "syncDir"> {
  /** Makes one directory. */
  make(path: string): Promise<void>;
  /** Whether the runtime lets the program read a directory, asked without a prompt. */
  mayRead(path: string): boolean;
}

/**
 * Makes a directory with its missing parents, each durable in its parent before
 * the next is made. What is refused is refused before anything is made.
 */
export async function makeDirectory(
  host: MkdirHost,
  path: string,
): Promise<void> {
  const { dir } = host.split(path);
  const info = await host.stat(path);
  if (info?.kind === "directory") {
    // A call that was cut short may have made it and not synced its name.
    if (host.mayRead(dir)) await host.syncDir(dir).catch(unlessRefused);
    return;
  }
  if (!host.mayRead(dir)) {
    throw new DurableError(
      "PERMISSION",
      `Cannot create the directory "${path}": to make it durable, "${dir}" must be readable`,
      { path },
    );
  }
  if (dir !== path) await makeDirectory(host, dir);
  await host.make(path).catch((error: DurableError) => {
    // Another call made it meanwhile; the sync below is as good for it.
    if (error.code !== "EXISTS") throw error;
  });
  if ((await host.stat(path))?.kind !== "directory") {
    throw new DurableError(
      "EXISTS",
      `Cannot create the directory "${path}": it exists already, and is not a directory`,
      { path },
    );
  }
  await host.syncDir(dir);
}

function unlessRefused(error: DurableError): void {
  if (error.code !== "PERMISSION" && error.code !== "READ_ONLY") throw error;
}
