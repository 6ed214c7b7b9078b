/**
 * The port: all that the log, the snapshots, the state and the queue ask of a
 * file system. One adapter per runtime implements it; a program can bring its
 * own.
 *
 * The interfaces are minimal and total: every member works on every adapter,
 * reads and writes name their offset (a handle has no hidden position), and
 * syncs are calls of their own, never implied.
 *
 * Every method rejects with a `DurableError` whose `code` names the reason in
 * the same way on every adapter (`NOT_FOUND`, `EXISTS`, `PERMISSION`,
 * `NO_SPACE`, `READ_ONLY`, `IS_DIRECTORY`, `NOT_DIRECTORY`, `NOT_A_FILE`,
 * `TOO_MANY_FILES`, `IO`) and whose `cause` is what the runtime threw.
 *
 * @module
 */

/** What a file system can promise on this platform. */
export interface FileSystemCapabilities {
  /** Whether {@linkcode FileSystem.syncDir} reaches the disk; where it does not (Windows), it does nothing. */
  readonly syncDir: boolean;
  /** Whether a sync flushes the drive's own cache too; `false` for Bun on macOS. */
  readonly fullFlush: boolean;
}

/** What {@linkcode FileSystem.stat} tells of a path. */
export interface FileInfo {
  /** What stands at the path. A link to a directory is a directory; any other link is `"other"`, as a file that has two names has no single lock. */
  readonly kind: "file" | "directory" | "other";
  /** Size in bytes. */
  readonly size: number;
}

/** What {@linkcode FileHandle.statSync} reports of an open file. */
export interface OpenFileInfo {
  /** Size in bytes. */
  readonly size: number;
  /**
   * Whether the path by which the file was opened still leads to it: not if it was
   * removed, renamed or replaced since. Told by device and inode, or what the
   * platform has for them; always `true` where it has nothing (Deno on Windows).
   */
  readonly atPath: boolean;
}

/** How {@linkcode FileSystem.open} opens a file. */
export interface FileOpenOptions {
  /**
   * `"read"`: the file must exist, and be a regular file or a link to one: a
   * FIFO, whose opening would wait for a writer, a socket and a device are refused
   * before they are opened. `"write"`: to read and write, the file must exist. `"create"`: to read and write a file that must not exist yet.
   */
  readonly mode: "read" | "write" | "create";
}

/**
 * An open file. Whoever opens it closes it.
 *
 * One call at a time: while an asynchronous one is under way, no other may be
 * made on the same handle.
 */
export interface FileHandle extends AsyncDisposable {
  /**
   * Reads from `offset` until `buffer` is full or the file ends.
   *
   * @returns The number of bytes read; fewer than `buffer.length` only at the end of the file.
   */
  read(buffer: Uint8Array, offset: number): Promise<number>;
  /** Writes all of `bytes` at `offset`, or rejects; the length of the file is then unknown. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** {@linkcode FileHandle.write} as a blocking call. */
  writeSync(bytes: Uint8Array, offset: number): void;
  /** Cuts the file, or extends it with zeros, to `size` bytes. */
  truncate(size: number): Promise<void>;
  /** The size of the file in bytes. */
  size(): Promise<number>;
  /** What the file is at this moment; a blocking call that may be made at any time. */
  statSync(): OpenFileInfo;
  /** Makes the bytes written so far durable, with the size needed to read them back (`fdatasync`). */
  dataSync(): Promise<void>;
  /** {@linkcode FileHandle.dataSync} as a blocking call. */
  dataSyncSync(): void;
  /** Makes bytes and metadata durable (`fsync`). */
  sync(): Promise<void>;
  /** Closes the handle; a second call does nothing. Syncs nothing. */
  close(): Promise<void>;
}

/** A path in two parts. */
export interface PathParts {
  /** The directory, `.` if the path names none. */
  readonly dir: string;
  /** The last part. */
  readonly base: string;
}

/** A lock that is held: until it is released or the process ends, whether or not the program still refers to it. */
export interface FileLock extends AsyncDisposable {
  /** Releases it; a second call does nothing. */
  release(): Promise<void>;
}

/** A file system, as far as this package needs one. */
export interface FileSystem {
  /** What is promised on this platform. */
  readonly capabilities: FileSystemCapabilities;
  /** Parts a path at its last separator; which characters separate depends on the system. */
  split(path: string): PathParts;
  /**
   * The same path as one that still leads there when the working directory has
   * changed: from the root, where the system has a working directory. It is called
   * once, when something is opened; links and `..` are left as they are. If the
   * working directory cannot be told, a relative path stays relative.
   */
  resolve(path: string): string;
  /** Opens a file. */
  open(path: string, options: FileOpenOptions): Promise<FileHandle>;
  /**
   * Creates a directory with its missing parents, all durable: each new name is
   * synced in its parent. The deepest directory that is there already may have
   * been made by a call that was cut short, so its name is synced too, where the
   * parent may be read.
   */
  mkdir(path: string): Promise<void>;
  /** Gives `from` the name `to`, in the place of a file that has it. Durable after `syncDir`. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. Durable after `syncDir`. */
  remove(path: string): Promise<void>;
  /** What stands at `path`; `undefined` if nothing does. */
  stat(path: string): Promise<FileInfo | undefined>;
  /** The names in a directory, in no particular order. */
  readDir(path: string): Promise<string[]>;
  /** Makes the names in a directory durable. */
  syncDir(path: string): Promise<void>;
  /**
   * Takes the lock that the file `path` stands for, without waiting.
   *
   * - One holder at a time, in the same process and between processes of any runtime.
   * - The lock ends with its process, however that ends, and never needs cleaning;
   *   while the process lives, only `release` ends it, not the garbage collector.
   * - Rejects with `LOCKED`, naming the holder where it is known, and with
   *   `PERMISSION` if the file cannot be written: what only reads it excludes nobody.
   */
  lock(path: string): Promise<FileLock>;
  /**
   * CRC-32 (the one of zlib and PNG) of `bytes`, continued from `seed`; native
   * where the runtime has it, because it is on the path of every byte.
   */
  crc32(bytes: Uint8Array, seed: number): number;
  /** The time, in milliseconds since 1970; part of names that tell files apart. */
  now(): number;
  /** 32 random bits, for ids; through the port, so that a simulated run can be repeated to the byte. */
  random(): number;
}
