/**
 * Syntax trees of source texts, made by the TypeScript compiler that type-checks
 * them. The interface is the compiler's unstable one, so nothing else imports it
 * but {@linkcode ./sites.ts}; package.json pins its version. Node could talk to the
 * compiler synchronously, Deno and Bun cannot.
 */

import type { ChildProcess } from "node:child_process";
import type { SourceFile } from "typescript/unstable/ast";
import { API } from "typescript/unstable/async";
import { createVirtualFileSystem } from "typescript/unstable/fs";

/** What the interface does not show. */
interface Internals {
  readonly client: { readonly process?: ChildProcess };
}

/** Where the sources are in a file system that only the compiler sees. */
const ROOT = "/sources";
const CONFIG = `${ROOT}/tsconfig.json`;

/**
 * Parses sources, and nothing that they import.
 *
 * @param sources Texts by their paths.
 * @param use What is to be done with each tree.
 * @throws {SyntaxError} If a text does not parse.
 */
export async function parseAll(
  sources: ReadonlyMap<string, string>,
  use: (file: string, tree: SourceFile) => void,
): Promise<void> {
  if (sources.size === 0) return;
  const config = {
    compilerOptions: { noLib: true, noResolve: true, types: [] },
    files: [...sources.keys()],
  };
  const files: Record<string, string> = { [CONFIG]: JSON.stringify(config) };
  for (const [file, text] of sources) files[`${ROOT}/${file}`] = text;
  const api = new API({ cwd: ROOT, fs: createVirtualFileSystem(files) });
  try {
    const snapshot = await api.updateSnapshot({ openProject: CONFIG });
    const [{ program }] = snapshot.getProjects();
    for (const file of sources.keys()) {
      const path = `${ROOT}/${file}`;
      const tree = await program.getSourceFile(path);
      const [problem] = await program.getSyntacticDiagnostics(path);
      if (tree === undefined || problem !== undefined) {
        throw new SyntaxError(
          `Cannot look for mutants in ${file}: ${
            problem?.text ?? "the compiler does not show it"
          }`,
        );
      }
      use(file, tree);
    }
  } finally {
    await close(api);
  }
}

/** Ends the compiler, and waits until its process has ended: `close()` alone leaves it behind for a moment, which Deno takes for a leak of the test. */
async function close(api: API): Promise<void> {
  const { process } = (api as unknown as Internals).client;
  const ended = new Promise((resolve) => process?.once("exit", resolve));
  await api.close();
  if (process?.exitCode === null && process.signalCode === null) await ended;
}
