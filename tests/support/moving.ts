/** A state that only counts. */
export const COUNTER = {
  initial: { n: 0 },
  apply: (state: { n: number }, by: number): void => {
    state.n += by;
  },
};
