/** Mutants of how a segment begins, and of when an append is acknowledged. */

import type { Mutant } from "./mutant.ts";

const ACTIVE = "src/wal/active.ts";
const WRITER = "src/wal/writer.ts";

/** How a segment begins, and how a group is written to it. */
const SEGMENT: readonly Mutant[] = [
  {
    name: "prepared-name-not-synced",
    breaks: "W6",
    file: ACTIVE,
    from: "  await fileSystem.syncDir(dir);\n  if (seal) {",
    to: "  if (seal) {",
    likely: "rotation",
  },
  {
    name: "sealed-name-not-synced",
    breaks: "W6",
    file: ACTIVE,
    from: "    await fileSystem.syncDir(dir);\n  }",
    to: "  }",
    likely: "rotation",
  },
  {
    name: "active-name-not-synced",
    breaks: "W6",
    file: ACTIVE,
    from: "  await fileSystem.syncDir(dir);\n  return freshTip",
    to: "  return freshTip",
    likely: "rotation",
  },
  {
    name: "sealed-before-the-next-is-prepared",
    breaks: "W13",
    file: ACTIVE,
    from:
      "  await fileSystem.syncDir(dir);\n  if (seal) {\n    await fileSystem.rename(path, sealedPath(path, segment - 1));",
    to:
      "  if (seal) {\n    await fileSystem.rename(path, sealedPath(path, segment - 1));\n    await fileSystem.syncDir(dir);",
    likely: "rotation",
  },
  {
    name: "append-sync-not-synced",
    breaks: "W5",
    file: ACTIVE,
    from: "    this.syncBlocking();\n",
    to: "",
    likely: "group_commit",
  },
  {
    name: "append-sync-retries-its-sync",
    breaks: "W7",
    file: ACTIVE,
    from: "    this.syncBlocking();\n",
    to:
      "    try {\n      this.syncBlocking();\n    } catch {\n      this.syncBlocking();\n    }\n",
    likely: "fail_stop",
  },
  {
    name: "append-sync-shares-a-descriptor",
    breaks: "W5",
    file: ACTIVE,
    from: 'const blocking = await fileSystem.open(path, { mode: "write" });',
    to: "const blocking = handle;",
    likely: "fail_stop",
  },
  {
    name: "foreign-writes-go-unseen",
    breaks: "W4",
    file: ACTIVE,
    from: "    if (size === this.tip.size) return;",
    to: "    if (size !== this.tip.size) this.tip.size = size;\n    return;",
    likely: "intruders",
  },
  {
    name: "foreign-writes-go-unseen-at-close",
    breaks: "W4",
    file: ACTIVE,
    from: "    this.checkOwn();\n    if (tip.closed) return;\n",
    to: "    if (tip.closed) return;\n",
    likely: "intruders",
  },
  {
    name: "replaced-file-written-to",
    breaks: "W1",
    file: ACTIVE,
    from: "    if (!atPath) {",
    to: "    if (!atPath && size < 0) {",
    likely: "replaced_journal",
  },
  {
    name: "file-not-looked-at-after-a-sync",
    breaks: "W1",
    file: ACTIVE,
    from: "    await this.#handle.dataSync();\n    this.checkOwn();\n",
    to: "    await this.#handle.dataSync();\n",
    likely: "replaced_journal",
  },
  {
    name: "file-not-looked-at-after-a-blocking-sync",
    breaks: "W1",
    file: ACTIVE,
    from: "    this.#blocking.dataSyncSync();\n    this.checkOwn();\n",
    to: "    this.#blocking.dataSyncSync();\n",
    likely: "replaced_journal",
  },
  {
    name: "large-batch-committed-in-parts",
    breaks: "W3",
    file: ACTIVE,
    from: "isLast ? stem : undefined",
    to: "isLast || stem ? stem : undefined",
    likely: "group_commit",
  },
];

/** When an append is acknowledged. */
const ACKNOWLEDGE: readonly Mutant[] = [
  {
    name: "group-not-synced",
    breaks: "W5",
    file: WRITER,
    from: "      await this.#active.sync();\n      this.#acknowledge();",
    to: "      this.#acknowledge();",
    likely: "group_commit",
  },
  {
    name: "acknowledged-before-the-sync",
    breaks: "W5",
    file: WRITER,
    from: "      await this.#active.sync();\n      this.#acknowledge();",
    to:
      "      const sync = this.#active.sync();\n      this.#acknowledge();\n      await sync;",
    likely: "group_commit",
  },
  {
    name: "sync-begins-before-the-write",
    breaks: "W5",
    file: WRITER,
    from:
      "      this.#active.writeGroup(textsOf(this.#inFlight));\n      await this.#active.sync();",
    to:
      "      const sync = this.#active.sync();\n      this.#active.writeGroup(textsOf(this.#inFlight));\n      await sync;",
    likely: "group_commit",
  },
  {
    name: "failing-sync-swallowed",
    breaks: "W7",
    file: WRITER,
    from: "      await this.#active.sync();\n      this.#acknowledge();",
    to:
      "      await this.#active.sync().catch(() => {});\n      this.#acknowledge();",
    likely: "faults",
  },
  {
    name: "failing-sync-retried",
    breaks: "W7",
    file: WRITER,
    from: "      await this.#active.sync();\n      this.#acknowledge();",
    to:
      "      await this.#active.sync().catch(() => this.#active.sync());\n      this.#acknowledge();",
    likely: "faults",
  },
  {
    name: "groups-not-one-after-the-other",
    breaks: "W5",
    file: WRITER,
    from: "      else await this.#commit();",
    to: "      else void this.#commit();",
    likely: "group_commit",
  },
  {
    name: "append-sync-trusts-the-sync-in-flight",
    breaks: "W5",
    file: WRITER,
    from: "        this.#active.syncBlocking();\n",
    to: "",
    likely: "group_commit",
  },
  {
    name: "append-sync-overtakes",
    breaks: "W2",
    file: WRITER,
    from: "texts.push(text);",
    to: "texts.unshift(text);",
    likely: "group_commit",
  },
  {
    name: "append-sync-during-a-rotation",
    breaks: "W2",
    file: WRITER,
    from: "if (this.#maintaining || this.#isOutdated) {",
    to: "if (this.#isOutdated) {",
    likely: "group_commit",
  },
  {
    name: "batch-counted-as-one",
    breaks: "W2",
    file: WRITER,
    from: "      sequence += countOf(waiter);\n",
    to: "      sequence++;\n",
    likely: "group_commit",
  },
  {
    name: "sequence-ahead-of-the-disk",
    breaks: "W5",
    file: WRITER,
    from: "  get sequence(): number {\n    return this.#durable;",
    to: "  get sequence(): number {\n    return this.#submitted;",
    likely: "group_commit",
  },
  {
    name: "rotation-does-not-wait-its-turn",
    breaks: "W2",
    file: WRITER,
    from: "        after: this.#submitted,",
    to: "        after: 0,",
    likely: "rotation",
  },
  {
    name: "group-passes-a-rotation",
    breaks: "W2",
    file: WRITER,
    from: "    this.#pending.close(); // what",
    to: "    // what",
    likely: "rotation",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...SEGMENT, ...ACKNOWLEDGE];
