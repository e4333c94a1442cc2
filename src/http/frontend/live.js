// Makes the open Watchtower page follow what is published: listens to /api/events, brings the page's own data up to date in
// place, and says in a corner whether it is connected. Made for the pages of 0.1.7 (Pinia stores) and 1.0.0b3 (state in
// components). A page that looks different inside is loaded anew instead, and put back to where it was as far as possible.

const PACE = 340; // ms between two refreshes at least: about three a second, however many events there are
const PATIENCE = 15_000; // ms for a refresh, or for a view to load, before something is taken to be wrong
const PICTURES = { shots: "thumbnailUrl", assets: "thumbnailUrl", team: "profilePicture" };

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const raw = (value) => value?.__v_raw ?? value; // without Vue's proxies: reading thousands of fields through them is slow
const read = async (path) => {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
};

// The address says what is shown. Both pages keep it true, and a page of any other version does very likely as well.
function shown() {
  const [, project, dashboard] = /^#\/pro\/([^/?]+)(\/dashboard)?/.exec(location.hash) ?? [];
  const episode = new URLSearchParams(location.hash.split("?")[1]).get("episodeId") ?? undefined;
  return { project: project && decodeURIComponent(project), episode, dashboard: Boolean(dashboard) };
}

// ---- the connection

const badge = document.createElement("div");
const dot = document.createElement("span");
const word = document.createElement("span");
badge.id = "watchtower-live";
badge.setAttribute("role", "status");
// In the top bar, left of its links: the one place that is free in every view of both pages.
badge.style.cssText =
  "position:fixed;top:11px;right:136px;z-index:1000;pointer-events:none;font:12px/18px sans-serif;color:#b4b4b4";
dot.style.cssText = "display:none;width:8px;height:8px;margin-right:6px;border-radius:50%";
badge.append(dot, word);
document.body.append(badge);

let source;
let isOpen = false;
let wasOpen = false;
let again; // the timer of the next attempt
let pause = 250;

function say(live) {
  isOpen = live;
  dot.style.display = "inline-block";
  dot.style.background = live ? "#3ecf5a" : "#ffb020";
  const words = live ? "live" : "connection lost";
  if (word.textContent !== words) word.textContent = words;
}

// A new source for every connection, instead of the browser's own attempts: those end for ever at an answer like a proxy's
// 502, wait for 3 s otherwise, and know no last event when there was none. What was missed is fetched when it is open.
// A hidden tab does not listen: over HTTP/1.1 all tabs of a browser share six connections to a server.
function connect() {
  clearTimeout(again);
  source?.close();
  if (document.hidden) return;
  source = new EventSource("/api/events");
  source.onopen = () => {
    say(true);
    pause = 250;
    want(wasOpen);
    wasOpen = true;
  };
  source.onerror = () => {
    say(false);
    source.close();
    again = setTimeout(connect, pause);
    pause = Math.min(pause * 2, 5000);
  };
  source.addEventListener("published", ({ data }) => {
    const { project } = JSON.parse(data);
    if (project === null || project === shown().project) want(true);
  });
}

// ---- when to refresh: at once, but never two at a time, not too often, and once more for what comes in meanwhile

let wanted = false;
let isNews = false; // whether something changed for certain; a page is never loaded anew on suspicion
let next; // the timer of the next refresh
let isBusy = false;
let last = -PACE;

function want(news) {
  wanted = true;
  isNews ||= news;
  pump();
}

function pump(atLeast = 0) {
  if (!wanted || isBusy || next || !isOpen || document.hidden) return;
  next = setTimeout(run, Math.max(atLeast, last + PACE - performance.now()));
}

async function run() {
  next = undefined;
  if (!isOpen || document.hidden) return; // it is wanted again when the connection is open
  [isBusy, wanted, last] = [true, false, performance.now()];
  const news = isNews;
  isNews = false;
  // The page's own requests never time out.
  const isDone = await Promise.race([refresh(news).catch(() => false), sleep(PATIENCE).then(() => false)]);
  isBusy = false;
  wanted ||= !isDone;
  isNews ||= !isDone && news;
  pump(isDone ? 0 : 1000);
}

