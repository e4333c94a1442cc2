// node live.mjs BASE_URL N [--restart]: the page follows changes by itself. For a server started with `--live`.
// Expects: a page (classic or v1) that draws a task's new status within a second of the PATCH being sent, without anybody
// reloading it, that keeps the viewer's place (address, menus, what is chosen, frame, timeline's task channels), leaves the
// movie alone, and says that it is live. With v1 the same for a later episode of a show, if there is one, and for dashboards.
// With --restart it prints RESTART, waits for a line on stdin, and expects the same of the server that is there then.
// Prints the longest delays; exit code 1 if one is above 1000 ms, a place is lost, or the page complains.
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { choose, findProject, get, giveUp, list, openProject, patch, projectLoaded, readTree, run, screenshot, settle, sleep, state, until, usage, view, visit } from './lib.mjs';
import { clickThumbnail, grouped, ofEpisode } from './views.mjs';

const base = process.argv[2]?.replace(/\/$/, '');
const times = Number(process.argv[3]);
if (!base || !(times > 0)) usage('node live.mjs BASE_URL N [--restart]');

const LIMIT = Number(process.env.LIMIT ?? 1000); // ms
const PAUSE = 500; // at most, between two changes
const layout = await get(base, '/data/projects/context.json').then(() => 'classic', () => 'v1');
const { projects, tree: film } = await findProject(base, layout).catch(giveUp);
const trees = layout === 'v1' ? await Promise.all(projects.map(({ id }) => readTree(base, layout, id))) : [];
const show = trees.find(({ episodes }) => episodes.length > 1);

const setStatus = (tree, task, task_status_id, query = '') => patch(base, `/api/projects/${tree.id}/tasks/${task}`, { task_status_id }, query);
// A page that is just reloading has no probe.
const status = (page, task) => page.evaluate((task) => __probe.status(task), task).catch(() => undefined);
const badge = (page) => page.textContent('[role=status]');
const withTasks = (tree, episode) => ofEpisode(tree, episode?.id).shots.filter(({ tasks }) => tasks.length);
// The number of elements tells a page that was loaded or a view that was made anew; the movie must not be touched either.
const place = async (page) => {
  const { currentFrame, currentShot, selectedAssets } = await state(page);
  const kept = await page.evaluate(() => {
    const video = document.querySelector('video');
    window.__movie ??= { video, loads: 0, _: video.addEventListener('loadstart', () => { window.__movie.loads += 1; }) };
    const { video: same, loads } = window.__movie;
    return { isSameVideo: video === same, loads, src: video.currentSrc, time: video.currentTime, top: scrollY };
  });
  return {
    url: page.url(), ...(await view(page)), currentFrame, shot: currentShot?.id, assets: selectedAssets.map(({ id }) => id),
    channels: await page.isChecked('#showTasksStatus'), ...kept,
  };
};

// What was changed is put back in the end.
const original = new Map();
async function another(tree, task) {
  const now = tree.now?.get(task.id) ?? task.task_status_id;
  (tree.now ??= new Map()).set(task.id, tree.taskStatuses.find(({ id }) => id !== now).id);
  if (!original.has(task.id)) original.set(task.id, () => setStatus(tree, task.id, task.task_status_id, '?wait=published'));
  return tree.now.get(task.id);
}

const figures = (delays) => {
  const sorted = delays.toSorted((a, b) => a - b);
  const text = `max ${Math.round(sorted.at(-1))} ms, median ${Math.round(sorted[sorted.length >> 1])} ms`;
  assert.ok(sorted.at(-1) <= LIMIT, text);
  return text;
};

// When the page has drawn what was written: it looks for it each time that it draws on a canvas. Asking from outside would
// measure how long a software renderer takes for the pixels, with all the tests beside it.
const watch = () => {
  let look = () => {};
  window.__whenDrawn = (isShown) => new Promise((done) => {
    look = () => { if (isShown()) { look = () => {}; done(Date.now()); } };
    look();
  });
  for (const [prototype, name] of [[WebGL2RenderingContext.prototype, 'drawArrays'], [CanvasRenderingContext2D.prototype, 'clearRect']]) {
    const draw = prototype[name];
    prototype[name] = function (...args) { draw.apply(this, args); look(); };
  }
};

async function delayOf(page, write, isShown, arg) {
  const drawn = page.evaluate(isShown, arg);
  const start = Date.now();
  await write();
  const at = await Promise.race([drawn, sleep(5 * LIMIT).then(() => { throw new Error(`it is not shown after ${5 * LIMIT} ms`); })]);
  return at - start;
}

