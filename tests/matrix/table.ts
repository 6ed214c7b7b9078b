/**
 * The fault matrix: what each call of a log does when something goes wrong, and
 * how the log opens afterwards.
 *
 * In front of the comma, what the calls do:
 *
 * - `P`: fails for good. The call and all that is pending reject with one `FAILED`,
 *   whose cause has the code of the fault; so does all that comes, and no file is
 *   touched any more.
 * - `K`: the same, of `truncateBefore`: no segment is removed any more.
 * - `R`: rejects with the code of the fault, with all data intact; a closed log is
 *   left as it is.
 * - `O`: succeeds all the same.
 * - `L`: refused with `LOCKED`. `E`: refused before any byte is written.
 *
 * Behind it, what opening the log does, at once or after a power cut. It shows a
 * prefix of what was submitted, in whole groups, and in it all that was
 * acknowledged:
 *
 * - `O`: opens. `T`: cuts a torn tail, keeps it aside and reports it.
 * - `R`: refuses with the position; only damage that no crash leaves.
 *
 * Two letters: the one or the other, and both were seen. A dash: there is no such
 * call, or nothing to see that other cells do not show. `compact` is
 * `truncateBefore`.
 */
export const MATRIX = `
the fault                                              | append | rotate | open   | compact | close
the power is cut                                       | OT     | OT     | OT     | OT      | OT
the process is killed                                  | O      | O      | OT     | O       | O
a recovery crashes in its turn                         | –      | –      | OT     | –       | –
a sync fails                                           | P, OT  | P, OT  | R, OT  | K, OT   | P, OT
a sync fails, and later ones lie                       | P, OT  | P, OT  | R, OT  | K, OT   | P, OT
there is no space                                      | P, O   | P, O   | R, OT  | K, O    | P, O
a write stops in its middle                            | P, OT  | P, OT  | R, OT  | K, OT   | P, OT
a rename fails                                         | –      | P, O   | R, OT  | K, O    | –
the sync of a directory fails                          | –      | P, O   | OR, OT | K, O    | –
there are no descriptors, no rights, or only to read   | P, O   | P, O   | R, OT  | K, O    | P, O
another change fails                                   | P, O   | P, O   | R, OT  | K, O    | P, O
a call that changes nothing fails                      | P, O   | P, O   | R, OT  | K, O    | P, O
a bit flips in the middle or in a sealed segment       | –      | –      | R      | –       | –
a bit flips in the last group of a log left open       | –      | –      | T      | –       | –
a bit flips in the last group of a closed log          | –      | –      | R      | –       | –
a bit flips in the closed line                         | –      | –      | T      | –       | –
the newest segment is cut                              | –      | –      | OT     | –       | –
a sealed segment or a header is cut                    | –      | –      | R      | –       | –
a segment is missing, swapped, repeated or foreign     | –      | –      | R      | –       | –
NUL, garbage or half a line stands at the end          | –      | –      | T      | –       | –
NUL, garbage or half a line stands in front of a group | –      | –      | R      | –       | –
a second writer opens the log                          | –      | –      | L, O   | –       | –
a record cannot be written                             | E, O   | –      | –      | –       | –
`;
