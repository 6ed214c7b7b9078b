/**
 * What programs see and what the disk holds, kept apart.
 *
 * A file has visible bytes, durable bytes, and the writes and truncations since
 * the last successful sync; a directory has the same of its names. A sync of a
 * file makes that file's bytes durable and nothing else; a sync of a directory
 * its names.
 *
 * @module
 */

/** A change of a file's bytes. */
export type DataChange =
  | {
    readonly kind: "write";
    readonly offset: number;
    readonly bytes: Uint8Array;
  }
  | { readonly kind: "truncate"; readonly size: number };

/** Bytes that change; copied before the first change behind a snapshot. */
export class Contents {
  #bytes: Uint8Array;
  #size: number;
  #owned = false;
  #snapshot: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#size = bytes.length;
  }

  get size(): number {
    return this.#size;
  }

  /** The bytes, which no later change reaches; the same array until there is one. */
  snapshot(): Uint8Array {
    this.#owned = false;
    return this.#snapshot ??= this.#bytes.subarray(0, this.#size);
  }

  /** Copies bytes from `offset` on; returns how many there were. */
  read(buffer: Uint8Array, offset: number): number {
    const end = Math.min(this.#size, offset + buffer.length);
    const found = this.#bytes.subarray(offset, Math.max(offset, end));
    buffer.set(found);
    return found.length;
  }

  apply(change: DataChange): void {
    this.#snapshot = undefined;
    if (change.kind === "write") {
      const { offset, bytes } = change;
      this.#own(offset + bytes.length);
      this.#bytes.set(bytes, offset);
      this.#size = Math.max(this.#size, offset + bytes.length);
    } else {
      this.#own(change.size);
      this.#bytes.fill(0, change.size);
      this.#size = change.size;
    }
  }

  #own(size: number): void {
    if (this.#owned && size <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(size, this.#size * 2, 64));
    bytes.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = bytes;
    this.#owned = true;
  }
}

/**
 * How a sync that fails leaves things. As on Linux, every other descriptor of the
 * file that is open at that time reports the failure at its next sync, once.
 *
 * - `F0`: nothing became durable, and a later sync can still do it.
 * - `F1`: what is visible stays, the disk has the old bytes, and later syncs
 *   report success without writing them; the new size may reach the disk, and
 *   does with the next sync.
 * - `F2`: what is visible goes back to what the disk has.
 * - `F3`: as `F0`, and the file system is read-only from then on: syncs fail too.
 * - `F4`: as `F1`, but this sync reports success, and the next one fails.
 * - `F5`: as `F1`, and nothing that is written later behind the old end of this
 *   file reaches the disk, but zeros, though syncs succeed: ext4 does so where the
 *   first writeback of a block failed. A truncation frees the blocks.
 * - `F6`: everything became durable, and the failure is reported all the same.
 */
export type SyncFailure = "F0" | "F1" | "F2" | "F3" | "F4" | "F5" | "F6";

/** A file. */
export class SimulatedFile {
  readonly kind = "file";
  visible: Contents;
  durable: Contents;
  pending: DataChange[] = [];
  /** Whether the next sync reports the failure of the one before (`F4`). */
  failsLate = false;
  /** How many syncs have failed: each open descriptor reports a failure once. */
  failures = 0;
  /** From here on the blocks stay unwritten, whatever is written to them (`F5`). */
  lostFrom: number = Infinity;

  constructor(bytes: Uint8Array) {
    this.visible = new Contents(bytes);
    this.durable = new Contents(bytes);
  }

  apply(change: DataChange): void {
    this.visible.apply(change);
    if (change.kind === "truncate") {
      if (change.size <= this.lostFrom) this.lostFrom = Infinity;
      this.pending.push(change);
    } else this.pending.push(reaching(change, this.lostFrom));
  }

  sync(): void {
    for (const change of this.pending) this.durable.apply(change);
    this.pending = [];
  }

  failSync(how: SyncFailure): void {
    if (how !== "F4") this.failures++;
    if (how === "F6") this.sync();
    else if (how === "F2") {
      this.visible = new Contents(this.durable.snapshot());
      this.pending = [];
    } else if (how === "F1" || how === "F4" || how === "F5") {
      if (how === "F5") {
        this.lostFrom = Math.min(this.lostFrom, this.durable.size);
      }
      this.pending = this.pending.filter(({ kind }) => kind === "truncate");
      this.pending.push({ kind: "truncate", size: this.visible.size });
    }
  }

