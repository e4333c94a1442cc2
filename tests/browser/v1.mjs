// node v1.mjs BASE_URL: Watchtower 1.0 as BASE_URL serves it (page, tree and API on one origin).
// Env: PROJECT (else the first with 2 sequences and 40 shots), TOKEN, CHROMIUM, SCREENSHOTS (a folder).
//
// Opening an address directly is a race of the page's own (it looks its project up once, maybe before the list is there);
// served by us it must work. With a server that does not mend it, the checks by address may fail: race.mjs measures it.
import assert from 'node:assert/strict';
import { findProject, get, giveUp, listEntries, openProject, projectLoaded, run, screenshot, settle, shotsToShow, state, until, usage, view, visit } from './lib.mjs';
import { assetsView, changes, movie, ofEpisode, people, shotGroups, shotsView, timeline } from './views.mjs';

const base = process.argv[2]?.replace(/\/$/, '') ?? usage('node v1.mjs BASE_URL');
const { projects, tree } = await findProject(base, 'v1').catch(giveUp);
const [first, second] = tree.episodes;
const shown = ofEpisode(tree, first?.id);
const address = (page) => page.url().slice(base.length);
const query = (episode) => (episode ? `?episodeId=${episode.id}` : '');

async function openFromList(page) {
  await visit(page, base, '/');
  await page.click(`.projects-list a[href="#/pro/${tree.id}"]`);
  await projectLoaded(page, tree.id);
}

// One chart for each task type that has counts in this episode, its title drawn, and a status's colour in its bars.
async function dashboard(page, episode, name) {
  await page.waitForSelector('.dashboard');
  const entries = tree.counts.filter(({ episode_id }) => (episode_id ?? undefined) === episode?.id);
  const expected = tree.taskTypes.filter(({ id }) => entries.some(({ task_type_id }) => task_type_id === id));
  const shots = ofEpisode(tree, episode?.id).shots;
  const withTasks = tree.taskTypes.filter(({ id, for_shots }) => for_shots && shots.some(({ tasks }) => tasks.some(({ task_type_id }) => task_type_id === id)));
  const missing = withTasks.filter((type) => !expected.includes(type)).map((type) => type.name);
  assert.deepEqual(missing, [], 'task types of shots without counts');
  await until(async () => (await state(page)).charts.length >= expected.length, `${expected.length} charts`);
  await page.waitForTimeout(1500); // the bars grow
  const { charts } = await state(page);
  assert.deepEqual(charts.map(({ title }) => title), expected.map((type) => type.name));
  const canvases = await page.$$eval('.dashboard .chart canvas', (all, statuses) => all.map((canvas) => {
    const texts = __probe.texts(canvas);
    const legend = Math.max(0, ...texts.filter(({ text }) => statuses.includes(text)).map(({ y }) => Math.ceil(y)));
    const bars = legend + 12; // what lies below the legend, which shows the colours too
    const { data } = canvas.getContext('2d').getImageData(0, bars, canvas.width, canvas.height - bars);
    const colors = new Map();
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) {
      const color = `#${[0, 1, 2].map((part) => data[at + part].toString(16).padStart(2, '0')).join('')}`;
      colors.set(color, (colors.get(color) ?? 0) + 1);
    }
    return { texts: texts.map(({ text }) => text), colors: Object.fromEntries(colors) };
  }), tree.taskStatuses.map((status) => status.name));
  assert.equal(canvases.length, expected.length, 'canvases');
  expected.forEach((type, index) => {
    const { texts, colors } = canvases[index];
    assert.ok(texts.includes(type.name), `title ${type.name}`);
    const used = entries.find(({ task_type_id }) => task_type_id === type.id).task_statuses.filter(({ data }) => data.at(-1)?.count > 0);
    const names = used.map(({ task_status_id }) => tree.taskStatuses.find(({ id }) => id === task_status_id));
    for (const status of names) assert.ok(status && texts.includes(status.name), `the legend of ${type.name} has ${status?.name}`);
    assert.ok(names.some((status) => colors[status.color.toLowerCase()] > 20), `bars in ${type.name}`);
  });
  await screenshot(page, name);
  return expected.map((type) => type.name).join(', ');
}