// ---- the page

const vue = () => document.querySelector("#app")?.__vue_app__;

function component(name) {
  const find = (vnode) => {
    if (Array.isArray(vnode)) for (const child of vnode) { const found = find(child); if (found) return found; }
    if (vnode?.component?.type.__name === name) return vnode.component;
    return vnode?.component ? find(vnode.component.subTree) : Array.isArray(vnode?.children) && find(vnode.children);
  };
  return find([vue()?._container?._vnode]) || undefined;
}

// 0.1: two Pinia stores. The loading functions of a store are lent to an object that stands in for it: so the page's own
// code reads and shapes the data, and nothing of the page changes before all of it is there.
function classic() {
  const stores = vue()?.config.globalProperties.$pinia?._s;
  const [store, context] = [stores?.get("project"), stores?.get("context")];
  if (!store?.initWithProject || !context?.fetchAndInitContext) return undefined;
  return {
    refreshList: async () => (await context.fetchAndInitContext(), context.projects),
    view: () => ({
      store, runtime: store, player: store.videoPlayerOptions, sources: "sources", setFrame: (frame) => store.setCurrentFrame(frame),
    }),
    async load({ project }) {
      const actions = Object.entries(store).filter(([name]) => /^(fetch|init)/.test(name));
      const fresh = { $id: store.$id, videoPlayerOptions: {}, team: [], ...Object.fromEntries(actions) };
      await fresh.initWithProject(project);
      return { ...fresh, sources: fresh.videoPlayerOptions.sources };
    },
  };
}

// 1.0: the state is handed down from the root and the view. The class that loads a project is in a module that the page has
// preloaded; a second object of it stands in.
function v1() {
  const bar = component("TheNavbar")?.props;
  if (!bar?.projects || !bar.runtimeStateNavigation) return undefined;
  return {
    async refreshList() {
      const { projects } = await read("/data/projects-list/index.json");
      const navigation = bar.runtimeStateNavigation;
      bar.projects.splice(0, bar.projects.length, ...projects);
      const current = projects.find(({ id }) => id === navigation.activeProjectId);
      if (current && !same(current.episodes, navigation.episodes)) navigation.episodes = current.episodes;
      return projects;
    },
    view() {
      const { props, vnode } = component("ThumbnailArea") ?? {};
      const [store, runtime] = [props?.projectStore, props?.runtimeState];
      return store && { store, runtime, player: store, sources: "videoPlayerSources", setFrame: vnode.props.onSetCurrentFrame };
    },
    async load({ project, episode }) {
      const modules = [...document.querySelectorAll("link[rel=modulepreload]")].map(({ href }) => import(href));
      const Loader = (await Promise.all(modules)).flatMap(Object.values).find((one) => one?.prototype?.initWithProject);
      const loader = new Loader();
      loader.data = { ...loader.data, shots: null, assets: null, sequences: null, videoPlayerSources: null };
      await loader.initWithProject(project, episode);
      return { ...loader.data, sources: loader.data.videoPlayerSources };
    },
  };
}

// The dashboard's data is out of reach, but it loads all of it again, in place, when it is told of a navigation to somewhere
// else; it compares first and asks where to only then. To the first question the answer is: not where you are.
async function refreshDashboard({ project, episode }) {
  const view = component("ProjectDashboardView");
  if (!view) return false;
  await read(`/data/projects/${project}/task_counts.json`); // the page does not expect that this fails
  let questions = 0;
  view.props.runtimeStateNavigation = {
    activeProjectId: project,
    get activeEpisodeId() { return questions++ ? episode : NaN; },
  };
  return true;
}

