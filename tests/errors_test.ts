import { assertEquals, assertStrictEquals } from "@std/assert";
import { DurableError } from "../mod.ts";
import { fileSystemError } from "../src/errors.ts";
import { test } from "./support/harness.ts";

test("fileSystemError() gives each POSIX name its code, and IO to all others", () => {
  const codes = {
    ENOENT: "NOT_FOUND",
    EEXIST: "EXISTS",
    EACCES: "PERMISSION",
    EPERM: "PERMISSION",
    ENOSPC: "NO_SPACE",
    EDQUOT: "NO_SPACE",
    EFBIG: "NO_SPACE",
    EROFS: "READ_ONLY",
    EISDIR: "IS_DIRECTORY",
    ENOTDIR: "NOT_DIRECTORY",
    ENXIO: "NOT_A_FILE",
    EMFILE: "TOO_MANY_FILES",
    ENFILE: "TOO_MANY_FILES",
    EIO: "IO",
  };
  for (const [errno, code] of Object.entries(codes)) {
    const cause = new Error("what the runtime said");
    const error = fileSystemError("write to", "a", errno, cause);
    assertEquals([error.code, error.path], [code, "a"], errno);
    assertStrictEquals(error.cause, cause);
  }
  const { code, message } = fileSystemError("read", "a", undefined, "odd");
  assertEquals([code, message], ["IO", 'Cannot read "a": odd']);
});

test("fileSystemError() passes a DurableError on as it is", () => {
  const error = new DurableError("LOCKED", "Cannot lock");
  assertStrictEquals(fileSystemError("lock", "a", "EIO", error), error);
});
