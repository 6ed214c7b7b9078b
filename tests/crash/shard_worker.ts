/** A thread that runs the pieces it is told the numbers of; it answers with what they have found, or with a violation as text. */

import { parentPort, workerData } from "node:worker_threads";
import { type EffortChange, piecesOf, type SubjectName } from "./subjects.ts";

const { subject, change } = workerData as {
  readonly subject: SubjectName;
  readonly change: EffortChange;
};
const pieces = piecesOf(subject, change);
parentPort?.on("message", async (number: number) => {
  try {
    const result = await pieces.run(number);
    parentPort?.postMessage(result, [result.states.buffer as ArrayBuffer]);
  } catch (error) {
    parentPort?.postMessage(
      error instanceof Error ? error.message : String(error),
    );
  }
});
