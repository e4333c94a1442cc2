// What both versions have in common: the grid of thumbnails, its groups, the timeline, the movie. Everything is compared
// with the tree's files as the server answers them, not with what the page made of them.
import assert from 'node:assert/strict';
import { API, choose, offers, patch, pixels, plain, projectLoaded, screenshot, shapes, state, texts, tick, until, uploads } from './lib.mjs';

export const GRID = 'canvas-thumb-grid';
export const TIMELINE = 'canvas-timeline';
const CAST = [0.2, 0.58, 0.8];

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
const same = (color, other, tolerance = 0.01) => color.slice(0, 3).every((part, i) => Math.abs(part - other[i]) <= tolerance);
const taskOf = (item, type) => item.tasks.find((task) => task.task_type_id === type);
const sorted = (items) => [...items].sort();

// The part of a tree that the page shows of an episode.
export function ofEpisode(tree, episode) {
  if (!episode) return tree;
  const ids = tree.episodes.find(({ id }) => id === episode).sequences.map(({ id }) => id);
  return {
    ...tree,
    sequences: tree.sequences.filter(({ id }) => ids.includes(id)),
    shots: tree.shots.filter((shot) => ids.includes(shot.sequence_id)),
    edits: tree.edits.filter(({ episodeId }) => episodeId === episode),
  };
}

const GROUPS = {
  groupBySequence: { of: (tree) => tree.sequences, rest: 'Unassigned', key: (item) => [item.sequence_id] },
  groupByAssetType: { of: (tree) => tree.assetTypes, rest: 'No Type', key: (item) => [item.asset_type_id] },
  groupByTaskStatus: { of: (tree) => tree.taskStatuses, rest: 'No Status', key: (item, type) => [taskOf(item, type)?.task_status_id] },
  groupByAssignee: { of: (tree) => tree.team, rest: 'Unassigned', key: (item, type) => taskOf(item, type)?.assignees ?? [] },
};

function expectedTitles(tree, items, by, taskType) {
  const { of, rest, key } = GROUPS[by];
  const groups = new Map(of(tree).map(({ id, name }) => [id, { name, count: 0 }]));
  const others = { name: rest, count: 0 };
  for (const item of items) {
    const found = key(item, taskType).filter((id) => groups.has(id));
    for (const group of found.length ? found.map((id) => groups.get(id)) : [others]) group.count += 1;
  }
  return sorted([...groups.values(), others].filter(({ count }) => count).map(({ name, count }) => `${name ?? ''} (${count})`));
}

const thumbnails = async (page) => (await shapes(page, GRID)).filter(({ kind, bundle }) => kind === 'image' && bundle === 0);

async function drawnTitles(page) {
  const pictures = await thumbnails(page);
  const onPicture = ({ x, y }) => pictures.some(({ left, top, width, height }) => x >= left && x <= left + width && y >= top && y <= top + height);
  const title = /^(.*) \((?:shots: )?(\d+)(?:, {2}[\d:]+)?\)$/su;
  const found = (await texts(page, `${GRID}-text`)).filter((text) => !onPicture(text)).map(({ text }) => title.exec(text)).filter(Boolean);
  return sorted(found.map(([, name, count]) => `${name} (${count})`));
}

// Every item has its picture in the grid, and the picture is in the texture: wrong sizes are refused by WebGL.
async function gridShows(page, items, size) {
  const complaint = (await texts(page, `${GRID}-text`)).find(({ text }) => /^(No shots|No assets|Out of space|Missing layout|No sequence)/.test(text));
  assert.ok(!complaint, `the grid says "${complaint?.text}"`);
  const pictures = await thumbnails(page);
  assert.deepEqual(sorted(pictures.map(({ slice }) => slice)), sorted(items.map((_, index) => index)), 'one picture for each');
  const loaded = (await uploads(page, GRID)).filter(({ slot }) => slot === size);
  const refused = loaded.filter(({ error, picture }) => error || picture !== size);
  assert.equal(refused.length, 0, `pictures that do not fit: ${JSON.stringify(refused.slice(0, 3))}`);
  const { colors } = await pixels(page, GRID);
  assert.ok(colors > 16, `the grid is drawn: ${colors} colours`);
  return pictures;
}

export async function people(page, report, tree) {
  await report.check('people have names', async () => {
    const { team } = await state(page);
    assert.deepEqual(team.map(({ name }) => name), tree.team.map(({ name }) => name));
    assert.ok(team.length > 0, 'there is somebody');
    const nameless = team.filter(({ name }) => !name?.trim()).length;
    assert.equal(nameless, 0, `${nameless} of ${team.length} people without a name`);
    const faces = await until(async () => {
      const found = (await uploads(page, GRID)).filter(({ slot }) => slot === '400x400');
      return found.length >= team.length && found;
    }, 'a picture of everybody');
    const refused = faces.filter(({ error, picture }) => error || picture !== '400x400');
    assert.equal(refused.length, 0, `pictures that do not fit: ${JSON.stringify(refused.slice(0, 3))}`);
    return `${team.length}`;
  });
}

