import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, fromFileUrl, join } from "@std/path";
import { test } from "./support/harness.ts";

const root = dirname(dirname(fromFileUrl(import.meta.url)));

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((
    entry,
  ) =>
    entry.isDirectory()
      ? sources(`${folder}/${entry.name}`)
      : entry.name.endsWith(".ts")
      ? [`${folder}/${entry.name}`]
      : []
  );
}

const files = sources("src");
const read = (file: string) => readFileSync(join(root, file), "utf8");
/** The code of a file, without comments. */
const code = (file: string) =>
  read(file).replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

/** What a file imports, statically or not, as paths from the root. */
function imports(file: string): string[] {
  return [
    ...code(file).matchAll(
      /(?:\bfrom |^import |import\(\s*)"((?:\.|node:|@|\w+:)[^"]*)"/gm,
    ),
  ].map(([, name]) =>
    name.startsWith(".")
      ? join(dirname(file), name).replaceAll("\\", "/")
      : name
  );
}

const CORE = [
  "src/clock.ts",
  "src/errors.ts",
  "src/crc32.ts",
  "src/file_system.ts",
  "src/native_json.ts",
  "src/exact_json.ts",
  "src/path_limits.ts",
  "src/posix_path.ts",
];

/** What the files of a folder may import besides each other. */
const RULES: [RegExp, readonly string[]][] = [
  [/^src\/(clock|errors|file_system|crc32|native_json)\.ts$/, []],
  [/^src\/exact_json\.ts$/, ["src/native_json.ts"]],
  [/^src\/(path_limits|posix_path)\.ts$/, ["src/file_system.ts"]],
  [/^src\/runtime\.ts$/, [
    "src/file_system.ts",
    ...files.filter((file) => file.startsWith("src/adapters/")),
  ]],
  [/^src\/wal\//, [
    ...CORE,
    "src/runtime.ts",
    ...files.filter((file) => file.startsWith("src/wal/")),
  ]],
  [/^src\/state\//, [
    ...CORE,
    ...files.filter((file) => /^src\/(wal|snapshot|state)\//.test(file)),
  ]],
  [/^src\/queue\//, [
    ...CORE,
    ...files.filter((file) => /^src\/(wal|state|queue)\//.test(file)),
  ]],
  [/^src\/snapshot\//, [
    ...CORE,
    "src/runtime.ts",
    ...files.filter((file) => file.startsWith("src/snapshot/")),
  ]],
  [/^src\/adapters\/bun\.ts$/, [
    ...CORE,
    "src/adapters/lock.ts",
    "src/adapters/node.ts",
    "node:process",
    "node:zlib",
  ]],
  [/^src\/adapters\/memory\.ts$/, CORE],
  [/^src\/testing\//, [
    ...CORE,
    "src/adapters/mkdir.ts",
    ...files.filter((file) => file.startsWith("src/testing/")),
  ]],
  [/^src\/adapters\//, [
    ...CORE,
    "src/adapters/absolute.ts",
    "src/adapters/lock.ts",
    "src/adapters/mkdir.ts",
    "node:fs",
    "node:os",
    "node:path",
    "node:process",
    "node:zlib",
    "node:sqlite",
  ]],
];

test("src/ imports only what its place in the tree allows", () => {
  for (const file of files) {
    const rule = RULES.find(([pattern]) => pattern.test(file));
    assert(rule, `${file} has no rule`);
    for (const name of imports(file)) {
      assert(rule[1].includes(name), `${file} imports ${name}`);
    }
  }
});

test("src/ names a runtime only under adapters/ and in runtime.ts", () => {
  for (const file of files) {
    if (file.startsWith("src/adapters/")) continue;
    const text = code(file);
    assertEquals(
      /\bDeno\.|\bBun\.|\bprocess\.|"(node|bun):/.exec(text)?.[0],
      undefined,
      file,
    );
    if (file !== "src/runtime.ts") {
      assertEquals(/\b(Deno|Bun)\b/.exec(text)?.[0], undefined, file);
    }
  }
});

test("runtime.ts loads adapters only by literal dynamic imports", () => {
  assertEquals(/^import (?!type)/m.exec(code("src/runtime.ts")), null);
  assertEquals(
    code("src/runtime.ts").match(/await import\("\.\/adapters\/\w+\.ts"\)/g)
      ?.length,
    3,
  );
});

test("mod.ts exports and holds no logic", () => {
  for (const file of ["mod.ts", "src/testing/mod.ts"]) {
    assertEquals(
      code(file).replace(/export (type )?\{[^}]*\} from "[^"]+";/g, "").trim(),
      "",
      file,
    );
  }
});

test("Sources are erasable, and promise nothing to the type checker", () => {
  for (const file of [...files, ...sources("tests"), "mod.ts"]) {
    if (file === "tests/architecture_test.ts") continue;
    const found =
      /@ts-(ignore|expect-error|nocheck)|\bas any\b|: any\b|<any>|^\s*(export )?(const )?enum |^\s*namespace /m
        .exec(code(file) + read(file).match(/@ts-\w+/)?.join(""));
    assertEquals(found?.[0], undefined, file);
  }
});

