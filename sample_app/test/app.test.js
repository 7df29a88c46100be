// The page as a browser meets it: a real server, real requests.
"use strict";

const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const { app } = require("../src/app");
const { greeting } = require("../src/greeting");

let server;
let home;

before(async () => {
  server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  home = `http://127.0.0.1:${server.address().port}`;
});

after(() => server.close());

test("the page greets", async () => {
  const response = await fetch(home);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type"), /text\/html/);
  assert.ok((await response.text()).includes("<h1>"));
});

test("the version names the greeting", async () => {
  const response = await fetch(`${home}/version`);
  assert.equal((await response.json()).greeting, greeting());
});

test("what is not there is a 404", async () => {
  const response = await fetch(`${home}/nowhere`);
  assert.equal(response.status, 404);
});
