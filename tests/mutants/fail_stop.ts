/** Mutants of what ends writing, and of rotation and truncation. */

import type { Mutant } from "./mutant.ts";

const ACTIVE = "src/wal/active.ts";
const WRITER = "src/wal/writer.ts";

/** What a failure ends. */
const FAIL_STOP: readonly Mutant[] = [
  {
    name: "failure-forgotten",
    breaks: "W7",
    file: WRITER,
    from: "    this.#failure = failure;\n",
    to: "",
    likely: "faults",
  },
  {
    name: "failure-not-looked-at",
    breaks: "W7",
    file: WRITER,
    from:
      "  #refusal(action: string): DurableError | undefined {\n    if (this.#failure) return this.#failure;\n",
    to: "  #refusal(action: string): DurableError | undefined {\n",
    likely: "faults",
  },
  {
    name: "acknowledged-after-a-failure",
    breaks: "W7",
    file: WRITER,
    from: "    if (this.#failure) return;\n",
    to: "",
    likely: "fail_stop",
  },
  {
    name: "append-sync-fails-once-only",
    breaks: "W7",
    file: WRITER,
    from:
      "      return this.#durable;\n    } catch (error) {\n      throw this.#fail(error);",
    to:
      "      return this.#durable;\n    } catch (error) {\n      throw error;",
    likely: "faults",
  },
  {
    name: "rotation-fails-once-only",
    breaks: "W7",
    file: WRITER,
    from:
      "      return excess;\n    } catch (error) {\n      throw this.#fail(error);",
    to: "      return excess;\n    } catch (error) {\n      throw error;",
    likely: "faults",
  },
  {
    name: "removal-fails-once-only",
    breaks: "W7",
    file: WRITER,
    from:
      "        this.#sealed.shift();\n      }\n    } catch (error) {\n      throw this.#fail(error);",
    to:
      "        this.#sealed.shift();\n      }\n    } catch (error) {\n      throw error;",
    likely: "fail_stop",
  },
  {
    name: "failing-close-mark-swallowed",
    breaks: "W7",
    file: WRITER,
    from:
      "    } catch (error) {\n      throw this.#fail(error);\n    } finally {\n      await",
    to: "    } catch {\n      // nothing\n    } finally {\n      await",
    likely: "faults",
  },
  {
    name: "close-writes-after-a-failure",
    breaks: "W7",
    file: WRITER,
    from: "      if (this.#failure === undefined) await this.#active.end();\n",
    to: "      await this.#active.end();\n",
    likely: "faults",
  },
  {
    name: "pending-not-rejected",
    breaks: "W7",
    file: WRITER,
    from: "of [...this.#inFlight, ...this.#pending.takeAll()]",
    to: "of this.#inFlight",
    likely: "faults",
  },
  {
    name: "scheduled-not-rejected",
    breaks: "W7",
    file: WRITER,
    from: "    for (const { reject } of this.#tasks) reject(failure);\n",
    to: "",
    likely: "fail_stop",
  },
];

/** Rotation and truncation. */
const ROTATION: readonly Mutant[] = [
  {
    name: "closed-line-not-synced",
    breaks: "W6",
    file: ACTIVE,
    from: "      tip.closed = true;\n    }\n    await this.sync();\n",
    to: "      tip.closed = true;\n    }\n",
    likely: "faults",
  },
  {
    name: "name-not-checked-before-an-empty-segment-is-replaced",
    breaks: "W4",
    file: WRITER,
    from: "      else this.#active.checkOwn();\n",
    to: "",
    likely: "replaced_journal",
  },
  {
    name: "retain-keeps-one-less",
    breaks: "W2",
    file: WRITER,
    from: "this.#sealed.length - this.#options.retain)",
    to: "this.#sealed.length - this.#options.retain + 1)",
    likely: "rotation",
  },
  {
    name: "dropped-not-said-by-truncation",
    breaks: "W13",
    file: WRITER,
    from: "await this.#rotate(dropped) : 0",
    to: "await this.#rotate(0) : 0",
    likely: "rotation",
  },
  {
    name: "dropped-not-said-by-retain",
    breaks: "W13",
    file: WRITER,
    from: "Math.max(header.dropped, dropped, retained)",
    to: "Math.max(header.dropped, dropped)",
    likely: "rotation",
  },
  {
    name: "dropped-forgotten-by-the-next-rotation",
    breaks: "W13",
    file: WRITER,
    from: "Math.max(header.dropped, dropped, retained)",
    to: "Math.max(dropped, retained)",
    likely: "rotation",
  },
  {
    name: "truncation-takes-a-segment-too-many",
    breaks: "W2",
    file: WRITER,
    from: "({ last }) => last < sequence",
    to: "({ last }) => last <= sequence",
    likely: "rotation",
  },
  {
    name: "truncation-beyond-the-log",
    breaks: "W2",
    file: WRITER,
    from: "if (sequence > this.#durable + 1) {",
    to: "if (sequence === Infinity) {",
    likely: "rotation",
  },
  {
    name: "removed-before-it-is-said",
    breaks: "W13",
    file: WRITER,
    from:
      "      const tip = await beginSegment(this.#log, next, seal);\n      this.#active = await ActiveSegment.open(this.#log, tip);\n      this.#counted = tip.size;\n      await this.#remove(excess);",
    to:
      "      await this.#remove(excess);\n      const tip = await beginSegment(this.#log, next, seal);\n      this.#active = await ActiveSegment.open(this.#log, tip);\n      this.#counted = tip.size;",
    likely: "rotation",
  },
  {
    name: "newest-removed-first",
    breaks: "W13",
    file: WRITER,
    from:
      "      for (let n = 0; n < count; n++) {\n        await fileSystem.remove(this.#sealed[0].path);",
    to:
      "      const doomed = this.#sealed.slice(0, count).reverse();\n      for (let n = 0; n < count; n++) {\n        await fileSystem.remove(doomed[n].path);",
    likely: "rotation",
  },
  {
    name: "removal-not-synced",
    breaks: "W10",
    file: WRITER,
    from: "        await fileSystem.syncDir(fileSystem.split(path).dir);\n",
    to: "",
    likely: "rotation",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...FAIL_STOP, ...ROTATION];
