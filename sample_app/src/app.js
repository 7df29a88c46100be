// The application: one page, one JSON answer. It knows nothing of Lambda.
"use strict";

const express = require("express");
const { greeting } = require("./greeting");
const { page } = require("./page");
const { release } = require("./release");

const app = express();
app.disable("x-powered-by");

let answers = 0;

app.get("/", (request, response) => {
  answers += 1;
  response.set("Cache-Control", "no-store");
  response.type("html").send(page({ greeting: greeting(), release: release(), answers }));
});

app.get("/version", (request, response) => {
  response.set("Cache-Control", "no-store");
  response.json({ greeting: greeting(), ...release() });
});

app.use((request, response) => {
  response.status(404).type("text").send(`There is nothing at ${request.path}\n`);
});

module.exports = { app };
