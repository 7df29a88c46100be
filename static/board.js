// The board: what has changed is put in its place; search, order and choice happen here, at once.
// Without scripts the server does all that by the address (workshop/room/order.py, in the same way).
"use strict";

(() => {
  const main = document.querySelector("main[data-silent]");
  const body = document.getElementById("rows");
  const form = document.getElementById("wish");
  const SILENCE = 6000;

  // ---- What each row is, read once and when it changes; never asked of the page while it is laid out.
  const people = new Map();
  const fold = (words) => words.toLowerCase();

  function read(row) {
    const [done, at, stuck, active, hand] = row.dataset.o.split(" ").map(Number);
    const head = row.cells[0];
    const handle = head.querySelector("a").textContent;
    const name = head.querySelector("span")?.textContent ?? "";
    return {
      row, handle, words: fold(`${handle} ${name}`), done, at, minutes: stuck, active, hand,
      stuck: row.classList.contains("stuck"), away: row.classList.contains("away"),
      finished: row.classList.contains("fin"),
    };
  }

  const byHandle = (a, b) => (a.handle < b.handle ? -1 : Number(a.handle > b.handle));
  const ORDERS = {
    name: () => 0,
    progress: (a, b) => b.done - a.done,
    stuck: (a, b) => Number(b.stuck) - Number(a.stuck) || b.minutes - a.minutes,
    hands: (a, b) => Number(b.hand > 0) - Number(a.hand > 0) || a.hand - b.hand,
    active: (a, b) => b.active - a.active,
  };
  const SHOWS = {
    all: () => true,
    stuck: (one) => one.stuck,
    hands: (one) => one.hand > 0,
    away: (one) => one.away,
    finished: (one) => one.finished,
  };

  // ---- Order and choice.
  function arrange() {
    const wish = new FormData(form);
    const shows = SHOWS[wish.get("show")] ?? SHOWS.all;
    const order = ORDERS[wish.get("sort")] ?? ORDERS.name;
    const at = form.elements.at.selectedIndex - 1; // the first one is "any"
    const words = fold(wish.get("q").trim());
    let shown = 0;
    for (const one of people.values()) {
      const visible = shows(one) && (at < 0 || one.at === at) && (!words || one.words.includes(words));
      shown += visible;
      if (one.row.hidden === visible) one.row.hidden = !visible;
    }
    place([...people.values()].sort((a, b) => order(a, b) || byHandle(a, b)));
    say(shown);
    mark(at);
  }

  // Rows that are in their place stay there; when many are not, all are put down anew at once.
  const FEW = 60;
  function place(sorted) {
    const rows = body.rows;
    let wrong = 0;
    for (const [number, row] of [...rows].entries()) wrong += sorted[number].row !== row;
    if (!wrong) return;
    const focused = document.activeElement;
    if (wrong > FEW) {
      body.replaceChildren(...sorted.map((one) => one.row));
    } else {
      let next = body.firstElementChild;
      for (const { row } of sorted) {
        if (row === next) next = next.nextElementSibling;
        else body.insertBefore(row, next);
      }
    }
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  function say(shown) {
    const output = document.getElementById("shown");
    const words = output.dataset.words.replace("{shown}", shown).replace("{all}", people.size);
    if (output.textContent !== words) output.textContent = words;
    document.getElementById("nobody").hidden = shown > 0;
  }

  function mark(at) {
    for (const link of document.querySelectorAll("[aria-current='step']")) link.removeAttribute("aria-current");
    for (const link of document.querySelectorAll(`.flow [data-at="${at}"], thead [data-at="${at}"]`)) {
      link.setAttribute("aria-current", "step");
    }
  }

  function remember() {
    const asked = new URLSearchParams(new FormData(form));
    for (const [key, value] of [...asked]) {
      if (!value || value === "all" || value === "name" && key === "sort") asked.delete(key);
    }
    history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
  }

  function wishChanged() {
    arrange();
    remember();
  }

  function choose(event) {
    const link = event.target.closest("[data-at], [data-show]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { at, show } = link.dataset;
    if (at !== undefined) {
      const same = form.elements.at.selectedIndex === Number(at) + 1;
      form.elements.at.selectedIndex = same ? 0 : Number(at) + 1;
    } else {
      form.elements.show.value = form.elements.show.value === show ? "all" : show;
      if (show in ORDERS) form.elements.sort.value = show;
    }
    wishChanged();
  }

  // ---- What has changed.
  function merge(live) {
    const changed = live.querySelector("#changed");
    const gone = live.querySelector("#gone");
    for (const key of gone ? gone.dataset.keys.split(" ") : []) {
      document.getElementById(key)?.remove();
      people.delete(key);
    }
    if (!changed && !gone) return;
    for (const row of changed ? [...changed.content.querySelectorAll("tr")] : []) replace(row);
    changed?.remove();
    gone?.remove();
    arrange();
  }

  function replace(row) {
    const old = document.getElementById(row.id);
    if (old) {
      const focused = old.contains(document.activeElement);
      row.hidden = old.hidden;
      old.replaceWith(row);
      if (focused) row.querySelector("a").focus({ preventScroll: true });
    } else {
      body.append(row);
    }
    people.set(row.id, read(row));
  }

  // ---- A line now and then for those who listen: not each change, but how things stand.
  let summed = "";
  function sum() {
    const now = document.querySelector("[data-summary]")?.dataset.summary;
    const told = document.getElementById("summary");
    if (now && told && now !== summed) told.textContent = summed = now;
  }

  // ---- Nothing heard: said, with since when. Counted by a clock that nobody sets.
  let heard = performance.now();
  const inWords = (ms) => (ms < 60000 ? `${Math.floor(ms / 1000)} s` : `${Math.floor(ms / 60000)} min`);
  function listen() {
    if (document.hidden) heard = performance.now(); // a page in the background does not ask
    const silent = performance.now() - heard;
    main.classList.toggle("silent", silent > SILENCE);
    const notice = document.getElementById("notice");
    let told = notice.querySelector("[data-unreachable]");
    if (silent <= SILENCE) return;
    if (!told) {
      told = document.createElement("p");
      told.className = "flash bad";
      told.dataset.unreachable = "";
      notice.replaceChildren(told);
    }
    told.textContent = main.dataset.silent.replace("{time}", inWords(silent));
  }

  function answered(event) {
    const { xhr } = event.detail;
    if (!xhr || xhr.status === 0 || xhr.status >= 500) return;
    heard = performance.now();
    document.querySelector("[data-unreachable]")?.remove();
  }

  // ---- The timer on the screen: the server says what is left, this counts what passes here.
  let timer = { left: 0, since: 0 };
  function setTimer() {
    const chip = document.getElementById("screen-timer");
    if (chip) timer = { left: Number(chip.dataset.left), since: performance.now() };
  }
  function count() {
    const chip = document.getElementById("screen-timer");
    if (!chip || !("counting" in chip.dataset)) return;
    const left = Math.max(0, Math.round(timer.left - (performance.now() - timer.since) / 1000));
    const shown = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (chip.firstElementChild.textContent !== shown) chip.firstElementChild.textContent = shown;
    chip.classList.toggle("soon", left <= 300);
  }

  const full = document.querySelector("[data-fullscreen]");
  if (full && document.documentElement.requestFullscreen) {
    full.hidden = false;
    full.addEventListener("click", () => document.documentElement.requestFullscreen());
  }

  document.body.addEventListener("htmx:afterRequest", answered);
  document.body.addEventListener("htmx:load", (event) => {
    const { elt } = event.detail;
    if (elt.id === "live") merge(elt);
    if (elt.id === "screen") setTimer();
    if (body) mark(form.elements.at.selectedIndex - 1);
  });
  setInterval(() => { listen(); count(); }, 1000);
  setTimer();
  if (!body) return;
  for (const row of body.rows) people.set(row.id, read(row));
  form.addEventListener("input", wishChanged);
  form.addEventListener("submit", (event) => { event.preventDefault(); wishChanged(); });
  main.addEventListener("click", choose);
  setInterval(sum, 20000);
  arrange();
})();
