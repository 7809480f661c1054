import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExecRequest, ProcessStreams, RuntimeService, TerminalSize } from "../cri/runtime.ts";
import { terminalSizes } from "./remote-command.ts";
import { ServerScene, textOf } from "./server-scene.ts";

let scene: ServerScene;
beforeEach(async () => {
  scene = await ServerScene.open();
  await scene.backend.start("main");
});
afterEach(() => scene.close());

const EXEC = "/exec/default/web/main";
const sh = (script: string, streams = "stdout=true&stderr=true") =>
  `${EXEC}?command=sh&command=-c&command=${encodeURIComponent(script)}&${streams}`;

const SUCCESS = { metadata: {}, status: "Success" };
const exitWith = (code: number, argv: string) => ({
  metadata: {},
  status: "Failure",
  message: `command terminated with non-zero exit code: error executing command [${argv}], exit code ${code}`,
  reason: "NonZeroExitCode",
  details: { causes: [{ reason: "ExitCode", message: String(code) }] },
});

/** Replaces what exec does. */
function onExec(run: (request: ExecRequest, streams: ProcessStreams) => Promise<number>): void {
  const runtime = { exec: run } as unknown as RuntimeService;
  scene.backend.findContainer = async () => ({ runtime, containerId: "c", tty: false });
}

/** A command that tells when it has started and why it ended. */
function untilAborted(): { started: Promise<ProcessStreams>; aborted: Promise<void> } {
  let tellStarted: (streams: ProcessStreams) => void = () => {};
  let tellAborted: () => void = () => {};
  const started = new Promise<ProcessStreams>((resolve) => {
    tellStarted = resolve;
  });
  const aborted = new Promise<void>((resolve) => {
    tellAborted = resolve;
  });
  onExec(
    (_request, streams) =>
      new Promise((resolve) => {
        tellStarted(streams);
        streams.signal.addEventListener("abort", () => {
          tellAborted();
          resolve(137);
        });
      }),
  );
  return { started, aborted };
}

describe("exec over SPDY", () => {
  it("runs a command and tells its exit code", async () => {
    const client = await scene.spdy(sh("echo out; echo err >&2; exit 3"));
    const { error, stdout, stderr } = await client.command("error", "stdout", "stderr");
    await client.closed;
    expect(stdout?.text).toBe("out\n");
    expect(stderr?.text).toBe("err\n");
    expect(stdout?.isReplied && stdout.isEnded && client.isGoneAway).toBe(true);
    expect(JSON.parse(error?.text ?? "")).toEqual(
      exitWith(3, "sh -c echo out; echo err >&2; exit 3"),
    );
  });

  it("half-closes stdin", async () => {
    const client = await scene.spdy(`${EXEC}?command=cat&stdin=true&stdout=true`);
    const { error, stdin, stdout } = await client.command("error", "stdin", "stdout");
    client.send(stdin!, "a");
    client.send(stdin!, "b\n");
    client.send(stdin!, "", true);
    await client.closed;
    expect(stdout?.text).toBe("ab\n");
    expect(JSON.parse(error?.text ?? "")).toEqual(SUCCESS);
  });

  it("takes upstream's own words for the streams, and answers pings", async () => {
    const client = await scene.spdy(`${EXEC}?command=cat&input=1&output=1`);
    const { stdin, stdout } = await client.command("error", "stdin", "stdout");
    client.control(6, Buffer.from([0, 0, 0, 7]));
    await expect.poll(() => client.pings).toEqual([7]);
    client.send(stdin!, "x", true);
    await client.closed;
    expect(stdout?.text).toBe("x");
  });

  it("speaks plain words before protocol v4", async () => {
    const client = await scene.spdy(sh("exit 3"), "v3.channel.k8s.io");
    const { error } = await client.command("error", "stdout", "stderr");
    await client.closed;
    expect(error?.text).toContain("command terminated with non-zero exit code");
  });

  it("tells why a command could not be started", async () => {
    const client = await scene.spdy(`${EXEC}?command=nosuch&stdout=true`);
    const { error } = await client.command("error", "stdout");
    await client.closed;
    const status = JSON.parse(error?.text ?? "");
    expect(status).toMatchObject({ status: "Failure", reason: "InternalError", code: 500 });
    expect(status.message).toMatch(
      /^Internal error occurred: error executing command in container: .*"nosuch": executable file not found in \$PATH/,
    );
  });

  it("resets a stream that it does not know", async () => {
    const client = await scene.spdy(sh("true"));
    const stream = await client.open({ streamtype: "nonsense" });
    await expect.poll(() => stream.isReset).toBe(true);
    await client.command("error", "stdout", "stderr");
    await client.closed;
  });

  it("refuses before the upgrade what cannot be run", async () => {
    await expect(scene.spdy("/exec/default/web/nosuch?command=ls&stdout=1")).rejects.toThrow(
      '500 container not found ("nosuch")',
    );
    await expect(scene.spdy("/attach/default/web/nosuch?stdout=1")).rejects.toThrow(
      "500 container nosuch not found in pod web_default",
    );
    await expect(scene.spdy("/exec/default/nobody/main?command=ls&stdout=1")).rejects.toThrow(
      "404 pod does not exist",
    );
    await expect(scene.spdy(`${EXEC}?command=ls`)).rejects.toThrow(
      "400 you must specify at least 1 of stdin, stdout, stderr",
    );
    await expect(scene.spdy(sh("true"), "v9.channel.k8s.io")).rejects.toThrow(
      "403 unable to upgrade: unable to negotiate protocol: client supports [v9.channel.k8s.io], server accepts [v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io channel.k8s.io]",
    );
    await expect(scene.upgrade(sh("true"), [])).rejects.toThrow("400 unable to upgrade: header");
  });

  it("aborts the command when the client goes away", async () => {
    const command = untilAborted();
    const client = await scene.spdy(sh("sleep 1000"));
    await client.command("error", "stdout", "stderr");
    await command.started;
    client.socket.destroy();
    await command.aborted;
  });

  it("stops reading from a client whose command does not read, and goes on when it does", async () => {
    let read: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      read = resolve;
    });
    onExec(async (_request, { stdin, stdout }) => {
      await gate;
      stdout?.(Buffer.from(String((await textOf(stdin!)).length)));
      return 0;
    });
    const client = await scene.spdy(`${EXEC}?command=x&stdin=true&stdout=true`);
    const { stdin, stdout } = await client.command("error", "stdin", "stdout");
    const chunk = Buffer.alloc(1024 * 1024, "x");
    // Socket buffers hold a few megabytes; what is written after that waits in this process.
    for (let i = 0; i < 32; i++) client.send(stdin!, chunk);
    client.control(6, Buffer.from([0, 0, 0, 9]));
    client.send(stdin!, "", true);
    expect(client.socket.writableLength).toBeGreaterThan(8 * 1024 * 1024);
    expect(client.pings).toEqual([]);
    read();
    await client.closed;
    expect(stdout?.text).toBe(String(32 * 1024 * 1024));
    expect(client.pings).toEqual([9]);
  });

  it("tells a command that writes faster than the client reads", async () => {
    const rooms: boolean[] = [];
    onExec(async (_request, { stdout }) => {
      const chunk = Buffer.alloc(1024 * 1024, "x");
      for (let i = 0; i < 32; i++) {
        const room = stdout?.(chunk) as Promise<void> | undefined;
        rooms.push(room === undefined);
        await room;
      }
      return 0;
    });
    const client = await scene.spdy(`${EXEC}?command=x&stdout=true`);
    const { stdout } = await client.command("error", "stdout");
    await client.closed;
    expect(rooms).toContain(false);
    expect(stdout?.byteCount).toBe(32 * 1024 * 1024);
  });
});

