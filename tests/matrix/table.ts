/**
 * The fault matrix: what each call of a log, of a snapshot, of a state and of a queue
 * does when something goes wrong, and what the next opening finds.
 *
 * The first five columns are a log's; `truncate` is `truncateBefore`. The next five
 * are a state's: `snapshot` is `createSnapshot`, `state` is `apply`, `applyAll` and
 * `close`, `auto` is `apply` and `applyAll` with the automatic snapshots and
 * compactions that they make due, `load` is `StateManager.open`. The last three are a queue's, with all
 * payloads on disk: `carry` is `compact`, which carries payloads on, `reopen` is
 * `MiniQueue.open`, `queue` everything else.
 *
 * In front of the comma, what the calls do:
 *
 * - `P`: fails for good. The call and all that is pending reject with one `FAILED`,
 *   whose cause has the code of the fault; so does all that comes, and no file is
 *   touched any more. A state goes on showing the last durable mutation, and a queue
 *   what was durable, payloads included.
 * - `K`: of `truncate`, the same, and no segment is removed any more. Of `snapshot`
 *   and `compact`, rejects with the code of the fault; the snapshot before counts,
 *   no segment is removed, and the log goes on. `N`: the same, but the new snapshot
 *   counts, or a power cut may yet decide which one does. Of `carry`, the same, and
 *   where the fault is damage, it is not carried on. Of `queue`, a payload cannot be
 *   read: rejects with the code of the fault; the queue goes on, and what was handed
 *   out by that comes back when its lease runs out.
 * - `R`: rejects with the code of the fault, with all data intact; a closed log is
 *   left as it is.
 * - `O`: succeeds all the same, as without the right to sync the name of a directory
 *   in its parent. Of `auto`, the mutation does, and either the snapshot is at it, or
 *   `snapshotError` has the code of the fault.
 * - `L`: refused with `LOCKED`. `E`: refused before any byte is written.
 * - `D`: a payload is damaged: rejects with `CORRUPT` and the position, and the message
 *   becomes a dead letter; all others are handed out.
 *
 * Behind it, what opening does, at once or after a power cut. A log shows a prefix
 * of what was submitted, in whole groups, and in it all that was acknowledged; a
 * state what the reducer makes of such a prefix, and never less than was shown
 * before; a snapshot is the one before or the new one; a queue has all messages, each
 * with its payload, its attempts, its lease, its time and its key, as after a prefix
 * of the operations, hands them out in order, and takes receipts and keys as before:
 *
 * - `O`: opens. `T`: cuts a torn tail, keeps it aside and reports it.
 * - `F`: falls back from the snapshot to the log, which has all records, and reports it.
 * - `R`: refuses with the position; only damage that no crash leaves.
 *
 * Several letters: one of them, and each was seen. A dash: there is no such call, or
 * nothing to see that other cells do not show.
 */

/** The columns of a log; `truncate` is `truncateBefore`. */
export const LOG_COLUMNS = [
  "append",
  "rotate",
  "open",
  "truncate",
  "close",
] as const;
/** The columns of a state. */
export const STATE_COLUMNS = [
  "snapshot",
  "compact",
  "state",
  "auto",
  "load",
] as const;
/** The columns of a queue. */
export const QUEUE_COLUMNS = ["queue", "carry", "reopen"] as const;
/** All columns, in their order. */
export const COLUMNS: readonly Column[] = [
  ...LOG_COLUMNS,
  ...STATE_COLUMNS,
  ...QUEUE_COLUMNS,
];
/** One of them. */
export type Column =
  | (typeof LOG_COLUMNS)[number]
  | (typeof STATE_COLUMNS)[number]
  | (typeof QUEUE_COLUMNS)[number];