async function follows(page, report, tree, shots, type, label) {
  await report.check(`${label}: ${times} changes are shown within ${LIMIT} ms`, async () => {
    const delays = [];
    for (let time = 0; time < times; time += 1) {
      const shot = shots[time % shots.length];
      const task = shot.tasks.find(({ task_type_id }) => task_type_id === type.id) ?? shot.tasks[0];
      const next = await another(tree, task);
      const isShown = ([task, next]) => __whenDrawn(() => __probe.status(task) === next);
      delays.push(await delayOf(page, () => setStatus(tree, task.id, next), isShown, [task.id, next]));
      await settle(page);
      await sleep(Math.random() * PAUSE);
    }
    return figures(delays);
  });
}

// A page that is left while it still asks for something counts as one whose requests fail.
async function leave(page) {
  await sleep(800);
  await settle(page);
}

// The project's page with everything set to something else than it opens with.
async function settled(page, tree, episode) {
  await leave(page);
  await openProject(page, base, tree.id, episode ? `?episodeId=${episode.id}` : '');
  await until(async () => await badge(page) === 'live', 'the badge says live');
  const type = tree.taskTypes.find(({ for_shots }) => for_shots);
  await page.locator('#showTasksStatus').click();
  await choose(page, { taskType: type.id });
  await choose(page, { group: 'groupByTaskStatus' });
  await clickThumbnail(page, withTasks(tree, episode).length >> 1);
  await until(() => page.$eval('video', ({ readyState, seeking }) => readyState >= 2 && !seeking), 'the movie stands');
  await settle(page);
  return type;
}

async function detail(page, report, tree, episode) {
  const type = await settled(page, tree, episode);
  const before = await place(page);
  const shots = withTasks(tree, episode);
  const { name } = tree;
  await follows(page, report, tree, shots, type, name);
  await settle(page);
  await report.check(`${name}: the viewer is where they were`, async () => assert.deepEqual(await place(page), before));
  const now = ofEpisode(await readTree(base, layout, tree.id), episode?.id);
  await grouped(page, report, now, now.shots, { label: `${name}: the groups are drawn anew`, by: 'groupByTaskStatus', taskType: type });
  await report.check(`${name}: it says that it is live`, async () => {
    assert.equal(await badge(page), 'live');
    await screenshot(page, `${layout}-live${episode ? '-episode' : ''}`);
  });
  return { type, before, shots };
}

async function assets(page, report, tree) {
  const used = tree.casting.flatMap(({ asset_ids }) => asset_ids);
  const index = tree.assets.findIndex(({ id }) => used.includes(id));
  if (index < 0) return report.skip('an asset stays chosen', 'nothing is cast');
  await report.check('an asset stays chosen, renamed', async () => {
    const asset = tree.assets[index];
    await choose(page, { mode: 'assets' });
    await choose(page, { group: 'groupByAssetType' });
    await clickThumbnail(page, index);
    const before = await place(page);
    assert.deepEqual(before.assets, [asset.id]);
    const rename = (name, query) => patch(base, `/api/projects/${tree.id}/assets/${asset.id}`, { name }, query);
    try {
      const isShown = () => __whenDrawn(() => __probe.texts('canvas-timeline-text').some(({ text }) => text === 'live-test'));
      const delay = await delayOf(page, () => rename('live-test', ''), isShown);
      await settle(page);
      assert.deepEqual(await place(page), before);
      return figures([delay]);
    } finally {
      await rename(asset.name, '?wait=published');
    }
  });
}

async function dashboard(page, report, tree, episode) {
  const { name } = tree;
  await leave(page);
  await visit(page, base, `/pro/${tree.id}/dashboard${episode ? `?episodeId=${episode.id}` : ''}`);
  await page.waitForSelector('.dashboard .chart canvas');
  await until(async () => await badge(page) === 'live', 'the badge says live');
  await settle(page);
  await page.$$eval('.dashboard canvas', (all) => { window.__canvases = all; });
  const url = page.url();
  const [{ tasks: [task] }] = withTasks(tree, episode);
  const charts = async () => JSON.stringify((await state(page)).charts);
  await report.check(`dashboard of ${name}: ${times} changes are shown within ${LIMIT} ms`, async () => {
    const delays = [];
    for (let time = 0; time < times; time += 1) {
      const before = await charts();
      const next = await another(tree, task);
      const isShown = (before) => __whenDrawn(() => JSON.stringify(__probe.state().charts) !== before);
      delays.push(await delayOf(page, () => setStatus(tree, task.id, next), isShown, before));
      await settle(page);
      await sleep(Math.random() * PAUSE);
    }
    return figures(delays);
  });
  await report.check(`dashboard of ${name}: it stays where it is`, async () => {
    await sleep(1000);
    assert.equal(page.url(), url);
    assert.ok(await page.$$eval('.dashboard canvas', (all) => all.every((canvas, at) => canvas === __canvases[at])), 'the same charts');
    await screenshot(page, `${layout}-live-dashboard${episode ? '-episode' : ''}`);
  });
}

