import { describe, expect, it } from "vitest";
import { collectDescriptions, descriptionsOf, parseModel } from "./openapi-descriptions.ts";

const MODEL = `/**
 * Generated.
 */
import { V1Other } from '../models/V1Other.js';
/**
* What it is.
*/
export declare class V1Thing {
    'plain'?: V1Other;
    /**
    * The \\"first\\" line.
    * The second.
    */
    '_from'?: string;
    static readonly discriminator: string | undefined;
}
`;

describe("descriptions", () => {
  it("are read out of a declaration file", () => {
    expect(parseModel(MODEL)).toEqual({
      "": "What it is.",
      from: 'The "first" line.\nThe second.',
    });
    expect(parseModel("")).toEqual({});
  });

  it("go through a table unchanged", () => {
    const given = descriptionsOf({ "a.v1.Thing": parseModel(MODEL) });
    const table = collectDescriptions(["a.v1.Thing", "a.v1.Other"], () => ["from", "plain"], given);
    const again = descriptionsOf(table);
    expect(again.ofType("a.v1.Thing")).toBe("What it is.");
    expect(again.ofField("a.v1.Thing", "from")).toContain("second");
    expect(again.ofField("a.v1.Thing", "plain")).toBe("");
    expect(again.ofType("a.v1.Other")).toBe("");
  });
});
