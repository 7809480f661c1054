import { expect, test } from "vitest";
import { defaultPullPolicy, imageTag } from "./image-reference.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

test.each<[string, string]>([
  ["nginx", "latest"],
  ["nginx:latest", "latest"],
  ["nginx:1.27", "1.27"],
  ["registry.example.com:5000/team/app", "latest"],
  ["localhost/app:v1", "v1"],
  [`nginx@${DIGEST}`, ""],
  [`nginx:latest@${DIGEST}`, "latest"],
  ["nginx@sha256:abc", ""],
  ["Nginx", ""],
  ["", ""],
  ["a b", ""],
  ["f".repeat(64), ""],
])("tag of %s is %s", (image, tag) => {
  expect(imageTag(image)).toBe(tag);
});

test("only the tag latest is pulled always", () => {
  expect(defaultPullPolicy("nginx")).toBe("Always");
  expect(defaultPullPolicy("nginx:1")).toBe("IfNotPresent");
  expect(defaultPullPolicy(undefined)).toBe("IfNotPresent");
});
