// What happens to a good request's body: to its structure, or to its bytes.
import type { Random } from "@coracle/shared/runtime/random";
import { chance, extremeForm, names, pick } from "./extremes.ts";
import {
  childrenOf,
  containersIn,
  isContainer,
  type JsonContainer,
  type JsonForm,
} from "./json-form.ts";

/** Changes the form in place, once or a few times. */
export function mutateForm(random: Random, form: JsonForm): JsonForm {
  const times = 1 + (chance(random, 0.4) ? random.integer(4) : 0);
  let changed = form;
  for (let i = 0; i < times; i++) {
    const containers = containersIn(changed);
    if (containers.length === 0 || chance(random, 0.01)) changed = extremeForm(random);
    else mutateContainer(random, pick(random, containers), changed);
  }
  return changed;
}

function mutateContainer(random: Random, container: JsonContainer, whole: JsonForm): void {
  if ("list" in container) mutateList(random, container.list, whole);
  else mutateMembers(random, container.members, whole);
}

function mutateList(random: Random, list: JsonForm[], whole: JsonForm): void {
  const at = random.integer(list.length + 1);
  const kind = random.integer(6);
  if (kind === 0) list.splice(at, 1);
  else if (kind === 1) list.splice(at, 0, extremeForm(random));
  else if (kind === 2)
    list.push(...list.slice(0, 50)); // the same objects twice: printed, not shared
  else if (kind === 3) list[at] = graft(random, whole);
  else if (kind === 4) list.reverse();
  else list[at] = extremeForm(random);
}

function mutateMembers(random: Random, members: [string, JsonForm][], whole: JsonForm): void {
  const at = random.integer(Math.max(1, members.length));
  const member = members[at];
  const kind = random.integer(11);
  if (kind === 0 || member === undefined) {
    members.splice(at, 0, [pick(random, names), extremeForm(random)]);
  } else if (kind === 1) members.splice(at, 1);
  else if (kind === 2) members.push([member[0], extremeForm(random)]);
  else if (kind === 3) member[0] = pick(random, names);
  else if (kind === 4) member[0] = caseChanged(member[0]);
  else if (kind === 5) member[1] = graft(random, whole);
  else if (kind === 6) member[1] = { list: [member[1]] };
  else if (kind === 7 || kind === 8) {
    // A good value under a name that every object has by itself.
    members.push([pick(random, inherited), structuredClone(member[1])]);
  } else if (kind === 9 && typeof member[1] === "string") member[1] = pick(random, inherited);
  else member[1] = extremeForm(random);
}

const inherited = ["constructor", "toString", "valueOf", "hasOwnProperty", "__proto__"];

const caseChanged = (key: string): string =>
  key.charAt(0) === key.charAt(0).toUpperCase() ? key.toLowerCase() : key.toUpperCase();

/** A copy of another part. */
function graft(random: Random, whole: JsonForm): JsonForm {
  const from = pick(random, containersIn(whole).slice(0, 200));
  const children = childrenOf(from).filter((child) => !isContainer(child) || small(child));
  return children.length === 0 ? null : structuredClone(pick(random, children));
}

const small = (form: JsonForm): boolean => containersIn(form).length < 50;

const tokens: readonly Buffer[] = [
  [0xff],
  [0xfe, 0xff],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0],
  [0x80],
  [0xef, 0xbb, 0xbf],
  [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
].map((bytes) => Buffer.from(bytes));
const words = [
  '"__proto__":{},',
  "\r\n",
  "\t",
  "- ",
  ": ",
  "&a ",
  "*a ",
  "!!binary ",
  "<<: ",
  "---\n",
  "...\n",
  "? ",
  "| ",
  ">",
  "%",
  "{",
  "}",
  "[",
  "]",
  ",",
  '"',
  "\\u0000",
  "\\ud800",
  "null",
];
const inserts = [...tokens, ...words.map((word) => Buffer.from(word))];

/** A copy of the bytes with some of them changed, lost, repeated or added. */
export function mutateBytes(random: Random, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes);
  const times = 1 + random.integer(chance(random, 0.2) ? 30 : 3);
  for (let i = 0; i < times; i++) {
    const at = random.integer(result.length + 1);
    const length = Math.min(random.integer(chance(random, 0.1) ? 5000 : 20), result.length - at);
    const kind = random.integer(6);
    if (kind === 0 && at < result.length) result[at] = random.integer(256);
    else if (kind === 1) result = spliced(result, at, length, Buffer.alloc(0));
    else if (kind === 2) result = spliced(result, at, 0, result.subarray(at, at + length));
    else if (kind === 3 && chance(random, 0.3))
      result = result.subarray(0, at) as Buffer<ArrayBuffer>;
    else if (kind === 4 && at < result.length)
      result[at] = (result[at] as number) ^ (1 << random.integer(8));
    else result = spliced(result, at, 0, pick(random, inserts));
  }
  return result;
}

const spliced = (bytes: Buffer, at: number, remove: number, insert: Buffer) =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
