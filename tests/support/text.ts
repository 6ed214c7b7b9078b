/** Whole files as text and bytes, through the port. */

import type { FileSystem } from "../../mod.ts";

/** Reads a file. */
export async function readBytes(
  fileSystem: FileSystem,
  path: string,
): Promise<Uint8Array> {
  const handle = await fileSystem.open(path, { mode: "read" });
  try {
    const bytes = new Uint8Array(await handle.size());
    await handle.read(bytes, 0);
    return bytes;
  } finally {
    await handle.close();
  }
}

/** Reads a file as text. */
export async function readText(
  fileSystem: FileSystem,
  path: string,
): Promise<string> {
  return new TextDecoder().decode(await readBytes(fileSystem, path));
}

/** Writes a file, in the place of one that is there. */
export async function writeFile(
  fileSystem: FileSystem,
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  if ((await fileSystem.stat(path)) !== undefined) {
    await fileSystem.remove(path);
  }
  const handle = await fileSystem.open(path, { mode: "create" });
  try {
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    await handle.write(bytes, 0);
  } finally {
    await handle.close();
  }
}
