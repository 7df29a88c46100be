// Small comforts on top of pages that work without scripts: copying, times, colours, folding.
"use strict";

const words = () => JSON.parse(document.body.dataset.words);
const say = (words) => { document.getElementById("said").textContent = words; };

// ---- Copy buttons: made here, for without scripts they would do nothing.
function addCopyButtons(root) {
  for (const block of root.querySelectorAll("[data-copy]:not([data-ready])")) {
    block.dataset.ready = "";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn small copy";
    button.textContent = words().copy;
    button.addEventListener("click", () => copy(block, button));
    block.append(button);
  }
}

async function copy(block, button) {
  const code = block.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent.trimEnd());
    button.textContent = words().copied;
    say(words().copied);
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = words().pressCopy;
  }
  setTimeout(() => { button.textContent = words().copy; }, 1800);
}

// ---- Times that go on by themselves.
const inWords = (seconds) => {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d`;
};

// The server's time, by this machine's clock: that one may be hours off.
let ahead = Date.now() - Number(document.body.dataset.now || Date.now() / 1000) * 1000;
const atServer = () => Date.now() - ahead;
document.addEventListener("htmx:afterOnLoad", (event) => {
  const said = Date.parse(event.detail.xhr.getResponseHeader("Date"));
  if (Math.abs(said - atServer()) > 2500) ahead = Date.now() - said; // it was set meanwhile, or is so
});
const asClock = (seconds) => {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(String);
  return hours === "0" ? `${minutes}:${rest.padStart(2, "0")}` : `${hours}:${minutes.padStart(2, "0")}:${rest.padStart(2, "0")}`;
};

function tick(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const seconds = Math.max(0, Math.round((atServer() - at) / 1000));
    let shown = at.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    if ("ago" in time.dataset) shown = seconds < 5 ? words().now : words().ago.replace("{time}", inWords(seconds));
    if ("since" in time.dataset) shown = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    if ("day" in time.dataset) shown = at.toLocaleString(document.documentElement.lang, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
    if ("until" in time.dataset) shown = asClock(Math.max(0, Math.round((at - atServer()) / 1000)));
    if (time.textContent !== shown) time.textContent = shown;
  }
}

// ---- Times that are typed are those of the reader's own zone; without scripts they are in UTC.
function typeInOwnZone(form) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || form.zone.value !== "UTC" || zone === "UTC") return;
  for (const field of form.querySelectorAll("[type='datetime-local']")) {
    const at = new Date(`${field.value}Z`);
    if (Number.isNaN(at.getTime())) continue;
    at.setMinutes(at.getMinutes() - at.getTimezoneOffset());
    field.value = at.toISOString().slice(0, 16);
  }
  form.zone.value = zone;
  form.querySelector("[data-zone-said]").textContent = zone;
}

// ---- A file that the form would not take is told before it is sent.
function weigh(event) {
  const { files, dataset } = event.target;
  if (!dataset?.most) return;
  const tooBig = files.length > 0 && files[0].size > Number(dataset.most) - 8192;
  event.target.closest("form").querySelector("[data-too-big]").hidden = !tooBig;
  if (tooBig) event.target.value = "";
}

// ---- What has opened beside the task shuts again; who had the focus there gets back to the button.
function shut(event) {
  const link = event.target.closest("[data-shuts]");
  const opened = link && document.getElementById(link.dataset.shuts);
  if (!opened) return;
  event.preventDefault();
  opened.replaceChildren();
  document.getElementById("do")?.focus();
}

// ---- All of a list at once: a box that only scripts can serve, so that it shows only where they run.
for (const all of document.querySelectorAll("[data-ticks]")) {
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const one of all.form.querySelectorAll(`[name="${all.dataset.ticks}"]`)) one.checked = all.checked;
  });
}

// ---- Light and dark, without loading the page anew.
function chooseTheme(event) {
  const form = event.target.closest("form.themes");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const theme = event.submitter.value;
  document.documentElement.dataset.theme = theme;
  document.cookie = `theme=${theme};path=/;max-age=15552000;samesite=lax`;
  form.querySelector(theme === "dark" ? ".to-light" : ".to-dark").focus();
}

// ---- What is too wide for the screen can be scrolled by keyboard as well.
const reachable = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

// ---- What is told above everything hides nothing: the sides begin below it.
new ResizeObserver(([{ target }]) => {
  document.documentElement.style.setProperty("--notice", `${target.offsetHeight}px`);
}).observe(document.getElementById("notice"));

// ---- Sides fold away where there is no room for them.
function foldByWidth(fold) {
  const narrow = matchMedia(`(max-width: ${fold.dataset.fold}px)`);
  const follow = () => { fold.open = !narrow.matches; };
  follow();
  narrow.addEventListener("change", follow);
}

// ---- The terminal's credentials, beside the page.
function openDialog(event) {
  const opener = event.detail.requestConfig.elt.closest("[data-opens]");
  const dialog = opener && document.getElementById(opener.dataset.opens);
  if (!dialog || dialog.open) return;
  dialog.dataset.opener = opener.id;
  dialog.showModal();
}
// What opened it may have been drawn anew meanwhile: who closes it is back there all the same.
document.addEventListener("close", (event) => {
  const { opener } = event.target.dataset;
  if (opener) document.getElementById(opener)?.focus();
}, true);

// ---- What is left on the timer: the server says how much, and only time that passes here is counted.
const timer = { left: 0, since: 0 };
function setTimer(root) {
  const chip = root.matches?.("#timer") ? root : root.querySelector("#timer");
  if (!chip || chip.hidden) return;
  timer.left = Number(chip.dataset.left);
  timer.since = Date.now();
  count();
}

const leftInWords = (seconds) => {
  if (seconds <= 0) return words().timeUp;
  const time = seconds < 300 ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : inWords(seconds);
  return words().left.replace("{time}", time);
};

function count() {
  const chip = document.getElementById("timer");
  if (!chip || chip.hidden) return;
  const gone = "counting" in chip.dataset ? Math.floor((Date.now() - timer.since) / 1000) : 0;
  const left = Math.max(0, timer.left - gone);
  const was = Number(chip.dataset.shown ?? left);
  chip.dataset.shown = left;
  chip.classList.toggle("soon", left > 0 && left <= 300);
  chip.classList.toggle("over", left === 0);
  const shown = leftInWords(left);
  const label = chip.querySelector("span");
  if (label.textContent !== shown) label.textContent = shown;
  if (was > 300 && left <= 300 && left) say(words().fiveMinutes);
  if (was > 0 && !left) say(words().timeUp);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
  if (event.target.closest("[data-dismiss]")) event.target.closest(".flash").remove();
  if (event.target.matches("dialog")) event.target.close();
  if (event.target.closest("[data-print]")) print();
  shut(event);
});

document.addEventListener("submit", (event) => {
  chooseTheme(event);
  const once = event.target.closest("form[data-once]");
  if (once) setTimeout(() => once.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
});

document.addEventListener("change", weigh);

// Back to a page that the browser has kept: its forms may be used again, and it looks again.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// ---- htmx: quiet while nobody looks, and honest when the pages do not answer.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { poll, live, pace } = event.detail.elt.dataset;
  if (poll !== undefined && document.hidden || live !== undefined && busy()) event.preventDefault();
  else if (pace && !due(event.detail)) event.preventDefault();
});

// Who types, or has something open beside the task, is not to be disturbed.
let typedAt = 0;
document.addEventListener("input", () => { typedAt = Date.now(); });
const busy = () => document.activeElement?.matches("#help :not(h2)") || Date.now() - typedAt < 2000;

// What finds nothing new looks less and less often (data-pace: seconds), until something is done; and all
// the less often, the busier the server says that it is.
const looks = new WeakMap();
let stretch = Number(document.body.dataset.stretch) || 1;
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  stretch = Number(detail.xhr?.getResponseHeader("X-Pace")) || stretch;
});
function due({ elt, requestConfig }) {
  if (!looks.has(elt)) looks.set(elt, { at: Date.now() - beat(elt), still: 0 });
  const look = looks.get(elt);
  const asked = ["work", "back"].includes(requestConfig.triggeringEvent?.type);
  const pauses = elt.dataset.pace.split(" ").map(Number);
  const usual = pauses[Math.min(look.still, pauses.length - 1)];
  const pause = asked ? 1 : Math.min(usual * stretch, Math.max(usual, 40));
  if (Date.now() - look.at < pause * 950) return false; // ticks come a little early, or late
  looks.set(elt, { at: Date.now(), still: asked ? 0 : look.still + 1 });
  return true;
}

// Milliseconds between two turns of what asks by itself.
function beat(elt) {
  const [, every, unit] = elt.getAttribute("hx-trigger").match(/every ([\d.]+)(ms|s)/);
  return every * (unit === "s" ? 1000 : 1);
}

// What has been typed stays when the task turns by itself: it may have been moved on in another tab.
let typed = [];
const altered = (field) => field.type === "radio" ? field.checked && !field.defaultChecked
  : field.value !== field.defaultValue;
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (target.id !== "task") return;
  // What was sent has been used, and help answers in one's place.
  const used = requestConfig.verb === "post" && /\/(do|over|catch-up)$/.test(requestConfig.path);
  typed = used ? [] : [...target.querySelectorAll("input[id]")]
    .filter((field) => altered(field) && requestConfig.formData.get(field.name) !== field.value)
    .map(({ id, value, selectionStart, selectionEnd }) => ({ id, value, selectionStart, selectionEnd }));
  const { top, bottom } = target.getBoundingClientRect();
  const away = top > innerHeight || bottom < 0 || document.activeElement?.matches("#task input");
  // Nobody is carried off to the end of a page that they are reading, or out of a field.
  if (requestConfig.elt.dataset.poll !== undefined && away) {
    event.detail.serverResponse = event.detail.serverResponse.replaceAll(" autofocus", "");
  }
});
document.addEventListener("htmx:afterSwap", () => {
  for (const { id, value, selectionStart, selectionEnd } of typed.splice(0)) {
    const field = document.getElementById(id);
    if (field?.type === "radio") field.checked = true;
    else if (field) {
      field.value = value;
      if (field === document.activeElement) field.setSelectionRange(selectionStart, selectionEnd);
    }
  }
});
// Who comes back to the page has done something elsewhere: it looks at once.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.body.dispatchEvent(new Event("work"));
  document.body.dispatchEvent(new Event("back"));
});
addEventListener("focus", () => document.body.dispatchEvent(new Event("back")));
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.triggeringEvent?.type === "back") event.detail.parameters.set("back", "1");
});
document.addEventListener("htmx:sendError", () => {
  const notice = document.getElementById("notice");
  if (notice.querySelector("[data-unreachable]")) return;
  const told = document.createElement("p");
  told.className = "flash bad";
  told.dataset.unreachable = "";
  told.textContent = words().unreachable;
  notice.replaceChildren(told);
});
document.addEventListener("htmx:afterOnLoad", () => document.querySelector("[data-unreachable]")?.remove());
document.addEventListener("htmx:afterSwap", openDialog);
document.addEventListener("htmx:load", (event) => {
  addCopyButtons(event.detail.elt);
  tick(event.detail.elt);
  setTimer(event.detail.elt);
});

addCopyButtons(document);
document.querySelectorAll("form[data-zoned]").forEach(typeInOwnZone);
document.querySelectorAll("[data-fold]").forEach(foldByWidth);
document.querySelectorAll(".diagram, .prose table").forEach((wide) => reachable.observe(wide));
document.querySelectorAll("[data-print]").forEach((button) => { button.hidden = false; });
tick(document);
setTimer(document);
setInterval(() => { tick(document); count(); }, 1000);

// Where the pages of an event do not all fit beside each other, the one that is shown is in sight.
document.querySelector(".event-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
