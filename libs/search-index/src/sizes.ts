/** How much is done at once. */
export interface Sizes {
  /** Concerts of one reading of all, and of one composition. */
  page: number;
  /** Entries of one bulk. */
  bulk: number;
  /** A part with more concerts is a fan-out job of its own, so that everybody else's changes need not wait for it. */
  concertsAtOnce: number;
  /** From so many in one batch on, every part that has concerts is such a job. */
  concertsPerBatch: number;
  /** Fan-out jobs. They are part of the checkpoint, which must stay small. */
  jobs: number;
  /** Concerts of a job composed at a time. */
  jobPage: number;
}

/** As it is outside of simulations. With their records, the entries of a bulk are about a megabyte. */
export const SIZES: Sizes = {
  page: 1_000,
  bulk: 1_000,
  concertsAtOnce: 500,
  concertsPerBatch: 5_000,
  jobs: 1_000,
  jobPage: 500,
};

export const sizesOf = ({ sizes = SIZES }: { sizes?: Sizes }): Sizes => sizes;
