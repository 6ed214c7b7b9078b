/**
 * The tree of directories and files, by path.
 *
 * @module
 */

import { normalizePath } from "../posix_path.ts";
import type { DiskImage } from "./crash_states.ts";
import type { StaleBytes } from "./data_models.ts";
import {
  cloneTree,
  type NameChange,
  setName,
  SimulatedDirectory,
  SimulatedFile,
  type SimulatedNode,
} from "./disk.ts";

/** How many deleted files are remembered, for the model D9. */
const STALE_FILES = 3;

/** Where a path leads. */
interface Place {
  readonly directory: SimulatedDirectory;
  readonly name: string;
  readonly node: SimulatedNode | undefined;
}

/** All directories and files. What fails throws an error with the `code` of the system call. */
export class SimulatedTree {
  readonly root: SimulatedDirectory;
  readonly #parts = new Map<string, readonly string[]>();
  #stale: readonly StaleBytes[] = [];
  #order = 0;

  constructor(root: SimulatedDirectory = new SimulatedDirectory()) {
    this.root = root;
  }

  /** Bytes whose blocks are free. */
  get stale(): readonly StaleBytes[] {
    return this.#stale;
  }

  clone(): SimulatedTree {
    const copy = new SimulatedTree(cloneTree(this.root));
    copy.#stale = this.#stale;
    copy.#order = this.#order;
    return copy;
  }

  /** Puts what an image holds in its place, durable. */
  load({ files, directories }: DiskImage): void {
    for (const path of directories) this.#load(path, new SimulatedDirectory());
    const nodes = new Map<Uint8Array, SimulatedFile>();
    for (const [path, bytes] of files) {
      const node = nodes.get(bytes) ?? new SimulatedFile(bytes);
      nodes.set(bytes, node);
      this.#load(path, node);
    }
  }

  lookUp(path: string): SimulatedNode | undefined {
    return this.#walk(this.#partsOf(path));
  }

  find(path: string): Place {
    const parts = this.#partsOf(path);
    const directory = this.#walk(parts.slice(0, -1));
    if (directory === undefined) throw errno("ENOENT");
    if (directory.kind === "file") throw errno("ENOTDIR");
    const name = parts.at(-1);
    if (name === undefined) return { directory, name: ".", node: directory };
    return { directory, name, node: directory.visible.get(name) };
  }

  open(path: string, mode: "read" | "write" | "create"): SimulatedFile {
    const { directory, name, node } = this.find(path);
    if (mode === "create") {
      if (node) throw errno("EEXIST");
      const file = new SimulatedFile(new Uint8Array(0));
      this.#name(directory, name, file);
      return file;
    }
    if (!node) throw errno("ENOENT");
    if (node.kind === "directory") throw errno("EISDIR");
    return node;
  }

  directoryAt(path: string): SimulatedDirectory {
    const node = this.lookUp(path);
    if (!node) throw errno("ENOENT");
    if (node.kind === "file") throw errno("ENOTDIR");
    return node;
  }

  makeDirectory(path: string): void {
    const { directory, name, node } = this.find(path);
    if (node) throw errno("EEXIST");
    this.#name(directory, name, new SimulatedDirectory());
  }

  rename(from: string, to: string): void {
    const source = this.find(from);
    const target = this.find(to);
    const { directory, name, node } = source;
    if (node?.kind !== "file") throw errno("ENOENT");
    if (target.node?.kind === "directory") throw errno("EISDIR");
    if (node === target.node) return;
    if (target.node) this.forget(target.node.visible.snapshot(), 0);
    const origin = { from: directory };
    const given = this.#name(target.directory, target.name, node, origin);
    this.#name(directory, name, undefined, { with: given });
  }

  remove(path: string): void {
    const { directory, name, node } = this.find(path);
    if (!node) throw errno("ENOENT");
    if (node.kind === "directory") throw errno("EISDIR");
    this.forget(node.visible.snapshot(), 0);
    this.#name(directory, name, undefined);
  }

  /** Remembers bytes whose blocks are free now, and where they stood. */
  forget(bytes: Uint8Array, offset: number): void {
    if (bytes.length === 0) return;
    this.#stale = [{ offset, bytes }, ...this.#stale].slice(0, STALE_FILES);
  }

  /** Gives a name, or takes it away. */
  #name(
    directory: SimulatedDirectory,
    name: string,
    node: SimulatedNode | undefined,
    rename: { from?: SimulatedDirectory; with?: NameChange } = {},
  ): NameChange {
    const order = ++this.#order;
    const { from, with: given } = rename;
    const change = { order, directory, name, node, from, with: given };
    setName(directory.visible, name, node);
    directory.pending.push(change);
    return change;
  }

  #load(path: string, node: SimulatedNode): void {
    const { directory, name } = this.find(path);
    directory.visible.set(name, node);
    directory.durable.set(name, node);
  }

  #walk(parts: readonly string[]): SimulatedNode | undefined {
    let node: SimulatedNode | undefined = this.root;
    for (const part of parts) {
      if (node === undefined) return undefined;
      if (node.kind === "file") throw errno("ENOTDIR");
      node = node.visible.get(part);
    }
    return node;
  }

  /** The names on the way; relative paths begin at the top too. */
  #partsOf(path: string): readonly string[] {
    let parts = this.#parts.get(path);
    if (!parts) {
      parts = normalizePath(path).split("/").filter((part) =>
        part !== "" && part !== "."
      );
      this.#parts.set(path, parts);
    }
    return parts;
  }
}

/** An error as a system call gives it. */
export function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}
