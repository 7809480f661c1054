// A rudimentary interactive `sh`: one line after the other, variables and directory kept between them. With a terminal, the characters
// are echoed and edited here, because kubectl puts the user's own terminal into raw mode.
import type { Shell } from "./shell.ts";

const CTRL_C = 3;
const CTRL_D = 4;
const BACKSPACE = 8;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const ESCAPE = 27;
const DELETE = 127;

export interface Terminal {
  input: AsyncIterable<Uint8Array>;
  isTty: boolean;
  /** Writes what the terminal itself shows: prompt and echo. */
  show(text: string): void;
}

/** Until `exit`, the end of the input, or the process is killed. Answers the exit code. */
export async function interactiveShell(shell: Shell, terminal: Terminal): Promise<number> {
  const session: Session = { env: undefined, pending: "", exitCode: 0 };
  const prompt = () => {
    if (!terminal.isTty) return;
    const directory = session.env?.PWD ?? shell.context.workingDir;
    terminal.show(session.pending === "" ? `${directory} # ` : "> ");
  };
  prompt();
  for await (const line of linesOf(terminal)) {
    if (shell.context.signal.aborted) return 137;
    if (line === undefined) {
      session.pending = "";
      session.exitCode = 130;
    } else if (await runLine(shell, session, line)) return session.exitCode;
    prompt();
  }
  if (session.pending !== "") await runLine(shell, session, "", true);
  return session.exitCode;
}

interface Session {
  env: Record<string, string> | undefined;
  /** Lines of a command that is not complete yet. */
  pending: string;
  exitCode: number;
}

/** True when the shell was left. */
async function runLine(
  shell: Shell,
  session: Session,
  line: string,
  isLast = false,
): Promise<boolean> {
  const source = session.pending + line;
  if (source.trim() === "") return false;
  if (!isLast && isIncomplete(source)) {
    session.pending = `${source}\n`;
    return false;
  }
  session.pending = "";
  const exit = /^\s*(exit|logout)(?:\s+(\d+))?\s*;?\s*$/.exec(source);
  if (exit !== null) {
    session.exitCode = exit[2] === undefined ? session.exitCode : Number(exit[2]) & 255;
    return true;
  }
  const { PWD: cwd, "?": _code, ...env } = session.env ?? {};
  const options = session.env === undefined ? {} : { env, ...(cwd === undefined ? {} : { cwd }) };
  const outcome = await shell.script(source, { env: {}, ...options });
  session.env = outcome.env;
  session.exitCode = outcome.exitCode;
  return shell.context.signal.aborted;
}

/** Open quotes, a trailing backslash, or a compound command without its end. */
function isIncomplete(source: string): boolean {
  if (source.endsWith("\\")) return true;
  const bare = source
    .replace(/\\./g, "")
    .replace(/'[^']*'/g, "")
    .replace(/"[^"]*"/g, "");
  if (/['"]/.test(bare)) return true;
  const count = (words: RegExp) => bare.match(words)?.length ?? 0;
  const opened = count(/(^|[;&|\s])(if|do|case)(?=\s)/g) + count(/(^|\s)\{(?=\s)/g);
  const closed = count(/(^|[;&|\s])(fi|done|esac)(?=$|[;&|\s])/g) + count(/(^|[;\s])\}/g);
  const isLoopHead = /(^|[;&|\s])(while|until|for)\s/.test(bare) && !/\sdo\s|;\s*do\s/.test(bare);
  return opened > closed || isLoopHead;
}

/** Lines as they are completed; undefined for an interrupt (Ctrl-C). */
async function* linesOf(terminal: Terminal): AsyncGenerator<string | undefined> {
  let bytes: number[] = [];
  let skip = 0;
  const take = () => {
    const line = Buffer.from(bytes).toString("utf8");
    bytes = [];
    return line;
  };
  for await (const chunk of terminal.input) {
    for (const byte of chunk) {
      if (skip > 0) {
        skip--;
      } else if (byte === LINE_FEED || (terminal.isTty && byte === CARRIAGE_RETURN)) {
        if (terminal.isTty) terminal.show("\r\n");
        yield take();
      } else if (!terminal.isTty) {
        bytes.push(byte);
      } else if (byte === CTRL_C) {
        terminal.show("^C\r\n");
        bytes = [];
        yield undefined;
      } else if (byte === CTRL_D) {
        if (bytes.length === 0) return;
      } else if (byte === DELETE || byte === BACKSPACE) {
        if (bytes.pop() !== undefined) terminal.show("\b \b");
      } else if (byte === ESCAPE) {
        skip = 2; // an arrow key: escape, bracket, letter
      } else if (byte >= 32) {
        bytes.push(byte);
        terminal.show(String.fromCharCode(byte));
      }
    }
  }
  if (bytes.length > 0) yield take();
}