// Brings the page up to date. Answers whether it is.
async function refresh(news) {
  const page = classic() ?? v1();
  const place = shown();
  if (!page) return performance.now() < PATIENCE ? false : !news || reload();
  const projects = await page.refreshList();
  // A deleted project stays as it was: there is nothing to fetch.
  if (!place.project || !projects.some(({ id }) => id === place.project)) return true;
  if (place.dashboard) return refreshDashboard(place);
  // A view that still loads would overwrite what is put into it.
  for (const end = performance.now() + PATIENCE / 2; !isLoaded(page.view(), place); ) {
    if (!same(shown(), place)) return false;
    if (performance.now() > end) return !news || reload();
    await sleep(50);
  }
  const fresh = await page.load(place);
  const isWhole = fresh.id === place.project && fresh.sources?.length && ["shots", "assets", "sequences"].every((name) => Array.isArray(fresh[name]));
  const view = page.view();
  if (!isWhole || !same(shown(), place) || !isLoaded(view, place)) return false;
  await apply(view, fresh);
  return true;
}

const isLoaded = (view, { project }) => view?.store.id === project && view.player[view.sources]?.length > 0;

// Puts new data into the page's own. What stays, stays the same object: what is chosen, highlighted or current refers to it.
// The page loads all pictures anew for a new list of shots, assets or people; so the lists stay too, if they can.
async function apply({ store, runtime, player, sources, setFrame }, fresh) {
  const before = [runtime.currentShot?.id, runtime.currentSequence?.id];
  const chosen = runtime.selectedAssets.map(({ id }) => id);
  const { name, fps, totalFrames, frameOffset, taskTypes, taskStatuses, assetTypes, episodes } = fresh;
  const values = { name, fps, totalFrames, frameOffset, taskTypes, taskStatuses, assetTypes, ...(episodes && { episodes }) };
  for (const key in values) if (!same(raw(store[key]), values[key])) store[key] = values[key];
  for (const key in PICTURES) mergeList(store, key, fresh[key]);
  store.sequences = fresh.sequences; // a new list of sequences draws everything anew, without loading pictures
  const stays = store.assets.filter(({ id }) => chosen.includes(id));
  if (stays.length !== chosen.length) runtime.selectedAssets = stays;
  if (!same(player[sources], fresh.sources)) changeMovie({ store, runtime, player, sources, setFrame }, fresh.sources);

  const { currentFrame } = runtime;
  if (!before[0]) return;
  setFrame(currentFrame); // finds shot and sequence anew
  if (same(before, [runtime.currentShot?.id, runtime.currentSequence?.id])) return;
  // Another shot is at this frame now. The canvases only look for it when the frame changes.
  setFrame(currentFrame + 1e-4);
  await undefined; // Vue runs its watchers
  setFrame(currentFrame);
}

function mergeList(store, key, fresh) {
  const list = store[key];
  const old = [...raw(list)];
  const places = new Map(old.map(({ id }, index) => [id, index]));
  const urls = (items) => items.map((item) => item[PICTURES[key]]);
  const urlsBefore = urls(old);
  const merged = fresh.map((item) => {
    const index = places.get(item.id);
    if (index === undefined) return item;
    for (const field in item) if (!same(old[index][field], item[field])) list[index][field] = item[field];
    return old[index];
  });
  if (!swapPictures(store, urlsBefore, urls(fresh))) store[key] = merged;
  else if (merged.length !== old.length || merged.some((item, index) => item !== old[index])) list.splice(0, old.length, ...merged);
}

// The classic page never changes the movie once it has one, the other page does by itself; both lose the frame over it.
function changeMovie({ store, runtime, player, sources, setFrame }, fresh) {
  const video = document.querySelector(".video-js")?.player;
  const isPlaying = video && !video.paused();
  const { currentFrame } = runtime;
  player[sources] = fresh;
  if (!video) return;
  if (sources === "sources") video.src(fresh);
  // After all that the page and the player do by themselves then.
  video.one("canplay", () => setTimeout(() => {
    setFrame(currentFrame);
    video.currentTime(Math.max(0, (currentFrame - store.frameOffset) / store.fps));
    if (isPlaying) video.play()?.catch(() => {});
  }));
}

