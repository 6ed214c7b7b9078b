// deno-lint-ignore-file no-console
// Installs what package-lock.json asks for, in each folder named (this one by
// default), unless that has been done. Plain JavaScript: it runs before the
// project's own Node.js is there.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

for (const folder of process.argv.length > 2 ? process.argv.slice(2) : ["."]) {
  const lock = readFileSync(join(folder, "package-lock.json"), "utf8");
  const stamp = join(folder, "node_modules", ".installed-lock.json");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) continue;
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm
    ? [process.execPath, npm, "ci"]
    : ["npm", "ci"];
  console.log(`Installing what ${join(folder, "package-lock.json")} asks for`);
  const { status } = spawnSync(command, args, {
    cwd: folder,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, lock);
}
