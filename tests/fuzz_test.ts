import { assert, assertEquals } from "@std/assert";
import { DurableError, MiniStore, type ReadOptions } from "../mod.ts";
import { Cases, type Finding, runCase, show, shrink } from "./fuzz/fuzzer.ts";
import type { Subject } from "./fuzz/oracle.ts";
import { test } from "./support/harness.ts";
import { PATH } from "./support/journals.ts";
import { writeFile } from "./support/text.ts";

/** The first of some cases that violates an invariant, made small. */
async function find(
  seed: number,
  count: number,
  subject?: Subject,
): Promise<Finding | undefined> {
  const cases = new Cases(seed);
  for (let number = 1; number <= count; number++) {
    const finding = await runCase(cases.draw(number), subject);
    if (finding !== undefined) return await shrink(finding, subject);
  }
  return undefined;
}

test("MiniStore holds its invariants in the first cases of the fuzzer", async () => {
  const finding = await find(1, 240);
  assertEquals(finding && show(finding), undefined);
});

test("Cases.draw() draws the same case again, whatever was drawn before", async () => {
  const [one, other] = [new Cases(7), new Cases(7)];
  one.draw(3);
  assertEquals(one.draw(20), other.draw(20));
  assert(JSON.stringify(one.draw(20)) !== JSON.stringify(one.draw(21)));
  assert(
    JSON.stringify(one.draw(20)) !== JSON.stringify(new Cases(8).draw(20)),
  );
  assertEquals(await runCase(other.draw(20)), await runCase(one.draw(20)));
});

/** `MiniStore` with a defect. */
function withDefect(defect: Partial<Subject>): Subject {
  const { open, replay, stream, verify } = MiniStore;
  return { open, replay, stream, verify, ...defect };
}

const DEFECTS: Readonly<Record<string, [RegExp, Partial<Subject>]>> = {
  "a record that is not what was appended": [
    /a wrong one at index 0|other records/,
    {
      replay: async <R>(path: string, options?: ReadOptions<R>) => {
        const records = await MiniStore.replay(path, options);
        return records.map((record, n) => n === 0 ? "wrong" as R : record);
      },
    },
  ],
  "a record too few": [/records of \d|other records/, {
    replay: async <R>(path: string, options?: ReadOptions<R>) =>
      (await MiniStore.replay(path, options)).slice(1),
  }],
  "an error without a position": [/gives no offset/, {
    replay: async <R>(path: string, options?: ReadOptions<R>) => {
      try {
        return await MiniStore.replay(path, options);
      } catch {
        throw new DurableError("CORRUPT", "Damaged", { path });
      }
    },
  }],
  "an error of the language": [/replay leaks RangeError/, {
    replay: async <R>(path: string, options?: ReadOptions<R>) => {
      try {
        return await MiniStore.replay(path, options);
      } catch {
        throw new RangeError("Out of range");
      }
    },
  }],
  "a refusal that changes a file": [/a refusal changes/, {
    open: async (path, options) => {
      try {
        return await MiniStore.open(path, options);
      } catch (error) {
        const fileSystem = options?.fileSystem;
        if (fileSystem) await writeFile(fileSystem, `${PATH}.x`, "changed");
        throw error;
      }
    },
  }],
  "a report that disagrees": [/verify reports/, {
    verify: async (path, options) => {
      const report = await MiniStore.verify(path, options);
      return { ...report, lastSequence: report.lastSequence + 1 };
    },
  }],
};
for (const [what, [invariant, defect]] of Object.entries(DEFECTS)) {
  test(`The fuzzer finds ${what}, and shrinks the case`, async () => {
    const finding = await find(2, 60, withDefect(defect));
    assert(finding, "nothing was found");
    const { message } = finding.violation;
    assert(invariant.test(message), message);
    const { mutations, shape } = finding.case;
    assert(mutations.length <= 1, show(finding));
    assert(shape.ops.length <= 3, show(finding));
    assert(show(finding).startsWith(`invariant: ${message}`));
  });
}
