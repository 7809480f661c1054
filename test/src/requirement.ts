// Tests that need something of the machine (kubectl, a container daemon) are skipped where it is missing, and say so.
import { describe, test } from "vitest";

export interface Requirement {
  /** Undefined when it is met: otherwise why not, in a few words. */
  missing: string | undefined;
  /** The command that would provide it. */
  install: string;
}

/** Runs `body` as a suite when all requirements are met; else one skipped test stands for it. */
export function describeWith(
  name: string,
  requirements: readonly Requirement[],
  body: () => void,
): void {
  const unmet = requirements.filter((requirement) => requirement.missing !== undefined);
  if (unmet.length === 0) {
    describe(name, body);
    return;
  }
  test(name, (context) => {
    context.skip(unmet.map(({ missing, install }) => `${missing}; try: ${install}`).join(". "));
  });
}