export async function shotsView(page, report, tree, name) {
  await report.check('shots: thumbnails, labels', async () => {
    await plain(page, 'shots');
    const pictures = await gridShows(page, tree.shots, '150x100');
    const drawn = (await texts(page, `${GRID}-text`)).map(({ text }) => text);
    if (pictures[0].width > 100) for (const shot of tree.shots) {
      assert.ok(drawn.some((text) => text === shot.name || text.startsWith(`${shot.name} - `)), `label of ${shot.name}`);
    }
    await screenshot(page, `${name}-shots`);
    return `${pictures.length} thumbnails of ${Math.round(pictures[0].width)} px`;
  });
  await report.check('a click on a thumbnail shows the shot', async () => {
    const { shots, fps, frameOffset, sequences } = await state(page);
    const index = Math.floor(shots.length / 2);
    await clickThumbnail(page, index);
    const now = await state(page);
    const [shot] = shots.filter(({ startFrame }) => startFrame <= shots[index].startFrame).slice(-1);
    assert.equal(now.currentFrame, shots[index].startFrame);
    assert.equal(now.currentShot.id, shot.id);
    assert.equal((await page.textContent('.inspector-details h3')).trim(), shot.name);
    const header = await page.textContent('.player-header [title="Current Sequence"]');
    assert.ok(header.includes(sequences.find(({ id }) => id === shot.sequence_id).name), header);
    const player = await page.$eval('video', ({ currentTime, duration }) => ({ currentTime, duration }));
    const time = Math.min(Math.max(0, (now.currentFrame - frameOffset) / fps), player.duration);
    assert.ok(Math.abs(player.currentTime - time) < 0.1, `the movie is at ${player.currentTime}, not at ${time}`);
    await screenshot(page, `${name}-shot-chosen`);
    return `${shot.name}, frame ${now.currentFrame}`;
  });
  await report.check('shots: the current sequence only', async () => {
    const sequence = (await state(page)).currentShot.sequence_id;
    const expected = tree.shots.filter(({ sequence_id }) => sequence_id === sequence).length;
    await choose(page, { show: 'showActiveSequence' });
    const drawn = (await thumbnails(page)).length;
    await choose(page, { show: 'showAll' });
    assert.equal(drawn, expected);
    return `${drawn} shots`;
  });
}

export async function clickThumbnail(page, index) {
  const { left, top, width, height } = (await thumbnails(page)).find(({ slice }) => slice === index);
  await page.locator(`#${GRID}-text`).click({ position: { x: left + width / 2, y: top + height / 3 } });
  await page.waitForTimeout(300);
}

export async function grouped(page, report, tree, items, { label, by, taskType, shot }) {
  await report.check(label, async () => {
    assert.ok((await offers(page, 'group')).includes(by), `the page offers ${by}`);
    await choose(page, { group: by });
    const expected = expectedTitles(tree, items, by, taskType?.id);
    assert.deepEqual(await drawnTitles(page), expected);
    if (shot) await screenshot(page, shot);
    return expected.join(', ');
  });
}

export async function shotGroups(page, report, tree, name) {
  await plain(page, 'shots');
  await grouped(page, report, tree, tree.shots, { label: 'shots by sequence', by: 'groupBySequence', shot: `${name}-shots-by-sequence` });
  await withTaskTypes(page, report, tree, tree.shots, true, name);
}

export async function assetsView(page, report, tree, name) {
  await report.check('assets: thumbnails', async () => {
    await plain(page, 'assets');
    const pictures = await gridShows(page, tree.assets, '150x100');
    await screenshot(page, `${name}-assets`);
    return `${pictures.length} thumbnails`;
  });
  await grouped(page, report, tree, tree.assets, { label: 'assets by type', by: 'groupByAssetType', shot: `${name}-assets-by-type` });
  await withTaskTypes(page, report, tree, tree.assets, false, name);
  await plain(page, 'assets');
  const cast = tree.casting.find(({ asset_ids }) => asset_ids.some((id) => tree.assets.some((asset) => asset.id === id)));
  if (!cast) return report.skip('an asset chosen', 'nothing is cast');
  await report.check('an asset chosen stands in the timeline', async () => {
    const index = tree.assets.findIndex(({ id }) => cast.asset_ids.includes(id));
    const asset = tree.assets[index];
    await clickThumbnail(page, index);
    assert.deepEqual((await state(page)).selectedAssets.map(({ id }) => id), [asset.id]);
    const used = tree.shots.filter(({ id }) => tree.casting.find(({ shot_id }) => shot_id === id)?.asset_ids.includes(asset.id));
    const drawn = (await texts(page, `${TIMELINE}-text`)).map(({ text }) => text);
    assert.ok(drawn.includes(asset.name), `a channel ${asset.name} among ${drawn}`);
    const bars = (await shapes(page, TIMELINE)).filter(({ kind, color }) => kind === 'rect' && same(color, CAST));
    assert.equal(bars.length > 0, used.length > 0, `${bars.length} bars for ${used.length} shots`);
    await screenshot(page, `${name}-asset-chosen`);
    return `${asset.name}, in ${used.length} shots`;
  });
}

