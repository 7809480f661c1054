// What every storage engine must do, as tests: storage.ts says it in words, contract/ checks it. Each engine's test file calls
// storageContract().
import { afterEach, beforeEach, describe } from "vitest";
import { contractOver, type EngineTraits, type StorageUnderTest } from "./contract/contract.ts";
import { compactionContract, leasesContract } from "./contract/history.ts";
import { lifeContract } from "./contract/life.ts";
import { readsContract } from "./contract/reads.ts";
import { replayContract, watchesContract } from "./contract/watches.ts";
import { contentionContract, transactionsContract, writesContract } from "./contract/writes.ts";

/** `open` gives an empty store. */
export function storageContract(
  name: string,
  open: () => Promise<StorageUnderTest>,
  traits: EngineTraits,
): void {
  let subject: StorageUnderTest;
  const contract = contractOver(() => subject, traits);

  describe(`storage contract: ${name}`, () => {
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(async () => {
      await subject.remove();
    });
    writesContract(contract);
    transactionsContract(contract);
    contentionContract(contract);
    readsContract(contract);
    replayContract(contract);
    watchesContract(contract);
    compactionContract(contract);
    leasesContract(contract);
    lifeContract(contract);
  });
}
