// The list of projects on the landing page: read at once, and again while somebody looks. It is that of the tree, which whoever
// sees this page may see.
"use strict";

const INTERVAL_MS = 10000;
const LIST = "TREE";

const element = (id) => document.getElementById(id);

/** All projects. Throws an Error with a message for people. */
async function loadProjects() {
  const response = await fetch(LIST, { headers: { Accept: "application/json" } });
  if (response.status === 401 || response.status === 403) {
    throw new Error("Reading the projects needs a token with the right to read.");
  }
  // Before the first render there is no list.
  if (response.status === 404) return [];
  if (!response.ok) {
    throw new Error(`The projects cannot be read: the server answered ${response.status}.`);
  }
  return (await response.json()).projects;
}

/** One project with its links. What comes from the server becomes text, never markup. */
function projectRow(project) {
  const id = encodeURIComponent(project.id);
  const row = document.createElement("li");
  row.append(
    textIn("span", "name", project.name || project.id),
    textIn("span", "facts", [project.id, project.fps && `${project.fps} fps`].filter(Boolean).join(" · ")),
    links(project.name || project.id, [
      ["project.json", `/data/projects/${id}/project.json`],
      ["shots.json", `/data/projects/${id}/shots.json`],
    ]),
  );
  return row;
}

function textIn(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

function links(name, targets) {
  const group = textIn("span", "links", "");
  for (const [text, href] of targets) {
    const link = textIn("a", "", text);
    link.href = href;
    link.setAttribute("aria-label", `${text} of ${name}`);
    group.append(link);
  }
  return group;
}

let shown = null;

function show(projects) {
  const state = JSON.stringify(projects.map(({ id, name, fps }) => [id, name, fps]));
  // Left alone when nothing changed, so that focus and selection stay.
  if (state === shown) return;
  shown = state;
  element("rows").replaceChildren(...projects.map(projectRow));
  element("count").textContent = projects.length || "";
  element("projects").hidden = projects.length === 0;
  element("empty").hidden = projects.length !== 0;
}

/** Messages are set only when they change: screen readers say them each time. */
function say(text) {
  if (element("message").textContent !== text) element("message").textContent = text;
}

async function refresh() {
  try {
    show(await loadProjects());
    say("");
  } catch (error) {
    // A TypeError of fetch is a connection that failed; its text differs by browser and tells nothing.
    say(error instanceof TypeError ? "The server does not answer; trying again." : error.message);
  }
}

async function follow() {
  if (!document.hidden) await refresh();
  setTimeout(follow, INTERVAL_MS);
}

for (const node of document.querySelectorAll(".origin")) node.textContent = location.origin;
document.addEventListener("visibilitychange", () => document.hidden || refresh());
follow();
