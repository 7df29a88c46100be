// The function as API Gateway calls it, and the template that says which function that is.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { test } = require("node:test");
const { handler } = require("../src/lambda");

const TEMPLATE = readFileSync(join(__dirname, "..", "template.yaml"), "utf8");

function event(path) {
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: "",
    headers: { host: "example.com" },
    requestContext: { http: { method: "GET", path, sourceIp: "127.0.0.1" }, stage: "$default" },
    isBase64Encoded: false,
  };
}

test("the function answers an event of API Gateway with the page", async () => {
  const answer = await handler(event("/"), {});
  assert.equal(answer.statusCode, 200);
  assert.match(answer.body, /<h1>/);
});

test("the template names a handler that exists", () => {
  const [file, member] = TEMPLATE.match(/^ *Handler: *(\S+)$/m)[1].split(".");
  assert.equal(typeof require(join(__dirname, "..", file))[member], "function");
});
