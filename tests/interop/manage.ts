// deno-lint-ignore-file no-console
// Works on a state directory, on whatever runtime it is run, and prints the state:
// manage DIR FORMAT COUNT [SNAPSHOT_AT ...] | compact DIR | create DIR COUNT |
// restore DIR.
import process from "node:process";
import { compact, create, type Format, manage, restore } from "./managers.ts";
import { after, type Numbered } from "./state.ts";

const [, , command, dir, ...args] = process.argv;
console.log(JSON.stringify(await run()));

async function run(): Promise<Numbered> {
  switch (command) {
    case "manage": {
      const [count, ...snapshots] = args.slice(1).map(Number);
      return await manage(dir, args[0] as Format, count, ...snapshots);
    }
    case "compact":
      return await compact(dir);
    case "create":
      await create(dir, after(Number(args[0])));
      return after(Number(args[0]));
    case "restore":
      return await restore(dir);
    default:
      throw new TypeError(`Cannot run "${command}": it is not a command`);
  }
}
