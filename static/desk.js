// The desk beside the board: somebody's page opens there, and what is done on it leaves the board where it is.
// Without scripts, and with a key that opens another tab, the links lead to the page itself.
"use strict";

(() => {
  const desk = document.getElementById("desk");
  const sheet = document.getElementById("desk-sheet");
  const PERSON = /\/people\/\d+$/;
  let opener = null;

  function show(verb, url, more = {}) {
    return htmx.ajax(verb, url, { target: sheet, select: "#notice > *, #main > *", swap: "innerHTML", ...more });
  }

  async function open(event) {
    const link = event.target.closest("a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !PERSON.test(link.pathname)) return;
    event.preventDefault();
    opener = link;
    sheet.replaceChildren();
    desk.hidden = false;
    desk.focus({ preventScroll: true });
    await show("GET", link.pathname);
    desk.scrollTop = 0;
  }

  function close() {
    desk.hidden = true;
    sheet.replaceChildren(); // nothing is asked for any more
    if (opener?.isConnected) opener.focus({ preventScroll: true });
  }

  function send(event) {
    const { target: form, submitter } = event;
    if (form.method !== "post") return;
    event.preventDefault();
    form.noValidate = true; // the browser has just looked
    show("POST", form.action, { source: form, values: submitter?.name ? { [submitter.name]: submitter.value } : {} });
  }

  // Who was taken out has no page any more: what is said of that stands above the board.
  function leave(event) {
    const { target, xhr, serverResponse } = event.detail;
    if (target !== sheet || PERSON.test(new URL(xhr.responseURL).pathname) || xhr.status >= 400) return;
    event.detail.shouldSwap = false;
    const said = new DOMParser().parseFromString(serverResponse, "text/html").getElementById("notice");
    document.getElementById("notice").replaceChildren(...(said?.childNodes ?? []));
    close();
  }

  // What leads elsewhere opens beside the board.
  function settle(event) {
    if (!sheet.contains(event.detail.elt) && event.detail.elt !== sheet) return;
    for (const link of sheet.querySelectorAll("a[href]")) link.target = "_blank";
    const told = sheet.querySelector(".flash, [role=alert]");
    if (told) document.getElementById("said").textContent = told.textContent;
  }

  document.getElementById("main").addEventListener("click", open);
  desk.querySelector("button").addEventListener("click", close);
  desk.addEventListener("submit", send);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !desk.hidden) close(); });
  document.addEventListener("htmx:beforeSwap", leave);
  document.addEventListener("htmx:load", settle);
})();