/** The matrix as it must be seen. */
export const MATRIX = `
the fault                                              | append | rotate | open   | truncate | close | snapshot | compact | state | auto   | load   | queue | carry   | reopen
the power is cut                                       | OT     | OT     | OT     | OT       | OT    | OT       | OT      | OT    | OT     | OT     | OT    | OT      | OT
the process is killed                                  | O      | O      | OT     | O        | O     | O        | O       | O     | O      | OT     | O     | O       | OT
a recovery crashes in its turn                         | –      | –      | OT     | –        | –     | –        | –       | –     | –      | OT     | –     | –       | OT
a sync fails                                           | P, OT  | P, OT  | R, OT  | K, OT    | P, OT | KOP, OT  | KOP, OT | P, OT | OP, OT | R, OT  | P, OT | KP, OT  | R, OT
a sync fails, and later ones lie                       | P, OT  | P, OT  | R, OT  | K, OT    | P, OT | KP, OT   | KP, OT  | P, OT | OP, OT | R, OT  | P, OT | KP, OT  | R, OT
there is no space                                      | P, O   | P, O   | R, OT  | K, O     | P, O  | KP, OT   | KP, OT  | P, O  | OP, O  | R, OT  | P, O  | KP, O   | R, OT
a write stops in its middle                            | P, OT  | P, OT  | R, OT  | K, OT    | P, OT | KP, OT   | KP, OT  | P, OT | OP, OT | R, OT  | P, OT | KP, OT  | R, OT
a rename fails                                         | –      | P, O   | R, OT  | K, O     | –     | KNP, O   | KNP, O  | P, O  | OP, O  | R, OT  | P, O  | KNP, O  | R, OT
the sync of a directory fails                          | –      | P, O   | OR, OT | K, O     | –     | KNOP, O  | KNOP, O | P, O  | OP, O  | OR, OT | P, O  | KNOP, O | OR, OT
there are no descriptors, no rights, or only to read   | P, O   | P, O   | R, OT  | K, O     | P, O  | KP, OT   | KNP, OT | P, O  | OP, O  | R, OT  | KOP, O | KNP, O  | R, OT
another change fails                                   | P, O   | P, O   | R, OT  | K, O     | P, O  | KP, OT   | KP, OT  | P, O  | OP, O  | R, OT  | P, O  | KP, O   | R, OT
a call that changes nothing fails                      | P, O   | P, O   | R, OT  | K, O     | P, O  | KP, O    | KNP, O  | P, O  | OP, O  | R, OT  | KOP, O | KNP, O  | R, OT
a bit flips in the middle or in a sealed segment       | –      | –      | R      | –        | –     | O        | –       | –     | –      | OR     | D     | KO      | OR
a bit flips in the last group of a log left open       | –      | –      | T      | –        | –     | –        | –       | –     | –      | –      | –     | –       | T
a bit flips in the last group of a closed log          | –      | –      | R      | –        | –     | –        | –       | –     | –      | –      | –     | –       | R
a bit flips in the closed line                         | –      | –      | T      | –        | –     | –        | –       | –     | –      | –      | –     | –       | T
the newest segment is cut                              | –      | –      | OT     | –        | –     | O        | –       | –     | –      | OT     | –     | –       | OT
a sealed segment or a header is cut                    | –      | –      | R      | –        | –     | –        | –       | –     | –      | –      | –     | –       | R
a segment is missing, swapped, repeated or foreign     | –      | –      | R      | –        | –     | O        | –       | –     | –      | R      | –     | –       | R
NUL, garbage or half a line stands at the end          | –      | –      | T      | –        | –     | O        | –       | –     | –      | T      | –     | –       | T
NUL, garbage or half a line stands in front of a group | –      | –      | R      | –        | –     | –        | –       | –     | –      | –      | –     | –       | R
a bit flips in the snapshot or its line                | –      | –      | –      | –        | –     | OR       | –       | –     | –      | FOR    | –     | –       | FOR
a file of the snapshot is cut                          | –      | –      | –      | –        | –     | OR       | –       | –     | –      | FOR    | –     | –       | FOR
a file of the snapshot is missing or older             | –      | –      | –      | –        | –     | OR       | –       | –     | –      | FOR    | –     | –       | FOR
the snapshot is missing, or an older one is back       | –      | –      | –      | –        | –     | OR       | –       | –     | –      | OR     | –     | –       | OR
a bit flips in the snapshot as it is written           | –      | –      | –      | –        | –     | –        | K, F    | –     | –      | –      | –     | K, F    | –
a second writer opens the log                          | –      | –      | L, O   | –        | –     | L, O     | –       | –     | –      | L, O   | –     | –       | L, O
a record cannot be written                             | E, O   | –      | –      | –        | –     | E, O     | –       | E, O  | –      | –      | E, O  | –       | –
`;