  clone(): SimulatedFile {
    const file = new SimulatedFile(new Uint8Array(0));
    file.visible = new Contents(this.visible.snapshot());
    file.durable = new Contents(this.durable.snapshot());
    file.pending = [...this.pending];
    file.failsLate = this.failsLate;
    file.lostFrom = this.lostFrom;
    return file;
  }
}

/** What a write is for the disk, where the blocks from `lostFrom` on stay unwritten. */
function reaching(change: DataChange, lostFrom: number): DataChange {
  if (change.kind === "truncate") return change;
  const { offset, bytes } = change;
  if (offset + bytes.length <= lostFrom) return change;
  const reached = bytes.slice();
  reached.fill(0, Math.max(0, lostFrom - offset));
  return { ...change, bytes: reached };
}

/** What a name leads to. */
export type SimulatedNode = SimulatedFile | SimulatedDirectory;

/** A name given or taken away; a rename is one of each. */
export interface NameChange {
  /** Its place among all changes of names. */
  readonly order: number;
  readonly directory: SimulatedDirectory;
  readonly name: string;
  /** What the name leads to; `undefined` if it is taken away. */
  readonly node: SimulatedNode | undefined;
  /** In a rename, where the name given was before. */
  readonly from: SimulatedDirectory | undefined;
  /** In a rename, the name given: the old one goes only with it. */
  readonly with: NameChange | undefined;
}

/** A directory. */
export class SimulatedDirectory {
  readonly kind = "directory";
  visible: Map<string, SimulatedNode> = new Map();
  durable: Map<string, SimulatedNode> = new Map();
  pending: NameChange[] = [];
  /** Whether the next sync reports the failure of the one before (`F4`). */
  failsLate = false;

  sync(): void {
    this.#promote(() => true);
  }

  failSync(how: SyncFailure): void {
    if (how === "F6") this.sync();
    else if (how !== "F0" && how !== "F3") {
      // The file that was to come from another directory is still there.
      for (const given of this.pending) {
        if (given.from) given.from.#keep(given, how);
      }
      if (how === "F2") this.visible = new Map(this.durable);
      this.pending = [];
    }
  }

  /** Makes changes durable that are pending. */
  #promote(isDue: (change: NameChange) => boolean): void {
    const due = this.pending.filter(isDue);
    this.pending = this.pending.filter((change) => !isDue(change));
    for (const { name, node, with: given } of due) {
      // A file system journals both sides of a rename together.
      if (given) given.directory.#promoteUpTo(given);
      setName(this.durable, name, node);
    }
  }

  #promoteUpTo({ name, order }: NameChange): void {
    this.#promote((other) => other.name === name && other.order <= order);
  }

  /** Takes no name away for one that was not given. */
  #keep(given: NameChange, how: SyncFailure): void {
    for (const { name, with: other } of this.pending) {
      if (other !== given || how !== "F2") continue;
      setName(this.visible, name, given.node);
    }
    this.pending = this.pending.filter((change) => change.with !== given);
  }
}

/** Gives a name, or takes it away. */
export function setName(
  names: Map<string, SimulatedNode>,
  name: string,
  node: SimulatedNode | undefined,
): void {
  if (node === undefined) names.delete(name);
  else names.set(name, node);
}

/** A copy of a directory with all that is below it, visible, durable or pending. */
export function cloneTree(root: SimulatedDirectory): SimulatedDirectory {
  const nodes = new Map<SimulatedNode, SimulatedNode>();
  const changes = new Map<NameChange, NameChange>();
  const copyNode = (node: SimulatedNode): SimulatedNode => {
    const known = nodes.get(node);
    if (known) return known;
    if (node.kind === "file") {
      const file = node.clone();
      nodes.set(node, file);
      return file;
    }
    return copyDirectory(node);
  };
  const copyChange = (change: NameChange): NameChange => {
    const known = changes.get(change);
    if (known) return known;
    const copy: NameChange = {
      order: change.order,
      directory: copyDirectory(change.directory),
      name: change.name,
      node: change.node && copyNode(change.node),
      from: change.from && copyDirectory(change.from),
      with: change.with && copyChange(change.with),
    };
    changes.set(change, copy);
    return copy;
  };
  const copyDirectory = (directory: SimulatedDirectory): SimulatedDirectory => {
    const known = nodes.get(directory);
    if (known?.kind === "directory") return known;
    const copy = new SimulatedDirectory();
    nodes.set(directory, copy);
    for (const [name, node] of directory.visible) {
      copy.visible.set(name, copyNode(node));
    }
    for (const [name, node] of directory.durable) {
      copy.durable.set(name, copyNode(node));
    }
    copy.pending = directory.pending.map(copyChange);
    copy.failsLate = directory.failsLate;
    return copy;
  };
  return copyDirectory(root);
}
