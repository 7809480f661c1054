import { systemClock } from "@coracle/shared/runtime/clock";
import { InMemoryFs } from "just-bash";
import { expect, it } from "vitest";
import { Shell } from "./shell.ts";

interface Ran {
  exitCode: number;
  stdout: string;
  stderr: string;
}

async function run(argv: string[], options: { isShellImage?: boolean } = {}): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const shell = new Shell({
    files: new InMemoryFs({ "/bin-less/start.sh": "echo started $1\n", "/sample.war": "war" }),
    env: { NAME: "coracle" },
    workingDir: "/",
    hostname: "web-1",
    clock: systemClock,
    write: (stream, chunk) => {
      written[stream] += Buffer.from(chunk).toString();
    },
    signal: new AbortController().signal,
    ownProgram: async ([program]) => (program === "server" ? 42 : 1),
    isShellImage: options.isShellImage ?? false,
    mainCommand: "main",
    killMain: () => {},
  });
  return { exitCode: await shell.run(argv), ...written };
}

const sh = (script: string) => run(["sh", "-c", script]);

it.each([
  ["echo one; exit 3", "one\n", 3],
  ["echo $NAME | tr a-z A-Z", "CORACLE\n", 0],
  ["x=$(echo inner); echo got $x", "got inner\n", 0],
  ["f() { echo $1; }; f a; y=$(f b); echo $y", "a\nb\n", 0],
  ["for i in 1 2 3; do echo $i; done | sort -r", "3\n2\n1\n", 0],
  ["i=0; while [ $i -lt 500 ]; do i=$((i+1)); done; echo $i", "500\n", 0],
  ["false; while false; do :; done; echo $?", "0\n", 0],
  ["if [ -f /sample.war ]; then echo there; else echo gone; fi", "there\n", 0],
  ["{ echo a; echo b >&2; } 2>&1", "a\nb\n", 0],
  ["(exit 4) || echo failed $?", "failed 4\n", 0],
  ["echo hi > /out; cat /out; cat < /out", "hi\nhi\n", 0],
  ["set -e; false; echo not reached", "", 1],
  ["trap 'echo bye' EXIT; echo hello", "hello\nbye\n", 0],
  ["sh -c 'echo nested; exit 5'; echo $?", "nested\n5\n", 0],
  ["exec echo replaced; echo not reached", "replaced\n", 0],
  ["hostname; whoami", "web-1\nroot\n", 0],
  ["sleep 0.01 && echo slept", "slept\n", 0],
])("%s", async (script, stdout, exitCode) => {
  expect(await sh(script)).toMatchObject({ stdout, exitCode });
});

it("runs a command with its arguments as they are", async () => {
  const { stdout } = await run(["echo", "a  b", "$NAME", "it's; `ls`"]);
  expect(stdout).toBe("a  b $NAME it's; `ls`\n");
});

it("runs script files, with arguments", async () => {
  expect(await run(["/bin-less/start.sh"])).toMatchObject({ stdout: "started\n", exitCode: 0 });
  expect(await run(["sh", "/bin-less/start.sh", "now"])).toMatchObject({ stdout: "started now\n" });
});

it("takes a program that it does not know for the image's own, unless the image is a shell", async () => {
  expect(await sh("server --port 80")).toMatchObject({ exitCode: 42 });
  const inShell = await run(["sh", "-c", "server; exit $?"], { isShellImage: true });
  expect(inShell).toMatchObject({ exitCode: 127, stderr: "sh: server: not found\n" });
});

it("says what is wrong with a script that cannot be parsed", async () => {
  const { exitCode, stderr } = await sh("if true; then echo");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("syntax error");
});

it("fails when the file to copy is not there", async () => {
  expect(await run(["cp", "/nowhere.war", "/tmp"])).toMatchObject({
    exitCode: 1,
    stderr: "cp: cannot stat '/nowhere.war': No such file or directory\n",
  });
});