// ---- pictures

// The page puts each list of pictures into one texture and never frees it. What is in which layer is noted here, so that a
// changed picture can be put into its place: no flicker of all the others, and no new texture for each new picture.
let bundles = [];
const webgl = globalThis.WebGL2RenderingContext?.prototype;
const upload = webgl?.texSubImage3D;
if (upload) {
  webgl.texSubImage3D = function (...args) {
    upload.apply(this, args);
    const [, , , , layer, width, height, , , , picture] = args;
    if (!(picture instanceof HTMLImageElement)) return;
    const texture = this.getParameter(this.TEXTURE_BINDING_2D_ARRAY);
    let bundle = bundles.find((one) => one.texture === texture);
    if (!bundle) {
      bundle = { gl: this, texture, width, height, urls: [], depth: 0 };
      bundles = [...bundles.filter(({ gl }) => gl.canvas.isConnected), bundle];
    }
    bundle.urls[layer] = picture.src;
    bundle.depth = Math.max(bundle.depth, layer + 1);
  };
}

// Whether the list of pictures can stay in its texture, which then gets what is new.
function swapPictures(store, before, after) {
  if (same(before, after)) return true;
  const [from, to] = [before, after].map((urls) => urls.map((url) => new URL(url, location).href));
  const found = bundles.filter(({ gl, urls }) => gl.canvas.isConnected && same(urls, from));
  if (found.length !== 1) return false;
  const [{ gl, texture, width, height, depth }] = found;
  if (!to.length || to.length > depth) {
    bundles = bundles.filter((one) => one !== found[0]);
    setTimeout(() => gl.deleteTexture(texture), 1000); // by then the page draws with its new one
    return false;
  }
  found[0].urls = to;
  const loads = to.map(async (url, layer) => {
    if (url === from[layer]) return;
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    if (found[0].urls[layer] !== url || !gl.canvas.isConnected) return;
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
    upload.call(gl, gl.TEXTURE_2D_ARRAY, 0, 0, 0, layer, width, height, 1, gl.RGBA, gl.UNSIGNED_BYTE, picture);
  });
  Promise.allSettled(loads).then(() => (store.sequences = [...store.sequences]));
  return true;
}

// ---- a page that is not known inside: load it anew, put its fields and its movie back

const PLACE = "watchtower-live";
const fields = () => [...document.querySelectorAll("select, input[type=checkbox]")];
const valueOf = (field) => (field.type === "checkbox" ? field.checked : field.value);

function reload() {
  if ([...document.querySelectorAll("video")].some(({ paused }) => !paused)) return false; // later: somebody watches
  const time = document.querySelector("video")?.currentTime;
  sessionStorage.setItem(PLACE, JSON.stringify({ hash: location.hash, fields: fields().map(valueOf), time, top: scrollY }));
  location.reload();
  return true;
}

async function restore() {
  const place = JSON.parse(sessionStorage.getItem(PLACE));
  sessionStorage.removeItem(PLACE);
  if (place?.hash !== location.hash) return;
  // One at a time, as they come: a menu's entries are loaded, and choosing one can bring others.
  for (let turn = 0; turn < 40; turn += 1) {
    await sleep(100);
    const wrong = fields().find((field, index) => place.fields[index] !== undefined && valueOf(field) !== place.fields[index]);
    if (wrong?.type === "checkbox") wrong.click();
    else if (wrong) {
      const value = place.fields[fields().indexOf(wrong)];
      if (![...wrong.options].some((option) => option.value === value)) continue;
      wrong.value = value;
      wrong.dispatchEvent(new Event("change"));
    } else if (fields().length >= place.fields.length) break;
  }
  const video = document.querySelector("video");
  if (video && place.time) video.currentTime = place.time;
  scrollTo(0, place.top);
}

restore().catch(() => {}); // a browser can refuse the storage
document.addEventListener("visibilitychange", connect);
addEventListener("online", connect);
connect();
