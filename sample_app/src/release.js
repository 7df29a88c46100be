// Which commit and build this is. The build writes release.json; on your own machine there is none.
"use strict";

const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const FILE = join(__dirname, "..", "release.json");

function release(file = FILE) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { commit: "", build: "" };
  }
}

module.exports = { release };
