import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryFileSystem, MiniStore, type StandardSchema } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { readText } from "./support/text.ts";

interface Reading {
  sensor: string;
  value: number;
}
const isReading = (value: unknown): value is Reading =>
  typeof value === "object" && value !== null && "sensor" in value &&
  "value" in value;

/** Trims the name; accepts its own output. */
const schema: StandardSchema<Reading> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      isReading(value)
        ? { value: { ...value, sensor: value.sensor.trim() } }
        : {
          issues: [{ message: "sensor is missing" }, {
            message: "value is missing",
          }],
        },
  },
};

test("MiniStore runs a type guard before anything is written, and on replay", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open("a", { fileSystem, validate: isReading });
  const before = await readText(fileSystem, "a");
  const error = await assertCode(
    () => store.append({} as Reading),
    "INVALID_RECORD",
  );
  assert(error.message.includes("validate returned false"), error.message);
  await assertCode(
    () => store.appendAll([{ sensor: "a", value: 1 }, {} as Reading]),
    "INVALID_RECORD",
  );
  assertEquals(await readText(fileSystem, "a"), before);
  await store.append({ sensor: "a", value: 1 });
  await store.close();
  const free = await MiniStore.open<unknown>("a", { fileSystem });
  await free.append("something else");
  await free.close();
  const records: Reading[] = [];
  const refusal = await assertCode(async () => {
    const stream = MiniStore.stream("a", { fileSystem, validate: isReading });
    for await (const { record } of stream) records.push(record);
  }, "INVALID_RECORD");
  assertEquals(records, [{ sensor: "a", value: 1 }]);
  assertEquals([refusal.path, refusal.line, refusal.sequence], ["a", 5, 2]);
  const text = await readText(fileSystem, "a");
  assertEquals(refusal.offset, text.indexOf('"something'));
  const { ok, damage } = await MiniStore.verify("a", {
    fileSystem,
    validate: isReading,
  });
  assertEquals([ok, damage?.code], [false, "INVALID_RECORD"]);
});

test("MiniStore takes what a rule throws as a refusal, with its cause", async () => {
  const fileSystem = new MemoryFileSystem();
  const cause = new Error("value is negative");
  await using store = await MiniStore.open<number>("a", {
    fileSystem,
    validate: (value) => {
      if ((value as number) < 0) throw cause;
    },
  });
  assertEquals(await store.append(1), 1);
  const error = await assertCode(() => store.append(-1), "INVALID_RECORD");
  assertEquals(error.cause, cause);
  assert(error.message.endsWith("value is negative"), error.message);
});

test("MiniStore writes what a Standard Schema returns, and infers the type", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open("a", { fileSystem, validate: schema });
  await store.append({ sensor: " roof ", value: 3 });
  const error = await assertCode(
    () => store.append({} as Reading),
    "INVALID_RECORD",
  );
  assert(
    error.message.endsWith("sensor is missing; value is missing"),
    error.message,
  );
  await store.close();
  assert(
    (await readText(fileSystem, "a")).includes('{"sensor":"roof","value":3}'),
  );
  const records: Reading[] = await MiniStore.replay("a", {
    fileSystem,
    validate: schema,
  });
  assertEquals(records[0].sensor, "roof");
});

test("MiniStore refuses a schema that answers later", async () => {
  const fileSystem = new MemoryFileSystem();
  const validate: StandardSchema<number> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => Promise.resolve({ value: value as number }),
    },
  };
  await using store = await MiniStore.open("a", { fileSystem, validate });
  await assertRejects(() => store.append(1), TypeError, "asynchronous");
  assertEquals(store.sequence, 0);
});

test("MiniStore refuses a rule that answers later", async () => {
  const fileSystem = new MemoryFileSystem();
  const validate = (async () => {}) as unknown as () => boolean;
  await using store = await MiniStore.open<number>("a", {
    fileSystem,
    validate,
  });
  await assertRejects(() => store.append(1), TypeError, "asynchronous");
});
