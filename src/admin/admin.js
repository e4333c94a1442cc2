// Keeps the status page up to date: asks for it again when something was published, and every few seconds, and alters what is
// other than before. So scroll, focus, selection and what is folded open stay. While nobody looks, nothing is asked for.
"use strict";

const EVERY_MS = 5000;
const SOON_MS = 300;
const AT_MOST_EVERY_MS = 2000;

const live = document.getElementById("live");
let events = null;
let timer = null;
let last = 0;
let running = false;

/** Alters a node so that it is as another, and leaves alone what already is. */
function alter(node, wanted) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.nodeValue !== wanted.nodeValue) node.nodeValue = wanted.nodeValue;
    return;
  }
  if (node.hasAttribute("data-keep")) return;
  for (const { name, value } of wanted.attributes) {
    if (name !== "open" && node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  for (const { name } of [...node.attributes]) {
    if (name !== "open" && !wanted.hasAttribute(name)) node.removeAttribute(name);
  }
  alterChildren(node, wanted);
}

/** What tells children apart: rows of lists have keys, sections are known by their headings. */
const keyOf = (node) => node.dataset?.key ?? node.id ?? node.getAttribute?.("aria-labelledby") ?? null;
const isAlike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (keyOf(a) || null) === (keyOf(b) || null);

function alterChildren(node, wanted) {
  let next = node.firstChild;
  for (const child of [...wanted.childNodes]) {
    let found = next;
    while (found && !isAlike(found, child)) found = found.nextSibling;
    if (!found) {
      node.insertBefore(document.importNode(child, true), next);
    } else {
      // What stands before it is not wanted any more: rows keep their order.
      while (next !== found) next = removed(next);
      alter(found, child);
      next = found.nextSibling;
    }
  }
  while (next) next = removed(next);
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/** Messages are set only when they change: screen readers say them each time. */
function say(text, isLost) {
  live.hidden = false;
  live.classList.toggle("lost", isLost);
  if (live.textContent !== text) live.textContent = text;
}

async function refresh() {
  if (running) return;
  running = true;
  last = Date.now();
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) throw new Error(`The server answered ${answer.status}; trying again`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    alterChildren(document.getElementById("main"), page.getElementById("main"));
    if (document.title !== page.title) document.title = page.title;
    say("Live", false);
  } catch (error) {
    // A TypeError of fetch is a connection that failed; its text differs by browser and tells nothing.
    say(error instanceof TypeError ? "No connection; trying again" : error.message, true);
  }
  running = false;
}

function schedule(wait) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    await refresh();
    schedule(EVERY_MS);
  }, wait);
}

/** Something was published: soon, but not for every one of many. */
const soon = () => schedule(Math.max(SOON_MS, last + AT_MOST_EVERY_MS - Date.now()));

function follow() {
  if (document.hidden) {
    clearTimeout(timer);
    events?.close();
    events = null;
  } else if (!events) {
    events = new EventSource("/api/events");
    events.addEventListener("published", soon);
    schedule(0);
  }
}

/** Renders without leaving the page. */
async function render(form) {
  const button = form.querySelector("button");
  const output = form.querySelector("output");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  output.textContent = "Rendering …";
  try {
    const answer = await fetch(form.dataset.render, { method: "POST" });
    const report = await answer.json();
    if (!answer.ok) throw new Error(report.detail);
    const files = report.files_written === 1 ? "1 file" : `${report.files_written} files`;
    output.textContent = `Rendered in ${Math.max(1, Math.round(report.milliseconds))} ms: ${files} written`;
  } catch (error) {
    output.textContent = error instanceof TypeError ? "The server does not answer" : `Not rendered: ${error.message}`;
  }
  button.removeAttribute("aria-disabled");
  soon();
}

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.render) return;
  event.preventDefault();
  render(event.target);
});
document.addEventListener("visibilitychange", follow);
follow();
