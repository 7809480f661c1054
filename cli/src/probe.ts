// `coracle probe`: the health check of a container, which has node and no curl.
import { readFileSync } from "node:fs";
import { get as getPlain } from "node:http";
import { get as getSecure } from "node:https";
import { join } from "node:path";
import { CliError } from "./cli-error.ts";
import { dataDirectory } from "./data-directory.ts";

const ANSWER_MS_MAX = 3_000;

/** Resolves when the URL answers 200. Throws CliError otherwise. */
export async function probe(url: string, dataDir: string): Promise<void> {
  const status = await (url.startsWith("https:") ? secureStatus(url, dataDir) : plainStatus(url));
  if (status !== 200) throw new CliError(`${url} answers with status ${status}`);
}

function plainStatus(url: string): Promise<number> {
  return answered(getPlain(url, { timeout: ANSWER_MS_MAX }), url);
}

/** With the admin's certificate. */
function secureStatus(url: string, dataDir: string): Promise<number> {
  const { pki } = dataDirectory(dataDir);
  const read = (name: string) => readFileSync(join(pki, name));
  const [ca, cert, key] = [read("ca.crt"), read("admin.crt"), read("admin.key")];
  return answered(getSecure(url, { ca, cert, key, timeout: ANSWER_MS_MAX }), url);
}

function answered(request: ReturnType<typeof getPlain>, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", (error) => reject(new CliError(`${url}: ${error.message}`)));
  });
}
