// The page's own rules, without a server.
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { greeting } = require("../src/greeting");
const { page } = require("../src/page");

const release = { commit: "0123456789abcdef", build: "7" };

test("the greeting is a line that fits on the page", () => {
  assert.ok(greeting().length > 0, "greeting.txt is empty");
  assert.ok(greeting().length <= 80, "greeting.txt is longer than 80 characters");
});

test("the page says which commit and build it is", () => {
  const text = page({ greeting: "Hi", release, answers: 1, env: {} });
  assert.ok(text.includes("0123456"));
  assert.ok(text.includes("number 7"));
});

test("a greeting cannot become markup", () => {
  const text = page({ greeting: "<script>1</script>", release, answers: 1, env: {} });
  assert.ok(!text.includes("<script>"));
});