await run(async (page, report) => {
  // Env BY_LINK: a server that does not mend the page's race, so that addresses may come up empty.
  const byAddress = (name, body) => (process.env.BY_LINK ? report.skip(name, 'by link only') : report.check(name, body));
  await report.check('project list', async () => {
    await visit(page, base, '/');
    await page.waitForSelector('.projects-list li');
    await settle(page);
    const entries = await listEntries(page);
    assert.deepEqual(entries.map(({ name }) => name).sort(), projects.map(({ name }) => name).sort());
    assert.deepEqual(entries.filter(({ broken }) => broken), [], 'pictures that do not load');
    await get(base, '/favicon.ico');
    await screenshot(page, 'v1-list');
    return entries.map(({ name }) => name).join(', ');
  });
  await report.check('a click on a project opens it', async () => {
    await openFromList(page);
    assert.equal(address(page), `/#/pro/${tree.id}${query(first)}`);
    assert.equal((await state(page)).name, tree.name);
    assert.equal(await page.inputValue('.project-selectors > select:first-child'), tree.id);
    assert.deepEqual(await view(page), { mode: 'shots', show: 'showAll', taskType: '', group: 'chronological' });
  });
  await report.check('every shot with a range is there', async () => {
    const { shots, assets } = await state(page);
    assert.equal(tree.shots.length, (await shotsToShow(base, tree.id)).length, 'shots.json and the API');
    assert.equal(shots.length, shown.shots.length, 'the page and shots.json');
    assert.equal(assets.length, tree.assets.length, 'the page and assets.json');
    return `${shots.length} shots${first ? ` of ${tree.shots.length} in ${first.name}` : ''}, ${assets.length} assets`;
  });
  await people(page, report, tree);
  await movie(page, report, shown);
  await shotsView(page, report, shown, 'v1');
  await shotGroups(page, report, shown, 'v1');
  await assetsView(page, report, shown, 'v1');
  await openFromList(page);
  await timeline(page, report, shown, 'v1');

  if (!second) report.skip('another episode by the menu', 'there are not two');
  else await report.check('another episode by the menu', async () => {
    assert.deepEqual(await page.$$eval('select.episode option', (all) => all.map(({ text }) => text)), tree.episodes.map(({ name }) => name));
    await page.selectOption('select.episode', second.id);
    const there = ofEpisode(tree, second.id);
    await until(async () => (await state(page)).sources[0]?.src === `/${there.edits[0].sourceName}`, 'its edit');
    await settle(page);
    const { shots, sequences } = await state(page);
    assert.deepEqual(shots.map(({ id }) => id).sort(), there.shots.map(({ id }) => id).sort());
    assert.deepEqual(sequences.map(({ id }) => id), there.sequences.map(({ id }) => id));
    assert.equal(address(page), `/#/pro/${tree.id}${query(second)}`);
    await screenshot(page, 'v1-other-episode');
    return `${second.name}, ${shots.length} shots`;
  });
  // The page keeps the episode of the project before, so with episodes this menu cannot work; neither is there a mend.
  const other = projects.find(({ id }) => id !== tree.id);
  if (!other || first) report.skip('another project by the menu', other ? 'the page itself cannot, with episodes' : 'there is only one');
  else await report.check('another project by the menu', async () => {
    await page.selectOption('.project-selectors > select:first-child', other.id);
    await projectLoaded(page, other.id);
    assert.equal((await state(page)).name, other.name);
    await screenshot(page, 'v1-other-project');
    return other.name;
  });

  await openFromList(page);
  await report.check('dashboard by the menu', async () => {
    await page.selectOption('select.view-type', 'dashboard');
    return dashboard(page, first, 'v1-dashboard');
  });
  await byAddress('dashboard by its address', async () => {
    await visit(page, base, `/pro/${tree.id}/dashboard`);
    return dashboard(page, first, 'v1-dashboard-by-address');
  });
  if (second) await byAddress('dashboard of another episode by its address', async () => {
    await visit(page, base, `/pro/${tree.id}/dashboard${query(second)}`);
    return dashboard(page, second, 'v1-dashboard-other-episode');
  });
  await byAddress('a project by its address', async () => {
    await openProject(page, base, tree.id);
    assert.equal((await state(page)).name, tree.name);
    await screenshot(page, 'v1-by-address');
  });
  if (second) await byAddress('an episode by its address', async () => {
    await openProject(page, base, tree.id, query(second));
    assert.equal((await state(page)).shots.length, ofEpisode(tree, second.id).shots.length);
    assert.equal(await page.inputValue('select.episode'), second.id);
  });
  await report.check('the about page', async () => {
    await page.getByRole('link', { name: 'About' }).click();
    await page.waitForSelector('.about');
  });
  await openFromList(page);
  await changes(page, report, base, shown, 'v1');
  await report.noFaults();
});
