// Every row of docs/kubectl.md, in its order.
import type { Case } from "../case.ts";
import { applyCases } from "./apply.ts";
import { changeCases } from "./change.ts";
import { createCases } from "./create.ts";
import { createKindCases } from "./create-kinds.ts";
import { customCases } from "./custom.ts";
import { deleteCases } from "./delete.ts";
import { describeCases } from "./describe.ts";
import { errorCases } from "./errors.ts";
import { identityCases } from "./identity.ts";
import { nodeCases } from "./nodes.ts";
import { podToolCases } from "./pod-tools.ts";
import { podCases } from "./pods.ts";
import { readCases } from "./read.ts";
import { readServerCases } from "./read-server.ts";
import { rollOutCases } from "./roll-out.ts";
import { waitCases } from "./wait.ts";

export const allCases: readonly Case[] = [
  ...createCases,
  ...createKindCases,
  ...applyCases,
  ...readCases,
  ...describeCases,
  ...readServerCases,
  ...changeCases,
  ...deleteCases,
  ...rollOutCases,
  ...waitCases,
  ...podCases,
  ...podToolCases,
  ...nodeCases,
  ...identityCases,
  ...customCases,
  ...errorCases,
];
