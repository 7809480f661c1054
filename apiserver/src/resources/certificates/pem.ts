// PEM as Go's encoding/pem reads it: text around the blocks is skipped, and so is a block that is not well-formed.

export interface PemBlock {
  type: string;
  headers: Record<string, string>;
  bytes: Buffer;
}

const BLOCK =
  /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t]*\r?\n([\s\S]*?)(?:^|\n)?-----END ([^\n]*?)-----/g;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const [, type = "", inside = "", end] of text.matchAll(BLOCK)) {
    if (type !== end) continue;
    const headers: Record<string, string> = {};
    const lines = inside.split("\n");
    while (lines[0]?.includes(":")) {
      const [key = "", ...value] = (lines.shift() as string).split(":");
      headers[key.trim()] = value.join(":").trim();
    }
    const body = lines.join("").replace(/[ \t\r\n]/g, "");
    if (body.length % 4 !== 0 || !BASE64.test(body)) continue;
    blocks.push({ type, headers, bytes: Buffer.from(body, "base64") });
  }
  return blocks;
}
