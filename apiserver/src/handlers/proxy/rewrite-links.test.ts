import { describe, expect, test } from "vitest";
import { rewriteHtml, rewriteLink } from "./rewrite-links.ts";

const prefix = "/api/v1/namespaces/ns/pods/web/proxy";
const rewriting = { prefix, hosts: ["127.0.0.1:6443", "10.0.0.1:80"] };

describe("a link", () => {
  test.each([
    ["/x/y?z#a", `${prefix}/x/y?z#a`],
    ["/", `${prefix}/`],
    ["x/y", "x/y"],
    ["../x", "../x"],
    ["?q", "?q"],
    ["http://10.0.0.1:80/x", `${prefix}/x`],
    ["//127.0.0.1:6443/x", `${prefix}/x`],
    ["https://else.where/x", "https://else.where/x"],
    [`${prefix}/x`, `${prefix}/x`],
    ["mailto:a@b", "mailto:a@b"],
  ])("%s", (link, expected) => {
    expect(rewriteLink(link, rewriting)).toBe(expected);
  });
});

describe("a page", () => {
  test.each([
    [`<a href="/x">`, `<a href="${prefix}/x">`],
    [`<A HREF='/x' class=b>`, `<A HREF='${prefix}/x' class=b>`],
    [`<img alt="/x" src=/y />`, `<img alt="/x" src=${prefix}/y />`],
    [`<p title="/x">/x</p>`, `<p title="/x">/x</p>`],
    [
      `<script src="/a.js"></script><!-- <b> -->`,
      `<script src="${prefix}/a.js"></script><!-- <b> -->`,
    ],
    [`<form action="go" method=post>`, `<form action="go" method=post>`],
  ])("%s", (html, expected) => {
    expect(rewriteHtml(html, rewriting)).toBe(expected);
  });
});
