// Gives the space of forgotten versions back to the disk. LevelDB frees a deleted record when it merges the files that hold the record
// and its deletion; as records are in the order of revisions, new files do not overlap old ones, and that may be long after. So the
// records up to the compacted revision are merged on purpose when the directory has doubled since that was done last: what is written
// for it stays in proportion to what was written before.
import type { Logger } from "@coracle/shared/runtime/logger";
import type { Database } from "./open-directory.ts";
import { RECORDS_START, recordsFrom } from "./record.ts";

export interface SpaceReclaimerOptions {
  database: Database;
  logger: Logger;
  diskBytes(): Promise<number>;
  wasteBytesMin: number;
  isClosing(): boolean;
}

/** LevelDB merges nothing else meanwhile, so its writers would wait in the end: it gets a turn after each. */
const PIECES = 16;

export class SpaceReclaimer {
  readonly #options: SpaceReclaimerOptions;
  /** Of the directory without waste: not known before the first time, so that restarts do not let it grow. */
  #bytes = 0;

  constructor(options: SpaceReclaimerOptions) {
    this.#options = options;
  }

  /** `revision`: up to which history is forgotten. Errors: what the disk says. */
  async run(revision: number): Promise<void> {
    const { database, logger, diskBytes, wasteBytesMin, isClosing } = this.#options;
    const before = await diskBytes();
    if (before < 2 * this.#bytes + wasteBytesMin) return;
    let start = RECORDS_START;
    for (let piece = 1; piece <= PIECES && !isClosing(); piece++) {
      const end = recordsFrom(Math.floor((revision * piece) / PIECES) + 1);
      await database.compactRange(start, end);
      start = end;
    }
    this.#bytes = await diskBytes();
    logger.debug({ before, after: this.#bytes }, "space of forgotten history given back");
  }
}
