// Rewrites a script so that its output leaves as it is made. The interpreter returns the output of a whole script at its end, which is
// no use for a loop that never ends; so every command whose output goes to the terminal is told to append it to a device instead.
// Loops get a tick, which lets other work of this process in; programs that the interpreter does not know become `__program`.
import {
  type CommandNode,
  type PipelineNode,
  parse,
  type SimpleCommandNode,
  type StatementNode,
  serialize,
  type WordNode,
} from "just-bash";
import { STDERR, STDOUT } from "./mapped-file-system.ts";

export const TICK = "__tick";
export const PROGRAM = "__program";
export const SHELL = "__shell";
export const FOLLOW = "__tail";

const BUILTINS = new Set(
  (
    ". : [ alias bg break builtin caller cd command compgen complete compopt continue declare dirs disown echo enable eval exec " +
    "exit export false fc fg getopts hash help jobs let local logout mapfile popd printf pushd pwd read readarray readonly return " +
    "set shift shopt source suspend test times trap true type typeset ulimit umask unalias unset wait"
  ).split(" "),
);

/** They print nothing, and a loop's condition is no place for two redirections. */
const SILENT = new Set(
  ": [ break continue exit export false local return shift test true".split(" "),
);

interface Scope {
  /** Its standard output is the process's. */
  isTerminal: boolean;
  functions: ReadonlySet<string>;
  known: ReadonlySet<string>;
}

/** The rewritten script. Throws the interpreter's ParseException. */
export function streamedScript(source: string, known: ReadonlySet<string>): string {
  const script = parse(source);
  const functions = new Set<string>();
  for (const statement of script.statements) collectFunctions(statement, functions);
  const scope: Scope = { isTerminal: true, functions, known };
  for (const statement of script.statements) rewriteStatement(statement, scope);
  return serialize(script);
}

function collectFunctions(statement: StatementNode, names: Set<string>): void {
  for (const pipeline of statement.pipelines) {
    for (const command of pipeline.commands) {
      if (command.type === "FunctionDef") names.add(command.name);
      for (const body of bodiesOf(command)) {
        for (const inner of body) collectFunctions(inner, names);
      }
    }
  }
}

function rewriteStatement(statement: StatementNode, scope: Scope): void {
  for (const pipeline of statement.pipelines) {
    const last = pipeline.commands.length - 1;
    for (const [i, command] of pipeline.commands.entries()) {
      rewriteCommand(command, { ...scope, isTerminal: scope.isTerminal && i === last });
    }
  }
  replaceExec(statement);
}

function rewriteCommand(command: CommandNode, scope: Scope): void {
  if (command.type === "SimpleCommand") {
    rewriteSimple(command, scope);
    return;
  }
  // A function may be called where its output is captured: its call is redirected, not its body.
  const isOpaque = command.type === "FunctionDef" || command.redirections.length > 0;
  const inner = isOpaque ? { ...scope, isTerminal: false } : scope;
  for (const body of bodiesOf(command)) for (const each of body) rewriteStatement(each, inner);
  if (isLoop(command)) command.body.unshift(tickStatement());
  if (isOpaque && command.type !== "FunctionDef" && scope.isTerminal) redirect(command);
}

function rewriteSimple(command: SimpleCommandNode, scope: Scope): void {
  const name = literalOf(command.name);
  if (command.name === null || (name === "exec" && command.args.length === 0)) return;
  const program = name === "exec" ? literalOf(command.args[0] ?? null) : name;
  if (program !== undefined) renameProgram(command, program, name === "exec", scope);
  if (scope.isTerminal && !(name !== undefined && SILENT.has(name))) redirect(command);
}

function renameProgram(
  command: SimpleCommandNode,
  program: string,
  isExec: boolean,
  scope: Scope,
): void {
  const isKnown =
    scope.functions.has(program) || BUILTINS.has(program) || scope.known.has(baseOf(program));
  const isFollowing =
    program === "tail" && command.args.some((arg) => isFollowFlag(literalOf(arg) ?? ""));
  let instead: string | undefined;
  if (isFollowing && scope.isTerminal) instead = FOLLOW;
  else if (isShell(program) && scope.isTerminal) instead = SHELL;
  else if (!isKnown) instead = PROGRAM;
  if (instead === undefined) return;
  if (isExec) command.args.splice(0, 1, word(instead), word(program));
  else {
    command.name = word(instead);
    command.args.unshift(word(program));
  }
}

/** `exec x` replaces the shell: here, runs x and leaves with its code. */
function replaceExec(statement: StatementNode): void {
  const [pipeline] = statement.pipelines;
  const command = pipeline?.commands[0];
  if (statement.pipelines.length !== 1 || pipeline?.commands.length !== 1) return;
  if (command?.type !== "SimpleCommand" || literalOf(command.name) !== "exec") return;
  const program = command.args.shift();
  if (program === undefined) return;
  command.name = program;
  statement.pipelines.push(...exitPipelines());
  statement.operators.push(";");
}

const exitPipelines = (): PipelineNode[] =>
  parse("exit $?").statements.flatMap((statement) => statement.pipelines);

const tickStatement = (): StatementNode => parse(`${TICK} $?`).statements[0] as StatementNode;

function redirect(command: { redirections: SimpleCommandNode["redirections"] }): void {
  command.redirections.unshift(
    { type: "Redirection", fd: 1, operator: ">>", target: word(STDOUT) },
    { type: "Redirection", fd: 2, operator: ">>", target: word(STDERR) },
  );
}

const word = (text: string): WordNode => ({
  type: "Word",
  parts: [{ type: "Literal", value: text }],
});

/** The text of a word without any expansion; undefined for others. */
function literalOf(node: WordNode | null): string | undefined {
  if (node === null) return undefined;
  let text = "";
  for (const part of node.parts) {
    if (part.type !== "Literal" && part.type !== "SingleQuoted") return undefined;
    text += part.value;
  }
  return text;
}

const baseOf = (program: string): string =>
  /^\/(usr\/(local\/)?)?s?bin\//.test(program)
    ? program.slice(program.lastIndexOf("/") + 1)
    : program;

export const isShell = (program: string): boolean =>
  ["sh", "bash", "ash", "dash"].includes(baseOf(program));

const isFollowFlag = (arg: string): boolean =>
  arg === "--follow" || arg.startsWith("--follow=") || /^-[a-zA-Z]*[fF]/.test(arg);

type Loop = Extract<CommandNode, { type: "For" | "CStyleFor" | "While" | "Until" }>;

const isLoop = (command: CommandNode): command is Loop =>
  ["For", "CStyleFor", "While", "Until"].includes(command.type);

function bodiesOf(command: CommandNode): StatementNode[][] {
  switch (command.type) {
    case "If": {
      const clauses = command.clauses.flatMap(({ condition, body }) => [condition, body]);
      return command.elseBody === null ? clauses : [...clauses, command.elseBody];
    }
    case "For":
    case "CStyleFor":
    case "Subshell":
    case "Group":
      return [command.body];
    case "While":
    case "Until":
      return [command.condition, command.body];
    case "Case":
      return command.items.map((item) => item.body);
    case "FunctionDef":
      return bodiesOf(command.body);
    default:
      return [];
  }
}
