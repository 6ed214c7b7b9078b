/** What is installed in a folder of packages. */

import { walk } from "@std/fs";
import { readFile, stat } from "node:fs/promises";
import type { Component } from "./model.ts";

/** The package that a file belongs to: `typescript`, `@types/node`. */
const OWNER = /^(?:@[^/]+\/)?[^@./][^/]*(?=\/)/;

/**
 * Reads the packages of a folder, with what is nested in them. Links are not
 * followed.
 *
 * @returns The packages in the order of their names.
 */
export async function installedIn(folder: string): Promise<Component[]> {
  const sizes = new Map<string, { files: number; bytes: number }>();
  const files = walk(folder, { includeDirs: false, includeSymlinks: false });
  for await (const { path } of files) {
    const inside = path.replaceAll("\\", "/").slice(folder.length + 1);
    const [name] = OWNER.exec(inside) ?? [];
    if (name === undefined) continue; // one of npm's own, such as .bin
    const size = sizes.get(name) ?? { files: 0, bytes: 0 };
    size.files++;
    size.bytes += (await stat(path)).size;
    sizes.set(name, size);
  }
  const components: Component[] = [];
  for (const [name, { files, bytes }] of sizes) {
    const manifest = await readFile(`${folder}/${name}/package.json`, "utf8");
    const { version, license } = JSON.parse(manifest) as {
      version?: unknown;
      license?: unknown;
    };
    components.push({
      name,
      version: textOr("none", version),
      license: textOr("none", license),
      files,
      bytes,
    });
  }
  return components.sort((a, b) => a.name < b.name ? -1 : 1);
}

function textOr(fallback: string, value: unknown): string {
  return typeof value === "string" ? value : fallback;
}
