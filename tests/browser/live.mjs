// node live.mjs BASE_URL N: the page follows changes by itself. For a server started with `--live`.
// Expects: a page (classic or v1) that shows a task's new status within a second of the PATCH being sent, without anybody
// reloading it, and that keeps the viewer's place: address, menus, chosen shot, frame, timeline's task channels.
// How the page does that is not looked at: fetching again in place or reloading and restoring are both fine.
// Prints the longest delay; exit code 1 if one is above 1000 ms, the place is lost, or the page complains.
import assert from 'node:assert/strict';
import { choose, findProject, get, giveUp, openProject, patch, projectLoaded, readTree, run, settle, sleep, state, usage, view } from './lib.mjs';
import { clickThumbnail, grouped, ofEpisode } from './views.mjs';

const base = process.argv[2]?.replace(/\/$/, '');
const times = Number(process.argv[3]);
if (!base || !(times > 0)) usage('node live.mjs BASE_URL N');

const LIMIT = 1000;
const layout = await get(base, '/data/projects/context.json').then(() => 'classic', () => 'v1');
const { tree } = await findProject(base, layout).catch(giveUp);
const episode = tree.episodes[0]?.id;
const shots = ofEpisode(tree, episode).shots.filter(({ tasks }) => tasks.length);
const setStatus = (task, task_status_id, query) => patch(base, `/api/projects/${tree.id}/tasks/${task}`, { task_status_id }, query);
// A page that is just reloading has no probe.
const status = (page, task) => page.evaluate((task) => __probe.status(task), task).catch(() => undefined);
const place = async (page) => {
  const { currentFrame, currentShot } = await state(page);
  return { url: page.url(), ...(await view(page)), currentFrame, shot: currentShot.id, channels: await page.isChecked('#showTasksStatus') };
};

await run(async (page, report) => {
  await openProject(page, base, tree.id);
  const type = tree.taskTypes.find(({ for_shots }) => for_shots);
  await page.locator('#showTasksStatus').click();
  await choose(page, { taskType: type.id });
  await choose(page, { group: 'groupByTaskStatus' });
  await clickThumbnail(page, Math.floor(shots.length / 2));
  await settle(page);
  const before = await place(page);
  let loads = 0;
  page.on('load', () => { loads += 1; });

  const original = new Map();
  try {
    await report.check(`${times} changes are shown within ${LIMIT} ms`, async () => {
      const delays = [];
      for (let time = 0; time < times; time += 1) {
        const shot = shots[time % shots.length];
        const task = shot.tasks.find(({ task_type_id }) => task_type_id === type.id) ?? shot.tasks[0];
        const now = await status(page, task.id);
        if (!original.has(task.id)) original.set(task.id, now);
        const next = tree.taskStatuses.find(({ id }) => id !== now);
        const start = performance.now();
        const sent = setStatus(task.id, next.id, '');
        sent.catch(() => {});
        while (await status(page, task.id) !== next.id) {
          assert.ok(performance.now() - start < 5 * LIMIT, `change ${time + 1} (a task of ${shot.name}) is not shown after ${5 * LIMIT} ms`);
          await sleep(5);
        }
        delays.push(performance.now() - start);
        await sent;
      }
      delays.sort((a, b) => a - b);
      const figures = `max ${Math.round(delays.at(-1))} ms, median ${Math.round(delays[delays.length >> 1])} ms, ${loads} loads of the page`;
      assert.ok(delays.at(-1) <= LIMIT, figures);
      return figures;
    });
    await projectLoaded(page, tree.id);
    await report.check('the viewer is where they were', async () => assert.deepEqual(await place(page), before));
    const now = ofEpisode(await readTree(base, layout, tree.id), episode);
    await grouped(page, report, now, now.shots, { label: 'the groups are drawn anew', by: 'groupByTaskStatus', taskType: type });
  } finally {
    for (const [task, id] of original) await setStatus(task, id);
  }
  await report.noFaults();
});