test("Sources stay within about 300 lines of code", () => {
  for (const file of [...files, ...sources("tests"), "mod.ts"]) {
    const lines = code(file).split("\n").filter((line) =>
      line.trim() !== ""
    ).length;
    assert(lines <= 330, `${file} has ${lines} lines of code`);
  }
});

test("Every source file has its tests, or is tested through the one that uses it", () => {
  const tests = new Set(readdirSync(join(root, "tests")));
  const THROUGH: Record<string, string> = {
    "src/adapters/absolute.ts": "paths_test.ts",
    "src/adapters/bun.ts": "adapters_test.ts",
    "src/adapters/deno.ts": "adapters_test.ts",
    "src/adapters/node.ts": "adapters_test.ts",
    "src/adapters/memory.ts": "adapters_test.ts",
    "src/adapters/mkdir.ts": "deno_permissions_test.ts",
    "src/crc32.ts": "adapters_test.ts",
    "src/errors.ts": "adapters_test.ts",
    "src/exact_json.ts": "codec_test.ts",
    "src/file_system.ts": "adapters_test.ts",
    "src/path_limits.ts": "paths_test.ts",
    "src/posix_path.ts": "adapters_test.ts",
    "src/runtime.ts": "adapters_test.ts",
    "src/state/array_draft.ts": "reducers_test.ts",
    "src/state/draft.ts": "reducers_test.ts",
    "src/state/notes.ts": "reducers_test.ts",
    "src/state/object_draft.ts": "reducers_test.ts",
    "src/state/run.ts": "reducers_test.ts",
    "src/state/place.ts": "state_places_test.ts",
    "src/state/take.ts": "reducers_test.ts",
    "src/state/timeline.ts": "state_faults_test.ts",
    "src/state/trace.ts": "state_verify_test.ts",
    "src/state/values.ts": "tree_test.ts",
    "src/state/vector.ts": "reducers_test.ts",
    "src/state/worlds.ts": "state_verify_test.ts",
    "src/state/convert.ts": "state_versions_test.ts",
    "src/state/load.ts": "state_open_test.ts",
    "src/state/options.ts": "state_manager_test.ts",

    "src/state/serial.ts": "tree_random_test.ts",
    "src/state/table.ts": "tree_random_test.ts",
    "src/state/verify.ts": "state_verify_test.ts",
    "src/state/view.ts": "tree_test.ts",
    "src/clock.ts": "clock_test.ts",
    "src/queue/batch.ts": "mini_queue_test.ts",
    "src/queue/compaction.ts": "compaction_test.ts",
    "src/queue/core.ts": "mini_queue_test.ts",
    "src/queue/keys.ts": "dedupe_test.ts",
    "src/queue/ledger.ts": "inspect_test.ts",
    "src/queue/letter.ts": "queue_options_test.ts",
    "src/queue/message.ts": "leases_test.ts",
    "src/queue/model.ts": "queue_crash_test.ts",
    "src/queue/open_queue.ts": "mini_queue_test.ts",
    "src/queue/options.ts": "queue_options_test.ts",
    "src/state/open_state.ts": "state_open_test.ts",
    "src/testing/fake_clock.ts": "clock_test.ts",
    "src/snapshot/json_file.ts": "snap_store_test.ts",
    "src/snapshot/meta.ts": "snap_damage_test.ts",
    "src/snapshot/numbered.ts": "snap_damage_test.ts",
    "src/snapshot/plain.ts": "pretty_test.ts",
    "src/snapshot/read.ts": "snap_damage_test.ts",
    "src/snapshot/write.ts": "snap_crash_test.ts",
    "src/testing/faults.ts": "injected_faults_test.ts",
    "src/testing/file_handle.ts": "simulated_file_system_test.ts",
    "src/testing/mod.ts": "crashes_test.ts",
    "src/testing/random.ts": "crash_states_test.ts",
    "src/testing/recorder.ts": "crashes_test.ts",
    "src/testing/tree.ts": "name_models_test.ts",
    "src/wal/abandoned.ts": "abandoned_readers_test.ts",
    "src/wal/active.ts": "group_commit_test.ts",
    "src/wal/decode.ts": "scanner_test.ts",
    "src/wal/files.ts": "faults_test.ts",
    "src/wal/group.ts": "group_commit_test.ts",
    "src/wal/mend.ts": "faults_test.ts",
    "src/wal/plan.ts": "segments_test.ts",
    "src/wal/proof.ts": "damage_test.ts",
    "src/wal/reader.ts": "damage_test.ts",
    "src/wal/recovery.ts": "segments_test.ts",
    "src/wal/segment_reader.ts": "damage_test.ts",
    "src/wal/verify.ts": "mini_store_test.ts",
    "src/wal/writer.ts": "group_commit_test.ts",
  };
  for (const file of files) {
    const own = `${file.split("/").at(-1)?.replace(".ts", "")}_test.ts`;
    const name = tests.has(own) ? own : THROUGH[file];
    assert(name !== undefined && tests.has(name), `${file} has no tests`);
  }
});
