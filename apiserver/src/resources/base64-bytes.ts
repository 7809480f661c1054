/** How many bytes a canonical base64 text stands for. */
export function base64Bytes(text: string | null): number {
  if (!text) return 0;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}
