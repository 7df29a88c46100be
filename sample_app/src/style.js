// The page's one style sheet: light by day, dark by night, readable on a phone.
"use strict";

const STYLE = `
:root { color-scheme: light dark;
  --paper: light-dark(#faf7f2, #12141a); --ink: light-dark(#1c1b22, #eceaf2);
  --muted: light-dark(#5c5a66, #a9a7b5); --line: light-dark(#e3ddd2, #2d303b);
  --card: light-dark(#ffffff, #1a1d26); --accent: light-dark(#4338ca, #a5b4fc);
  --glow: light-dark(#e9e6ff, #232648); --live: light-dark(#15803d, #5ad18a) }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px;
  color: var(--ink); font: 17px/1.6 ui-sans-serif, system-ui, "Segoe UI", sans-serif;
  background: radial-gradient(60rem 40rem at 15% -10%, var(--glow), transparent 70%) var(--paper) }
main { width: min(44rem, 100%); background: var(--card); border: 1px solid var(--line);
  border-radius: 20px; padding: clamp(24px, 6vw, 56px); box-shadow: 0 20px 60px rgb(0 0 0 / .08) }
h1 { font-size: clamp(2rem, 7vw, 3.4rem); line-height: 1.1; letter-spacing: -.03em;
  margin: .5em 0 .35em; text-wrap: balance; overflow-wrap: anywhere }
.lead { color: var(--muted); max-width: 34em; margin: 0 0 2em }
.way { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin: 0;
  color: var(--muted); font-size: .82rem; letter-spacing: .02em }
.way span, .way b { border: 1px solid var(--line); border-radius: 99px; padding: 2px 12px }
.way b { color: var(--live); border-color: currentColor }
.way i { width: 18px; height: 1px; background: var(--line) }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); margin: 0;
  gap: 1px; background: var(--line); border: 1px solid var(--line); border-radius: 12px;
  overflow: hidden }
dl div { background: var(--card); padding: 12px 16px }
dt { color: var(--muted); font-size: .8rem }
dd { margin: 0; font: .88rem/1.5 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere }
`;

module.exports = { STYLE };
