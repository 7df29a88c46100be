// Draws the page. Everything that comes from outside is escaped.
"use strict";

const { STYLE } = require("./style");

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escape(text) {
  return String(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
}

function facts(release, answers, env) {
  return [
    ["Commit", release.commit ? release.commit.slice(0, 7) : "not committed yet"],
    ["Build", release.build ? `number ${release.build}` : "on this machine"],
    ["Function", env.AWS_LAMBDA_FUNCTION_NAME || "none, a plain Node.js server"],
    ["Region", env.AWS_REGION || "here"],
    ["Node.js", process.versions.node],
    ["Answers", `${answers} since this copy was started`],
  ];
}

const row = ([name, value]) => `<div><dt>${escape(name)}</dt><dd>${escape(value)}</dd></div>`;

function page({ greeting, release, answers, env = process.env }) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(greeting)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="way" aria-label="How this page got here">
<span>commit</span><i></i><span>build</span><i></i><span>change set</span><i></i><b>live</b>
</p>
<h1>${escape(greeting)}</h1>
<p class="lead">This page runs without a server: a function woke up to draw it for you. A pipeline
brought it here, and it will bring your next commit as well.</p>
<dl>${facts(release, answers, env).map(row).join("")}</dl>
</main>
</body>
</html>
`;
}

module.exports = { page };
