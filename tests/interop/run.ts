// deno-lint-ignore-file no-console
// Checks that journals, states and snapshots go from here to the Rust crates of
// mini-rs and back. Skips where there is no cargo or no way to the crates: the
// library does not need them.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { CHECKS } from "./checks.ts";
import { HOLE_CHECKS } from "./hole_checks.ts";
import { buildRust } from "./programs.ts";
import { SNAPSHOT_CHECKS } from "./snapshot_checks.ts";
import { STATE_CHECKS } from "./state_checks.ts";
import type { Checks } from "./table.ts";

const ALL: Checks = {
  ...CHECKS,
  ...STATE_CHECKS,
  ...SNAPSHOT_CHECKS,
  ...HOLE_CHECKS,
};

const build = buildRust();
if (build.built) await runChecks();
else console.log(`skipped: ${build.reason}`);

async function runChecks(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "interop-"));
  let passed = 0;
  let failed = 0;
  try {
    for (const [name, check] of Object.entries(ALL)) {
      const folder = join(scratch, String(passed + failed));
      mkdirSync(folder);
      try {
        await check(join(folder, "journal.jsonl"));
        passed++;
        console.log(`ok      ${name}`);
      } catch (error) {
        failed++;
        console.log(`FAILED  ${name}`);
        console.log(`        ${error instanceof Error ? error.stack : error}`);
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}
