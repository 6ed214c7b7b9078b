// deno-lint-ignore-file no-console
/**
 * The machine under the laboratory: commands, mounts, loop devices, and the way
 * back. Whatever is set up is put on a stack and taken down in reverse order, at
 * the end, after an error and on SIGINT.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** A file system of the laboratory. */
export type Kind = "ext4" | "xfs";

const MAKE: Readonly<Record<Kind, readonly string[]>> = {
  // Zeroing later would go to the disk behind the back of the workload.
  ext4: [
    "mkfs.ext4",
    "-q",
    "-b",
    "4096",
    "-E",
    "lazy_itable_init=0,lazy_journal_init=0",
  ],
  xfs: ["mkfs.xfs", "-q"],
};
/** XFS refuses to mount a copy beside its original unless told otherwise. */
const MOUNT: Readonly<Record<Kind, string>> = {
  ext4: "noatime",
  xfs: "noatime,nouuid",
};
/** XFS makes none that is smaller. */
const SIZE: Readonly<Record<Kind, string>> = { ext4: "64M", xfs: "300M" };

/** Sets up and takes down. */
export class Machine {
  /** A folder in memory, gone after the cleanup. */
  readonly scratch: string;
  #undo: (() => unknown)[] = [];
  #paths = 0;
  #abandoned = false;

  private constructor(scratch: string) {
    this.scratch = scratch;
  }

  /** A machine with its scratch folder, which is in memory if it may mount. */
  static async create(mayMount: boolean): Promise<Machine> {
    const scratch = mkdtempSync(join(tmpdir(), "kernels-"));
    const machine = new Machine(scratch);
    machine.onCleanup(() => rmSync(scratch, { recursive: true }));
    if (mayMount) {
      await machine.mount(["-t", "tmpfs", "-o", "size=8g"], "kernels", scratch);
    }
    return machine;
  }

  /** Why devices cannot be used here; `undefined` if they can. */
  static lacks(): string | undefined {
    if (process.platform !== "linux") return "it takes Linux";
    if (process.getuid?.() !== 0) return "it takes root, to mount";
    for (const device of ["/dev/fuse", "/dev/loop-control"]) {
      try {
        accessSync(device, constants.R_OK | constants.W_OK);
      } catch {
        return `there is no ${device}`;
      }
    }
    return undefined;
  }

  /** A path in the scratch folder that is not taken. */
  newPath(name: string): string {
    return join(this.scratch, `${name}-${++this.#paths}`);
  }

  /** A new folder in the scratch folder. */
  newFolder(name: string): string {
    const folder = this.newPath(name);
    mkdirSync(folder);
    return folder;
  }

  /** Has `undo` called at cleanup, before all that was registered earlier. */
  onCleanup(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  /** Where the stack stands, for {@linkcode Machine.cleanup}. */
  get level(): number {
    return this.#undo.length;
  }

  /** Takes down what was set up above `level`; goes on behind what fails, and throws the first error at the end. */
  async cleanup(level = 0): Promise<void> {
    const errors: unknown[] = [];
    while (this.#undo.length > level) {
      try {
        await this.#undo.pop()?.();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** Whether everything is being taken down: what checks find now means nothing. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Takes everything down for good; what is being set up meanwhile too. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    while (this.#undo.length > 0) {
      await this.cleanup().catch((error) => console.error(error));
    }
  }

  /** Throws if everything is being taken down: then nothing may begin that would hold on to it. */
  checkInUse(): void {
    if (this.#abandoned) throw new Error("The laboratory is being taken down");
  }

  /** Mounts, until cleanup; `fd` becomes descriptor 3 of the command. */
  async mount(
    options: readonly string[],
    source: string,
    target: string,
    fd?: number,
  ): Promise<void> {
    this.checkInUse();
    await run("mount", [...options, source, target], fd);
    this.onCleanup(async () => {
      const holders = await unmount(target);
      if (holders === undefined) return;
      console.error(`${target} was busy, unmounted lazily: ${holders}`);
    });
  }

  /** Makes an empty file system in an image file, and gives its path. */
  async makeImage(kind: Kind): Promise<string> {
    const folder = this.newFolder(kind);
    const raw = join(folder, "raw");
    const image = join(folder, "image");
    const [file, ...args] = MAKE[kind];
    await run("truncate", ["-s", SIZE[kind], raw]);
    await run(file, [...args, raw]);
    // Holes instead of the zeros that were written: every copy is faster.
    await run("cp", ["--sparse=always", raw, image]);
    await run("rm", [raw]);
    return image;
  }

  /** Copies a file with its holes. */
  async copySparse(from: string, to: string): Promise<void> {
    await run("cp", ["--sparse=auto", from, to]);
  }

  /** Removes a file that is not needed any more. */
  discard(file: string): void {
    rmSync(file);
  }

  /** Puts a loop device on a file and mounts it, until cleanup. */
  async mountImage(kind: Kind, file: string): Promise<string> {
    const folder = this.newFolder("mount");
    const device = (await run("losetup", ["--find", "--show", file])).trim();
    this.onCleanup(() => run("losetup", ["--detach", device]));
    await this.mount(["-t", kind, "-o", MOUNT[kind]], device, folder);
    return folder;
  }
}

/** How often a busy file system is tried, and how long it is left alone in between, in milliseconds. */
const TRIES = 100;
const BETWEEN = 100;

/** What {@linkcode unmount} needs of the machine. */
export interface Unmounting {
  readonly run: typeof run;
  readonly pause: (time: number) => Promise<void>;
}

/**
 * Unmounts. A process that was killed under strace is not a child of ours, so no
 * event tells when it has let go of its files: while the target is busy it is
 * tried again, a bounded number of times, and then unmounted lazily.
 *
 * @returns Who has held it to the end; `undefined` if nobody has.
 * @throws {Error} If it cannot be unmounted for any other reason.
 */
export async function unmount(
  target: string,
  { run: runIt, pause }: Unmounting = {
    run,
    pause: (time) => new Promise((resolve) => setTimeout(resolve, time)),
  },
): Promise<string | undefined> {
  for (let tries = 1;; tries++) {
    try {
      await runIt("umount", [target]);
      return undefined;
    } catch (error) {
      if (!/\bbusy\b/.test(String(error))) throw error;
      if (tries === TRIES) break;
    }
    await pause(BETWEEN);
  }
  const holders = await runIt("fuser", ["-m", target]).then(
    (pids) => `held by processes ${pids.trim()}`,
    () => "no process is known that holds it",
  );
  await runIt("umount", ["--lazy", target]);
  return holders;
}

/** Waits until all have ended, and only then throws the first error: none of them is left running. */
export async function allEnded(
  work: readonly Promise<unknown>[],
): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

/** Runs a command; resolves with what it printed, throws if it fails. */
export function run(
  file: string,
  args: readonly string[],
  fd?: number,
): Promise<string> {
  const stdio = fd === undefined
    ? ["ignore", "pipe", "pipe"] as const
    : ["ignore", "pipe", "pipe", fd] as const;
  const env = { ...process.env, LC_ALL: "C" }; // what it prints is read
  const child = spawn(file, args, { stdio: [...stdio], env });
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk) => output += chunk);
  child.stderr?.on("data", (chunk) => errors += chunk);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      if (status === 0) return resolve(output);
      const command = [file, ...args].join(" ");
      reject(new Error(`"${command}" ended with ${status}: ${errors.trim()}`));
    });
  });
}