describe("exec over WebSocket", () => {
  it.each(["v5.channel.k8s.io", "v4.channel.k8s.io"])("runs a command: %s", async (protocol) => {
    const client = await scene.webSocket(sh("echo out; echo err >&2; exit 3"), [protocol]);
    expect(await client.closed).toBe(1000);
    expect(client.text(1)).toBe("out\n");
    expect(client.text(2)).toBe("err\n");
    expect(JSON.parse(client.text(3))).toEqual(exitWith(3, "sh -c echo out; echo err >&2; exit 3"));
  });

  it("takes the close signal of v5 for the end of stdin", async () => {
    const client = await scene.webSocket(`${EXEC}?command=cat&stdin=true&stdout=true`, [
      "v5.channel.k8s.io",
      "v4.channel.k8s.io",
    ]);
    client.send(0, "typed\n");
    client.send(255, 0);
    expect(await client.closed).toBe(1000);
    expect(client.text(1)).toBe("typed\n");
    expect(JSON.parse(client.text(3))).toEqual(SUCCESS);
  });

  it("hands on the size of the terminal", async () => {
    const sizes: TerminalSize[] = [];
    onExec(async ({ tty }, { resize, stderr }) => {
      expect(tty).toBe(true);
      expect(stderr).toBeUndefined();
      for await (const size of resize!) {
        sizes.push(size);
        if (sizes.length === 2) break;
      }
      return 0;
    });
    const client = await scene.webSocket(`${EXEC}?command=sh&stdin=1&stdout=1&stderr=1&tty=1`, [
      "v5.channel.k8s.io",
    ]);
    client.send(4, '{"Width":80,"Height":24}\n');
    client.send(4, '{"Width":100,"Height":30}');
    await client.closed;
    expect(sizes).toEqual([
      { width: 80, height: 24 },
      { width: 100, height: 30 },
    ]);
  });

  it("aborts the command when the client goes away", async () => {
    const command = untilAborted();
    const client = await scene.webSocket(sh("sleep 1000"), ["v5.channel.k8s.io"]);
    await command.started;
    client.webSocket.terminate();
    await command.aborted;
  });

  it("refuses a subprotocol that it does not know", async () => {
    await expect(scene.webSocket(sh("true"), ["v9.channel.k8s.io"])).rejects.toThrow("403");
  });
});

describe("attach", () => {
  it("gives the container's own stdin and output, and ends with it", async () => {
    await scene.backend.start("talk", { stdin: true, stdinOnce: true, command: ["cat"] });
    const client = await scene.spdy("/attach/default/web/talk?stdin=true&stdout=true&stderr=true");
    const { error, stdin, stdout } = await client.command("error", "stdin", "stdout", "stderr");
    client.send(stdin!, "hello\n", true);
    await client.closed;
    expect(stdout?.text).toBe("hello\n");
    expect(JSON.parse(error?.text ?? "")).toEqual(SUCCESS);
  });
});

it("reads terminal sizes however they are cut, and passes over what is none", async () => {
  async function* chunks() {
    yield Buffer.from('{"Width":80,"Hei');
    yield Buffer.from('ght":24}{"Width":1}\n{"Height":2,"Width":3}');
  }
  const sizes: TerminalSize[] = [];
  for await (const size of terminalSizes(chunks())) sizes.push(size);
  expect(sizes).toEqual([
    { width: 80, height: 24 },
    { width: 3, height: 2 },
  ]);
});