// Each task type of shots or of assets: the status of each item in its colour, faces, groups by status and by assignee.
async function withTaskTypes(page, report, tree, items, forShots, name) {
  const what = forShots ? 'shots' : 'assets';
  const types = tree.taskTypes.filter(({ for_shots }) => for_shots === forShots);
  await report.check(`${what}: task types in the menu`, async () => {
    assert.deepEqual(await offers(page, 'taskType'), ['', ...types.map(({ id }) => id)]);
    return types.map((type) => type.name).join(', ');
  });
  for (const type of types) {
    await report.check(`${what}: ${type.name}, status and faces`, async () => {
      await choose(page, { group: 'chronological', taskType: type.id });
      await tick(page, 'showStatuses', true);
      await tick(page, 'showAssignees', true);
      await choose(page, { style: 'rects' });
      const drawn = await shapes(page, GRID);
      const tints = drawn.filter(({ kind, color }) => kind === 'rect' && Math.abs(color[3] - 0.4) < 0.01 && !same(color, CAST));
      const statuses = new Map();
      for (const item of items) {
        const status = tree.taskStatuses.find(({ id }) => id === taskOf(item, type.id)?.task_status_id);
        if (status) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      assert.equal(tints.length, [...statuses.values()].reduce((sum, count) => sum + count, 0), 'items with a status');
      for (const [{ name, color }, count] of statuses) {
        const twins = [...statuses].filter(([other]) => same(rgb(other.color), rgb(color))).reduce((sum, [, n]) => sum + n, 0);
        assert.equal(tints.filter((tint) => same(tint.color, rgb(color))).length, twins, `${count} are ${name}, ${color}`);
      }
      const [{ width }] = await thumbnails(page);
      const faces = drawn.filter(({ kind, bundle }) => kind === 'image' && bundle === 1).length;
      const team = tree.team.map(({ id }) => id);
      const expected = items.flatMap((item) => taskOf(item, type.id)?.assignees ?? []).filter((id) => team.includes(id)).length;
      if (width > 30) assert.equal(faces, expected, 'faces');
      if (type === types.at(-1)) await screenshot(page, `${name}-${what}-status`);
      return `${tints.length} in ${statuses.size} colours, ${faces} faces`;
    });
    const last = type === types.at(-1);
    await grouped(page, report, tree, items, {
      label: `${what}: ${type.name} by status`, by: 'groupByTaskStatus', taskType: type, shot: last && `${name}-${what}-by-status`,
    });
    await grouped(page, report, tree, items, {
      label: `${what}: ${type.name} by assignee`, by: 'groupByAssignee', taskType: type, shot: last && `${name}-${what}-by-assignee`,
    });
  }
}

const CHANNELS = { top: 22 + 24 + 40, height: 24, bar: 12 };

export async function timeline(page, report, tree, name) {
  await report.check('timeline: shots and sequences', async () => {
    await tick(page, 'showTasksStatus', false);
    await page.getByRole('button', { name: 'Fit View' }).click();
    const drawn = await shapes(page, TIMELINE);
    const bars = drawn.filter(({ kind, color }) => kind === 'frame' && same(color, [0.3, 0.3, 0.3]));
    assert.equal(bars.length, tree.shots.length, 'shot bars');
    const { sequences, totalFrames } = await state(page);
    assert.equal(totalFrames, tree.edits[0].totalFrames);
    const labels = (await texts(page, `${TIMELINE}-text`)).map(({ text }) => text);
    for (const title of ['Sequences', 'Shots']) assert.ok(labels.includes(title), title);
    const inUse = sequences.filter(({ id }) => tree.shots.some((shot) => shot.sequence_id === id));
    for (const { name, color } of inUse) {
      assert.ok(drawn.some((bar) => bar.kind === 'rect' && bar.height === 6 && same(bar.color, color)), `a bar of ${name}`);
    }
    const { colors } = await pixels(page, TIMELINE);
    assert.ok(colors > 8, `the timeline is drawn: ${colors} colours`);
    await screenshot(page, `${name}-timeline`);
    return `${bars.length} shots, ${inUse.length} sequences, ${totalFrames} frames`;
  });
  await report.check('timeline: task channels', async () => {
    await tick(page, 'showTasksStatus', true);
    const types = tree.taskTypes.filter(({ for_shots }) => for_shots);
    const labels = (await texts(page, `${TIMELINE}-text`)).map(({ text }) => text);
    for (const { name } of types) assert.ok(labels.includes(name), `channel ${name}`);
    const drawn = (await shapes(page, TIMELINE)).filter(({ kind, height, top }) => kind === 'rect' && height === CHANNELS.bar && top >= CHANNELS.top);
    const points = [];
    types.forEach((type, index) => {
      const bars = drawn.filter(({ top }) => Math.floor((top - CHANNELS.top) / CHANNELS.height) === index);
      for (const { id, name, color } of tree.taskStatuses) {
        const expected = tree.shots.some((shot) => taskOf(shot, type.id)?.task_status_id === id);
        const found = bars.filter((bar) => same(bar.color, rgb(color)));
        const twin = tree.taskStatuses.some((other) => other.id !== id && same(rgb(other.color), rgb(color)));
        if (!twin) assert.equal(found.length > 0, expected, `${type.name} ${expected ? 'has' : 'has not'} ${name}`);
        const [widest] = found.sort((a, b) => b.width - a.width);
        if (widest?.width > 8) points.push({ at: [Math.round(widest.left + widest.width / 2), Math.round(widest.top + 6)], color, what: `${type.name}: ${name}` });
      }
    });
    const { at } = await pixels(page, TIMELINE, points.map((point) => point.at));
    const { left } = (await shapes(page, TIMELINE)).find(({ kind }) => kind === 'triangle');
    points.forEach((point, index) => {
      if (Math.abs(point.at[0] - left) > 20) assert.ok(same(at[index].map((part) => part / 255), rgb(point.color), 0.02), `${point.what} is ${point.color} on the screen, not ${at[index]}`);
    });
    await screenshot(page, `${name}-timeline-tasks`);
    return `${types.length} channels, ${points.length} colours seen`;
  });
}

export async function movie(page, report, tree) {
  await report.check('the movie loads', async () => {
    await until(() => page.$eval('video', ({ readyState, error }) => error || readyState >= 2), 'the movie has a frame');
    const { error, videoWidth, duration, src } = await page.$eval('video', (video) => ({
      error: video.error?.message, videoWidth: video.videoWidth, duration: video.duration, src: new URL(video.currentSrc).pathname,
    }));
    assert.ok(!error, error);
    assert.equal(src, `/${tree.edits[0].sourceName}`);
    assert.ok(videoWidth > 0 && duration > 0, `${videoWidth} px, ${duration} s`);
    // A click on a shot behind the movie's end would throw the page back to that end.
    const { fps, frameOffset } = await state(page);
    const last = Math.max(...tree.shots.map(({ startFrame }) => startFrame));
    assert.ok(duration * fps + frameOffset >= last, `the movie ends at frame ${Math.round(duration * fps + frameOffset)}, the last shot starts at ${last}`);
    return `${src.split('/').at(-1)}, ${duration.toFixed(1)} s`;
  });
}

// A shot's name and a task's status change over the API; a reload shows both.
export async function changes(page, report, base, tree, name) {
  if (API) {
    report.skip('a change over the API is there after a reload', 'these are files');
    return;
  }
  const shot = tree.shots[2];
  const { task, status, owner } = otherStatus(tree, 4);
  const paths = { shot: `/api/projects/${tree.id}/shots/${shot.id}`, task: `/api/projects/${tree.id}/tasks/${task.id}` };
  await report.check('a change over the API is there after a reload', async () => {
    try {
      await patch(base, paths.shot, { name: '9999_browser_test' });
      await patch(base, paths.task, { task_status_id: status.id });
      await page.reload();
      await projectLoaded(page, tree.id);
      const { shots } = await state(page);
      assert.equal(shots.find(({ id }) => id === shot.id).name, '9999_browser_test');
      assert.equal(shots.find(({ id }) => id === owner.id).tasks.find(({ id }) => id === task.id).task_status_id, status.id);
      const labels = (await texts(page, `${GRID}-text`)).map(({ text }) => text);
      const [{ width }] = await thumbnails(page);
      if (width > 100) assert.ok(labels.some((text) => text.startsWith('9999_browser_test')), 'its label is drawn');
      await screenshot(page, `${name}-changed`);
    } finally {
      await patch(base, paths.shot, { name: shot.name });
      await patch(base, paths.task, { task_status_id: task.task_status_id });
    }
    return `${shot.name}, and a task of ${owner.name} to ${status.name}`;
  });
}

export function otherStatus(tree, from = 0) {
  const owner = tree.shots.slice(from).find(({ tasks }) => tasks.length) ?? tree.shots.find(({ tasks }) => tasks.length);
  const [task] = owner.tasks;
  return { owner, task, status: tree.taskStatuses.find(({ id }) => id !== task.task_status_id) };
}
