/** The adapters that run on the runtime that runs the tests. */

import {
  defaultFileSystem,
  type FileSystem,
  MemoryFileSystem,
} from "../../mod.ts";
import { NodeFileSystem } from "../../src/adapters/node.ts";
import { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { runtime, withDirectory } from "./harness.ts";

/** An adapter under test. */
export interface Adapter {
  readonly name: string;
  /** Whether it stands on the operating system. */
  readonly onDisk: boolean;
  /** Runs `use` with the file system and an empty directory of it. */
  with<T>(
    use: (fileSystem: FileSystem, directory: string) => Promise<T>,
  ): Promise<T>;
}

const native = await defaultFileSystem();

/** The native adapter of this runtime, on a directory of its own. */
export const onDisk: Adapter = {
  name: runtime,
  onDisk: true,
  with: (use) => withDirectory((directory) => use(native, directory)),
};

/** An adapter in memory. */
function inMemory(name: string, make: () => FileSystem): Adapter {
  return {
    name,
    onDisk: false,
    with: async (use) => {
      const fileSystem = make();
      await fileSystem.mkdir("/tmp/durable");
      return await use(fileSystem, "/tmp/durable");
    },
  };
}

/** Every adapter that runs here; `node:fs` does on all three. */
export const adapters: readonly Adapter[] = [
  onDisk,
  ...(runtime === "node" ? [] : [
    {
      name: "node",
      onDisk: true,
      with: (use) =>
        withDirectory((directory) => use(new NodeFileSystem(), directory)),
    } satisfies Adapter,
  ]),
  inMemory("memory", () => new MemoryFileSystem()),
  inMemory("simulated", () => new SimulatedFileSystem()),
];