// A burst is not a burst of requests; a hidden tab asks for nothing, and catches up.
async function quiet(page, report, tree, { type, shots }) {
  const asked = [];
  page.on('request', (request) => request.url().endsWith('/shots.json') && asked.push(performance.now()));
  const tasks = shots.slice(0, 30).map(({ tasks }) => tasks.find(({ task_type_id }) => task_type_id === type.id) ?? tasks[0]);
  const all = () => Promise.all(tasks.map(async (task) => setStatus(tree, task.id, await another(tree, task))));
  const isShown = async () => {
    const shown = await Promise.all(tasks.map(({ id }) => status(page, id)));
    return tasks.every(({ id }, at) => tree.now.get(id) === shown[at]);
  };
  await report.check(`${tasks.length} changes at once are few refreshes`, async () => {
    const start = performance.now();
    await all();
    await until(isShown, 'the last change');
    await sleep(500);
    const most = 2 + (performance.now() - start) / 330;
    assert.ok(asked.length <= most, `${asked.length} refreshes in ${Math.round(performance.now() - start)} ms`);
    return `${asked.length}`;
  });
  await report.check('a hidden tab asks for nothing, and catches up', async () => {
    const hide = (value) => page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, value);
    await hide(true);
    await sleep(500);
    asked.length = 0;
    await all();
    await sleep(1500);
    assert.equal(asked.length, 0);
    await hide(false);
    await until(isShown, 'what changed meanwhile');
    assert.ok(asked.length > 0 && asked.length < 3, `${asked.length} refreshes`);
  });
}

async function restart(page, report, tree) {
  const { before, shots, type } = await detail(page, report, tree, tree.episodes[0]);
  await page.evaluate(() => {
    const badge = document.querySelector('[role=status]');
    window.__said = [];
    new MutationObserver(() => window.__said.push(badge.textContent)).observe(badge, { childList: true, subtree: true, characterData: true });
  });
  await report.check('a restart of the server', async () => {
    const input = createInterface({ input: process.stdin });
    console.log('RESTART');
    await new Promise((resolve, reject) => input.once('line', resolve).once('close', () => reject(new Error('nobody restarts it'))));
    process.stdin.destroy();
    const [{ tasks: [task] }] = shots.slice(-1);
    const next = await another(tree, task);
    await setStatus(tree, task.id, next, '?wait=published');
    await until(async () => await status(page, task.id) === next, 'what was changed before the page was connected again');
    await until(async () => await badge(page) === 'live', 'the badge says live again');
    const said = await page.evaluate(() => window.__said);
    assert.ok(said.includes('connection lost'), `it said ${said}`);
    return said.join(', ');
  });
  await settle(page);
  await report.check('the viewer is where they were before the restart', async () => assert.deepEqual(await place(page), before));
  await follows(page, report, tree, shots, type, 'after the restart');
  // The browser itself writes down every attempt to connect, and the movie's request that was cut off.
  page.faults = page.faults.filter(({ kind, text }) => !(kind === 'failed request' && /\/api\/events$|\.mp4$/.test(text)));
}

await run(async (page, report) => {
  await page.addInitScript(watch);
  try {
    const seen = await detail(page, report, film, film.episodes[0]);
    await quiet(page, report, film, seen);
    await assets(page, report, film);
    if (layout === 'v1') await dashboard(page, report, film, film.episodes[0]);
    if (show && show.id !== film.id) {
      await detail(page, report, show, show.episodes[1]);
      await dashboard(page, report, show, show.episodes[1]);
    }
    if (process.argv.includes('--restart')) await restart(page, report, show ?? film);
  } finally {
    await Promise.all([...original.values()].map((undo) => undo()));
  }
  await report.noFaults();
});
