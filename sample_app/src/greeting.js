// The words at the top of the page: the first line of greeting.txt.
"use strict";

const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const FILE = join(__dirname, "..", "greeting.txt");

function greeting() {
  return readFileSync(FILE, "utf8").split("\n")[0].trim();
}

module.exports = { greeting };
