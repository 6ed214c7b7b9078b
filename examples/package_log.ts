// deno-lint-ignore-file no-console
/**
 * An event log of real things: every file of every package in `node_modules`,
 * as it was found, one record each, 64 appends at a time. Run it again and it
 * appends only what changed.
 *
 * npm start            on Deno, with permission for this folder only
 * npm run start:bun
 * npm run start:node
 */

import { DurableError, MiniStore } from "@mini-ts/durable";
import { walk } from "@std/fs";
import { readFile } from "node:fs/promises";
import process from "node:process";

const ROOT = "node_modules";
const PATH = ".data/packages.jsonl";
const WRITERS = 64;

/** What is known of a package. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly files: number;
  readonly bytes: number;
}

/** What happened, in the manner of serde's enums. */
type Event =
  | { FileSeen: { path: string; bytes: number; sha256: string } }
  | { FileGone: { path: string } }
  | { PackageSeen: Package }
  | { PackageGone: { name: string } };

/** What a log says, or what the disk holds. */
interface Inventory {
  readonly files: Map<string, { bytes: number; sha256: string }>;
  readonly packages: Map<string, Package>;
}

function fold(events: readonly Event[]): Inventory {
  const [files, packages]: [Inventory["files"], Inventory["packages"]] = [
    new Map(),
    new Map(),
  ];
  for (const event of events) {
    if ("FileSeen" in event) {
      const { path, bytes, sha256 } = event.FileSeen;
      files.set(path, { bytes, sha256 });
    } else if ("FileGone" in event) files.delete(event.FileGone.path);
    else if ("PackageSeen" in event) {
      packages.set(event.PackageSeen.name, event.PackageSeen);
    } else packages.delete(event.PackageGone.name);
  }
  return { files, packages };
}

/** Reads the folder of packages. */
async function take(root: string): Promise<Inventory> {
  const inventory = fold([]);
  const found: Package[] = [];
  for await (
    const { path } of walk(root, { includeDirs: false, includeSymlinks: false })
  ) {
    const content = await readFile(path);
    const digest = await crypto.subtle.digest("SHA-256", content);
    const sha256 = [...new Uint8Array(digest)]
      .map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const name = path.replaceAll("\\", "/").slice(root.length + 1);
    inventory.files.set(name, { bytes: content.length, sha256 });
    if (/^(@[^/]+\/)?[^/]+\/package\.json$/.test(name)) {
      const { version, license } = JSON.parse(content.toString());
      found.push({
        name: name.slice(0, -"/package.json".length),
        version: String(version ?? "none"),
        license: String(license ?? "none"),
        files: 0,
        bytes: 0,
      });
    }
  }
  for (const entry of found) {
    const own = [...inventory.files].filter(([path]) =>
      path.startsWith(`${entry.name}/`)
    );
    const bytes = own.reduce((sum, [, file]) => sum + file.bytes, 0);
    inventory.packages.set(entry.name, { ...entry, files: own.length, bytes });
  }
  return inventory;
}

/** The events that lead from one inventory to the other. */
function changes(before: Inventory, after: Inventory): Event[] {
  const events: Event[] = [];
  for (const [path, file] of after.files) {
    const known = before.files.get(path);
    if (known?.sha256 !== file.sha256) {
      events.push({ FileSeen: { path, ...file } });
    }
  }
  for (const path of before.files.keys()) {
    if (!after.files.has(path)) events.push({ FileGone: { path } });
  }
  for (const [name, entry] of after.packages) {
    const known = before.packages.get(name);
    if (JSON.stringify(known) !== JSON.stringify(entry)) {
      events.push({ PackageSeen: entry });
    }
  }
  for (const name of before.packages.keys()) {
    if (!after.packages.has(name)) events.push({ PackageGone: { name } });
  }
  return events;
}

/** Runs `job` and says how long it took, in milliseconds. */
async function timed<T>(job: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  return [await job(), performance.now() - start];
}

const rate = (count: number, ms: number) =>
  `${Math.round(count / ms * 1000).toLocaleString("en")} records a second`;
const say = (label: string, text: string) =>
  console.log(`${label.padEnd(10)}${text}`);

async function main(): Promise<void> {
  const store = await MiniStore.open<Event>(PATH);
  const { recovery } = store;
  say(
    "journal",
    `${PATH}, ${recovery.created ? "new" : `${store.sequence} records`}`,
  );
  if (recovery.torn) {
    const { bytes, keptAs } = recovery.torn;
    say("repaired", `${bytes} bytes of an unfinished write, kept as ${keptAs}`);
  }
  const known = fold(await MiniStore.replay<Event>(PATH));
  const [present, readMs] = await timed(() => take(ROOT));
  say(
    "found",
    `${present.files.size} files of ${present.packages.size} packages in ${
      Math.round(readMs)
    } ms`,
  );

  const events = changes(known, present);
  const queue = events.values();
  const writer = async () => {
    for (const event of queue) await store.append(event);
  };
  const [, appendMs] = await timed(() =>
    Promise.all(Array.from({ length: WRITERS }, writer))
  );
  say(
    "appended",
    events.length === 0
      ? "nothing, the log knows it all"
      : `${events.length} records, ${WRITERS} at a time, each on disk when its append resolved: ${
        rate(events.length, appendMs)
      }`,
  );
  await store.close();

  const [replayed, replayMs] = await timed(() => MiniStore.replay<Event>(PATH));
  say(
    "replayed",
    `${replayed.length} records: ${rate(replayed.length, replayMs)}`,
  );
  const agrees = changes(fold(replayed), present).length === 0;
  say(
    "compared",
    agrees
      ? "the log says what the disk holds"
      : "the log differs from the disk",
  );
  const report = await MiniStore.verify(PATH);
  say(
    "verified",
    report.ok
      ? `${report.segments} segment(s), ${
        report.bytes.toLocaleString("en")
      } bytes, every checksum holds`
      : String(report.damage?.message),
  );
  if (!agrees || !report.ok) process.exitCode = 1;

  console.log(`\nThe first lines of ${PATH}:`);
  const text = await readFile(PATH, "utf8");
  for (const line of text.split("\n", 6)) {
    console.log(line.length > 100 ? `${line.slice(0, 99)}…` : line);
  }
  console.log("\nThe largest packages:");
  const packages = [...present.packages.values()].sort((a, b) =>
    b.bytes - a.bytes
  );
  for (const { name, version, license, files, bytes } of packages.slice(0, 8)) {
    const size = `${(bytes / 1e6).toFixed(1)} MB`;
    console.log(
      `${`${name} ${version}`.padEnd(40)}${license.padEnd(14)}${
        String(files).padStart(5)
      } files ${size.padStart(10)}`,
    );
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof DurableError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
