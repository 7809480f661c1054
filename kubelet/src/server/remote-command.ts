// Exec and attach, whatever the protocol: a protocol opens the channels, the runtime runs the command, and its end goes back as a
// Status (upstream: kubelet/cri/streaming/remotecommand).
import type { Status } from "@coracle/shared/api/types/meta-v1";
import type { ProcessStreams, TerminalSize } from "../cri/runtime.ts";
import type { ChunkQueue } from "./chunk-queue.ts";

export type WriteChunk = (chunk: Uint8Array) => Promise<void> | undefined;

export interface RemoteCommandChannels {
  stdin: ChunkQueue | undefined;
  /** Answers a promise when the client is slower than the process: a runtime may wait for it. */
  stdout: WriteChunk | undefined;
  stderr: WriteChunk | undefined;
  resize: ChunkQueue | undefined;
  /** Aborted when the client is gone. */
  signal: AbortSignal;
  /** Sends the outcome and closes, after all output. */
  finish(status: Status): void;
}

/** Resolves with the exit code (0 for attach). */
export type RunCommand = (streams: ProcessStreams) => Promise<number>;

export interface RemoteCommand {
  run: RunCommand;
  /** "executing command in" or "attaching to": what an error says was being done. */
  doing: string;
  /** For the message of a non-zero exit. */
  argv: readonly string[];
}

export async function runRemoteCommand(
  channels: RemoteCommandChannels,
  command: RemoteCommand,
): Promise<void> {
  const { stdin, stdout, stderr, resize, signal } = channels;
  let status: Status;
  try {
    const exitCode = await command.run({
      stdin,
      stdout,
      stderr,
      resize: resize === undefined ? undefined : terminalSizes(resize),
      signal,
    });
    status = exitStatus(exitCode, command.argv);
  } catch (error) {
    status = failureStatus(`error ${command.doing} container: ${(error as Error).message}`);
  }
  stdin?.discard();
  resize?.discard();
  channels.finish(status);
}

function exitStatus(exitCode: number, argv: readonly string[]): Status {
  if (exitCode === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: error executing command [${argv.join(" ")}], exit code ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

function failureStatus(message: string): Status {
  return {
    metadata: {},
    status: "Failure",
    message: `Internal error occurred: ${message}`,
    reason: "InternalError",
    details: { causes: [{ message }] },
    code: 500,
  };
}

/** What protocol v4 and later write to the error channel is JSON; before, only the words of a failure. */
export function encodeStatus(status: Status, isJson: boolean): Buffer {
  if (isJson) return Buffer.from(JSON.stringify(status));
  return Buffer.from(status.status === "Success" ? "" : (status.message ?? ""));
}

const SIZE_BYTES_MAX = 4096;

/** JSON objects `{"Width":80,"Height":24}`, one after the other, cut anywhere. */
export async function* terminalSizes(
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<TerminalSize> {
  let text = "";
  for await (const chunk of input) {
    text += Buffer.from(chunk).toString("latin1");
    for (let end = text.indexOf("}"); end >= 0; end = text.indexOf("}")) {
      const size = parseSize(text.slice(0, end + 1));
      text = text.slice(end + 1);
      if (size !== undefined) yield size;
    }
    if (text.length > SIZE_BYTES_MAX) return;
  }
}

/** Undefined for what is no size: upstream stops listening to such a client, and so its terminal just keeps its size. */
function parseSize(text: string): TerminalSize | undefined {
  const width = /"Width"\s*:\s*(\d+)/i.exec(text);
  const height = /"Height"\s*:\s*(\d+)/i.exec(text);
  if (width === null || height === null) return undefined;
  return { width: Number(width[1]), height: Number(height[1]) };
}
