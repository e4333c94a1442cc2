// node classic.mjs BASE_URL: Watchtower 0.1.x as BASE_URL serves it (page, tree and API on one origin).
// Env: PROJECT (else the first with 2 sequences and 40 shots), TOKEN, CHROMIUM, SCREENSHOTS (a folder).
import assert from 'node:assert/strict';
import { findProject, get, giveUp, listEntries, openProject, projectLoaded, run, screenshot, settle, shotsToShow, state, usage, view, visit } from './lib.mjs';
import { assetsView, changes, movie, people, shotGroups, shotsView, timeline } from './views.mjs';

const base = process.argv[2]?.replace(/\/$/, '') ?? usage('node classic.mjs BASE_URL');
const { projects, tree } = await findProject(base, 'classic').catch(giveUp);

await run(async (page, report) => {
  await report.check('project list', async () => {
    await visit(page, base, '/');
    await page.waitForSelector('.projects-list li');
    await settle(page);
    const entries = await listEntries(page);
    assert.deepEqual(entries.map(({ name }) => name).sort(), projects.map(({ name }) => name).sort());
    assert.deepEqual(entries.filter(({ broken }) => broken), [], 'pictures that do not load');
    await get(base, '/favicon.ico');
    await screenshot(page, 'classic-list');
    return entries.map(({ name }) => name).join(', ');
  });
  await report.check('a click on a project opens it', async () => {
    await page.click(`.projects-list a[href="#/pro/${tree.id}"]`);
    await projectLoaded(page, tree.id);
    assert.ok(page.url().endsWith(`/#/pro/${tree.id}`), page.url());
    assert.equal((await state(page)).name, tree.name);
    assert.equal(await page.inputValue('.app-toolbar > select'), tree.id);
  });
  await report.check('a project by its address', async () => {
    await openProject(page, base, tree.id);
    assert.equal((await state(page)).name, tree.name);
    assert.deepEqual(await view(page), { mode: 'shots', show: 'showAll', taskType: '', group: 'chronological' });
  });
  await report.check('every shot with a range is there', async () => {
    const { shots, assets } = await state(page);
    assert.equal(tree.shots.length, (await shotsToShow(base, tree.id)).length, 'shots.json and the API');
    assert.equal(shots.length, tree.shots.length, 'the page and shots.json');
    assert.equal(assets.length, tree.assets.length, 'the page and assets.json');
    return `${shots.length} shots, ${assets.length} assets`;
  });
  await people(page, report, tree);
  await movie(page, report, tree);
  await shotsView(page, report, tree, 'classic');
  await shotGroups(page, report, tree, 'classic');
  await assetsView(page, report, tree, 'classic');
  await openProject(page, base, tree.id);
  await timeline(page, report, tree, 'classic');

  const other = projects.find(({ id }) => id !== tree.id);
  if (!other) report.skip('another project by the menu', 'there is only one');
  else await report.check('another project by the menu', async () => {
    await page.selectOption('.app-toolbar > select', other.id);
    await projectLoaded(page, other.id);
    const { name, shots } = await state(page);
    assert.equal(name, other.name);
    assert.equal(shots.length, (await (await get(base, `/data/projects/${other.id}/shots.json`)).json()).length);
    await screenshot(page, 'classic-other-project');
    return name;
  });
  await report.check('the about page', async () => {
    await page.getByRole('link', { name: 'About' }).click();
    await page.waitForSelector('.about');
  });
  await openProject(page, base, tree.id);
  await changes(page, report, base, tree, 'classic');
  await report.noFaults();
});
