// deno-lint-ignore-file no-console
/**
 * A program of your own, its power cut at every step. This one keeps settings in
 * a file that is replaced as a whole. The first version forgets a sync, as many
 * programs do, and works until the power fails; the test prints a disk on which
 * the settings are lost. The second version passes.
 *
 * deno run --no-prompt --import-map=offline/import_map.json examples/crash_test.ts
 * bun examples/crash_test.ts
 * node examples/crash_test.ts
 */

import type { FileSystem } from "@mini-ts/durable";
import {
  type CrashReport,
  type CrashStateOptions,
  CrashTestError,
  testCrashes,
} from "@mini-ts/durable/testing";

interface Settings {
  readonly theme: string;
}

type Save = (fileSystem: FileSystem, settings: Settings) => Promise<void>;

const PATH = "settings.json";
const NEW = "settings.json.new";
/** What is saved, one after the other; the first are the defaults. */
const VERSIONS = ["light", "dark", "solarized"].map((theme) => ({ theme }));

/** Saves settings: writes a new file, then gives it the name. */
function saver({ sync }: { sync: boolean }): Save {
  return async (fileSystem, settings) => {
    // A save that was cut short left its file.
    if (await fileSystem.stat(NEW)) await fileSystem.remove(NEW);
    await using file = await fileSystem.open(NEW, { mode: "create" });
    const bytes = new TextEncoder().encode(`${JSON.stringify(settings)}\n`);
    await file.write(bytes, 0);
    if (sync) await file.sync(); // or the name may be durable before the bytes
    await fileSystem.rename(NEW, PATH);
    await fileSystem.syncDir(".");
  };
}

/** The settings that were saved, or the defaults. */
async function load(fileSystem: FileSystem): Promise<Settings> {
  await fileSystem.syncDir("."); // what is shown must not go away again
  if (!await fileSystem.stat(PATH)) return VERSIONS[0];
  await using file = await fileSystem.open(PATH, { mode: "read" });
  const bytes = new Uint8Array(await file.size());
  await file.read(bytes, 0);
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Which version the file holds; it must not be older than what is owed. */
async function check(fileSystem: FileSystem, owed: number): Promise<number> {
  const { theme } = await load(fileSystem);
  const found = VERSIONS.findIndex((version) => version.theme === theme);
  if (found >= owed) return found;
  throw new Error(
    `The theme is ${theme}, but ${VERSIONS[owed].theme} is saved`,
  );
}

function testSettings(
  save: Save,
  again?: CrashStateOptions,
): Promise<CrashReport> {
  return testCrashes<number>({
    async run(fileSystem, watch) {
      let saved = 0;
      watch(() => saved); // from here on, this much must be there after a crash
      for (const version of VERSIONS.slice(1)) {
        await save(fileSystem, version);
        saved++;
      }
    },
    async check(fileSystem, owed, watch) {
      let saved = await check(fileSystem, owed);
      watch(() => saved); // what was seen once must not be lost either
      await save(fileSystem, VERSIONS[2]);
      saved = await check(fileSystem, 2);
    },
    again, // where given: a second power cut, at every step of `check`
  });
}

try {
  await testSettings(saver({ sync: false }));
} catch (error) {
  if (!(error instanceof CrashTestError)) throw error;
  console.log(`Without a sync:\n${error.message}\n`);
}
const { states, byModel } = await testSettings(saver({ sync: true }), {});
const models = [...byModel.keys()].sort().join(", ");
console.log(`With it: ${states} states hold (${models})`);
