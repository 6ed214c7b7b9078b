import { assert, assertEquals, assertRejects } from "@std/assert";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { crash } from "../examples/registry/crash.ts";
import {
  type Component,
  deployments,
  differences,
  REGISTRY,
} from "../examples/registry/model.ts";
import { installedIn } from "../examples/registry/packages.ts";
import { DurableError, MemoryFileSystem, StateManager } from "../mod.ts";
import { test, withDirectory } from "./support/harness.ts";

function component(name: string, version: string = "1.0.0"): Component {
  return { name, version, license: "MIT", files: 1, bytes: 10 };
}

async function inMemory() {
  const fileSystem = new MemoryFileSystem();
  return await StateManager.open("registry", { ...REGISTRY, fileSystem });
}

test("differences() gives the mutations that make a registry say what is installed", async () => {
  await using registry = await inMemory();
  const before = [component("a"), component("b"), component("c")];
  await registry.applyAll(differences(registry.state, before));
  const after = [component("a"), component("b", "2.0.0"), component("d")];
  const mutations = differences(registry.state, after);
  assertEquals(mutations, [
    { update: component("b", "2.0.0") },
    { register: component("d") },
    { remove: { name: "c" } },
  ]);
  await registry.applyAll(mutations);
  assertEquals(Object.values(registry.snapshot().components), after);
  assertEquals(differences(registry.state, after), []);
});

test("REGISTRY refuses what does not fit the registry, and writes nothing", async () => {
  await using registry = await inMemory();
  await registry.apply({ register: component("a") });
  for (
    const mutation of [
      { register: component("a") },
      { update: component("b") },
      { remove: { name: "b" } },
      { deploy: { name: "b", revision: 1 } },
      { deploy: { name: "a", revision: 2 } },
    ]
  ) {
    const error = await assertRejects(
      () => registry.apply(mutation),
      DurableError,
    );
    assertEquals(error.code, "REJECTED");
  }
  assertEquals(registry.sequence, 1);
});

test("deployments() goes on where each component is", async () => {
  await using registry = await inMemory();
  await registry.apply({ register: component("a") });
  await registry.applyAll(deployments(registry.state, 2));
  await registry.apply({ register: component("b") });
  const next = deployments(registry.state, 3);
  assertEquals(next, [
    { deploy: { name: "a", revision: 3 } },
    { deploy: { name: "b", revision: 1 } },
    { deploy: { name: "a", revision: 4 } },
  ]);
  await registry.applyAll(next);
  assertEquals(registry.snapshot().deployed, { a: 4, b: 1 });
  await registry.apply({ remove: { name: "a" } });
  assertEquals(registry.snapshot().deployed, { b: 1 });
});

test("installedIn() counts the files of each package, and follows no links", async () => {
  await withDirectory(async (directory) => {
    for (
      const [path, text] of [
        ["b/package.json", `{"version":"1.2.3","license":"MIT"}`],
        ["b/node_modules/c/package.json", `{"version":"9.9.9"}`],
        ["@scope/a/package.json", "{}"],
        [".bin/tool", "tool"],
      ]
    ) {
      const file = `${directory}/${path}`;
      await mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await writeFile(file, text);
    }
    await symlink(`${directory}/b`, `${directory}/linked`);
    assertEquals(await installedIn(directory), [
      {
        name: "@scope/a",
        version: "none",
        license: "none",
        files: 1,
        bytes: 2,
      },
      { name: "b", version: "1.2.3", license: "MIT", files: 2, bytes: 54 },
    ]);
  });
});

test("crash() kills a process that writes a batch: what was acknowledged is there, the batch whole or absent", async () => {
  await withDirectory(async (directory) => {
    const registry = await StateManager.open(directory, REGISTRY);
    await registry.applyAll([
      { register: component("a") },
      { register: component("b") },
    ]);
    const { journalPath } = registry;
    await registry.close();
    const acknowledged = await crash(directory, journalPath, {
      singles: 40,
      batch: 50_000,
    });
    assert(acknowledged.length >= 40, `${acknowledged.length} of 40`);

    await using recovered = await StateManager.open(directory, REGISTRY);
    for (const sequence of acknowledged) {
      assert(sequence <= recovered.sequence, `${sequence} is missing`);
    }
    const { a = 0, b = 0 } = recovered.snapshot().deployed;
    assert([40, 50_040].includes(a + b), `${a + b} deployments`);
    assertEquals(recovered.sequence, a + b + 2);
    const { ok } = await StateManager.verify(directory, REGISTRY);
    assert(ok);
  });
});
