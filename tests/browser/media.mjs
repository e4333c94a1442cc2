// node media.mjs BASE_URL FOLDER: uploaded pictures and movies in the page (classic or v1) of a server started with `--live`
// and `--placeholders`. FOLDER has the files that were uploaded, those that take their places while the page is open, and
// media.json, which says what each shows: pictures are test charts, and every frame of a movie tells its shot and number.
// What is changed is put back. Env: CHROMIUM, SCREENSHOTS (a folder).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { choose, get, openProject, PATIENCE, pixels, pixelsOf, plain, put, readTree, run, screenshot, settle, shapes, state, tick, until, uploads, usage, visit } from './lib.mjs';
import { GRID, grouped, movie } from './views.mjs';

const [base, folder] = [process.argv[2]?.replace(/\/$/, ''), process.argv[3]];
if (!base || !folder) usage('node media.mjs BASE_URL FOLDER');
const media = JSON.parse(readFileSync(join(folder, 'media.json')));
const layout = await get(base, '/data/projects/context.json').then(() => 'classic', () => 'v1');
const tree = await readTree(base, layout, media.project);

const THUMBNAIL = [150, 100];
const AVATAR = [400, 400];
const BACKGROUND = [26, 26, 26];
const TOLERANCE = 24; // of 255, for what JPEG and movies do to colours

const upload = (picture, from) => put(base, picture.path, readFileSync(join(folder, from, picture.file)));
const chartOf = (pictures, of) => pictures.find((picture) => picture.of === of).chart;
const far = (color, other) => Math.max(...color.map((part, at) => Math.abs(part - other[at])));

// ---- pictures

// What is to be seen of a chart in the place that its canvas has on the screen: points, and their colours.
function marks({ size, inside, isHollow }, place, canvas) {
  const scale = [place.width / canvas[0], place.height / canvas[1]];
  const fit = Math.min(canvas[0] / size[0], canvas[1] / size[1]);
  const [width, height] = size.map((side, axis) => side * fit * scale[axis]);
  const [left, top] = [place.left + (place.width - width) / 2, place.top + (place.height - height) / 2];
  // Points keep off the edges: pixels of the texture lie across them, and those of a small picture are blurred.
  const [dx, dy] = scale.map((by) => Math.max(2 * by, fit * by, 1.2));
  const tolerance = fit > 1 ? 2 * TOLERANCE : TOLERANCE; // what is made larger rings
  const [sides, ground] = [media.sides, BACKGROUND];
  const found = [];
  const add = (what, x, y, color) => found.push({ what, at: [left + x, top + y], color, tolerance });
  media.corners.forEach((color, corner) => {
    const name = ['top left', 'top right', 'bottom left', 'bottom right'][corner];
    const point = (what, x, y, color) => add(`${what} ${name}`, corner % 2 ? width - x : x, corner < 2 ? y : height - y, color);
    point('outermost', dx, dy, color);
    point('deep in', width / 5, height / 5, color);
    point('inner end of', width / 4 - dx, dy, color);
    point('beside', width / 4 + dx, dy, sides);
    point('lower end of', dx, height / 4 - dy, color);
    point('below', dx, height / 4 + dy, sides);
    point('within', width / 4 + dx, height / 5, isHollow ? ground : inside);
    if (left - place.left > 2 * dx) point('left of', -dx, dy, ground);
    if (top - place.top > 2 * dy) point('above', dx, -dy, ground);
  });
  const across = [['left', dx, height / 2], ['right', width - dx, height / 2], ['top', width / 2, dy], ['bottom', width / 2, height - dy]];
  for (const [name, x, y] of across) add(`side ${name}`, x, y, sides);
  add('middle', width / 2, height / 2, inside);
  return found;
}

// A face is shown through a round hole, with the thumbnail behind it.
const inCircle = ({ left, top, width, height }) => ({ at: [x, y], color }) =>
  color !== BACKGROUND && Math.hypot(x - left - width / 2, y - top - height / 2) < width / 2 - 1.5;

// The same mark under what is drawn over it, such as the bar of a label: what shines through differs by less.
function under(mark, covers) {
  const [x, y] = mark.at;
  const over = covers.filter(({ left, top, width, height }) => x >= left && x < left + width && y >= top && y < top + height);
  return over.reduce((below, { color: [red, green, blue, alpha] }) => ({
    ...below,
    color: below.color.map((part, at) => part * (1 - alpha) + 255 * [red, green, blue][at] * alpha),
    tolerance: Math.max(6, below.tolerance * (1 - alpha)),
  }), mark);
}

// At the edge of a bar, or under the frame around what is chosen, a point says nothing.
const isAtEdge = ([x, y]) => ({ kind, left, top, width, height }) => {
  const near = kind === 'frame' ? 4 : 1.5;
  const inside = Math.min(x - left, left + width - x, y - top, top + height - y);
  return Math.abs(inside) < near;
};

// Only pictures and bars: the page's texts are on a canvas of their own.
async function pixelsOfGrid(page, points) {
  const texts = page.locator(`#${GRID}-text`);
  await texts.evaluate((canvas) => { canvas.style.opacity = 0; });
  const found = await pixels(page, GRID, points);
  await texts.evaluate((canvas) => { canvas.style.opacity = ''; });
  return found.at;
}

// What of the grid is not as it should be: `wanted` gives the chart of each picture of a bundle.
async function faults(page, bundle, wanted) {
  const drawn = await shapes(page, GRID);
  const [covers, edged] = [['rect'], ['rect', 'frame']].map((kinds) => drawn.filter(({ kind }) => kinds.includes(kind)));
  const places = drawn.filter((shape) => shape.kind === 'image' && shape.bundle === bundle);
  const points = places.flatMap((place) => {
    const { name, chart } = wanted(place, drawn);
    const all = bundle ? marks(chart, place, AVATAR).filter(inCircle(place)) : marks(chart, place, THUMBNAIL).map((mark) => under(mark, covers));
    return all.filter(({ at }) => !edged.some(isAtEdge(at))).map((mark) => ({ ...mark, name }));
  });
  const at = await pixelsOfGrid(page, points.map((point) => point.at));
  const wrong = points.map((point, index) => ({ ...point, is: at[index] })).filter(({ is, color, tolerance }) => far(is, color) > tolerance);
  const said = wrong.map(({ name, what, is, color }) => `${name}, ${what}: ${is}, not ${color.map(Math.round)}`);
  return { count: places.length, points: points.length, wrong: said };
}

async function areWhole(page, count, bundle, wanted) {
  let found;
  const isWhole = async () => {
    found = await faults(page, bundle, wanted);
    return found.count === count && !found.wrong.length;
  };
  await until(isWhole, 'whole pictures', PATIENCE, 100).catch((error) => {
    if (!found) throw error;
    assert.fail(`${found.count} of ${count} pictures, at ${found.wrong.length} of ${found.points} points:\n${found.wrong.slice(0, 20).join('\n')}`);
  });
  const canvas = (bundle ? AVATAR : THUMBNAIL).join('x');
  const refused = (await uploads(page, GRID)).filter(({ slot, error, picture }) => slot === canvas && (error || picture !== canvas));
  assert.deepEqual(refused, [], 'pictures that do not fit');
  return `${count} pictures, ${found.points} points`;
}

const thumbnails = (page, kind, pictures) => areWhole(page, tree[kind].length, 0, ({ slice }) => {
  const { id, name } = tree[kind][slice];
  return { name, chart: chartOf(pictures, `${kind}/${id}`) };
});

function shotBehind(face, drawn) {
  const isBehind = ({ kind, bundle, left, top, width, height }) => kind === 'image' && bundle === 0
    && face.left > left && face.left < left + width && face.top > top && face.top < top + height;
  return tree.shots[drawn.find(isBehind).slice];
}

// Of each shot its one assignee. Those of a sequence are all of the team, and there faces are large enough to look into.
const faces = (page, pictures) => areWhole(page, tree.team.length, 1, (face, drawn) => {
  const shot = shotBehind(face, drawn);
  const [id] = shot.tasks[0].assignees;
  assert.equal(tree.team[face.slice].id, id, `who is at ${shot.name}`);
  return { name: `${id} at ${shot.name}`, chart: chartOf(pictures, `users/${id}`) };
});

async function showFaces(page) {
  await plain(page, 'shots');
  await clickShot(page, 5);
  await until(async () => (await state(page)).currentShot?.id === tree.shots[5].id, 'a shot, and so a sequence, is chosen');
  await choose(page, { taskType: 'anim', show: 'showActiveSequence' });
  await tick(page, 'showAssignees', true);
  await tick(page, 'showStatuses', false);
}

async function pictures(page, report) {
  await report.check('the picture of the project', async () => {
    await visit(page, base, '/');
    const picture = page.locator('.projects-list li', { hasText: tree.name }).locator('img');
    await picture.waitFor();
    await settle(page);
    await screenshot(page, `${layout}-media-list`);
    // The page makes a square of 32 pixels of it.
    const [width, height] = THUMBNAIL;
    await picture.evaluate((img, size) => { [img.style.width, img.style.height] = size; }, THUMBNAIL.map((side) => `${side}px`));
    const points = marks(chartOf(media.pictures, 'project'), { left: 0, top: 0, width, height }, THUMBNAIL).filter(({ color }) => color !== BACKGROUND);
    const { at } = await pixelsOf(page, picture, points.map((point) => point.at));
    const wrong = points.filter(({ color }, index) => far(at[index], color) > TOLERANCE).map(({ what }) => what);
    assert.deepEqual(wrong, []);
    return `${points.length} points`;
  });
  await openProject(page, base, media.project);
  await report.check('shots: every picture is whole', async () => {
    const found = await thumbnails(page, 'shots', media.pictures);
    await screenshot(page, `${layout}-media-shots`);
    return found;
  });
  await report.check('assets: every picture is whole', async () => {
    await plain(page, 'assets');
    const found = await thumbnails(page, 'assets', media.pictures);
    await screenshot(page, `${layout}-media-assets`);
    return found;
  });
  await report.check('people: every face is whole, as far as the round hole shows it', async () => {
    await showFaces(page);
    const found = await faces(page, media.pictures);
    await screenshot(page, `${layout}-media-faces`);
    return found;
  });
  await choose(page, { show: 'showAll' });
  const anim = tree.taskTypes.find(({ id }) => id === 'anim');
  await grouped(page, report, tree, tree.shots, { label: 'shots by assignee', by: 'groupByAssignee', taskType: anim, shot: `${layout}-media-by-assignee` });
  await report.check('every shot of a group has the face of its assignee', async () => {
    const found = await shapes(page, GRID);
    const drawn = found.filter(({ kind, bundle }) => kind === 'image' && bundle === 1).map((face) => `${tree.team[face.slice].id} at ${shotBehind(face, found).name}`);
    assert.deepEqual(drawn.sort(), tree.shots.map(({ name, tasks }) => `${tasks[0].assignees[0]} at ${name}`).sort());
  });
  await plain(page, 'shots');
}

// ---- the movie

// What the player shows: the time, and the number and colour that the frame itself tells.
const shown = (page, { number, digits }) => page.$eval('video', (video, [number, digits]) => {
  const { videoWidth: width, videoHeight: height, currentTime, duration, readyState, seeking, paused, error } = video;
  const facts = { currentTime, duration, paused, error: error?.message, src: video.currentSrc };
  if (!width || readyState < 2 || seeking) return facts;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(video, 0, 0);
  const at = (x, y) => [...context.getImageData(x, y, 1, 1).data.subarray(0, 3)];
  const digit = (place) => Number(at(Math.floor((place + 0.5) * width / digits), height - number / 2)[1] > 127);
  const frame = [...Array(digits).keys()].reduce((frame, place) => 2 * frame + digit(place), 0);
  return { ...facts, frame, color: at(width / 2, (height - number) / 2) };
}, [number, digits]);

async function clickShot(page, index) {
  const drawn = await shapes(page, GRID);
  const { left, top, width, height } = drawn.find(({ kind, bundle, slice }) => kind === 'image' && bundle === 0 && slice === index);
  await page.locator(`#${GRID}-text`).click({ position: { x: left + width / 2, y: top + height / 3 } });
}

// Shots are seen in the order of the grid, and back: a seek forward is another than one back.
async function seeksToEveryShot(page, reel) {
  const order = tree.shots.map((_, index) => (index % 2 ? tree.shots.length - index : index));
  const wrong = [];
  for (const index of order) {
    const { name, startFrame } = tree.shots[index];
    let now;
    await clickShot(page, index);
    const isThere = async () => {
      now = { ...(await shown(page, reel)), page: (await state(page)).currentFrame };
      return now.frame === startFrame && now.page === startFrame;
    };
    await until(isThere, name, 5000, 50).catch(() => {});
    const inFrame = now.currentTime * tree.fps - startFrame;
    const isRight = now.frame === startFrame && now.page === startFrame && inFrame > -1e-3 && inFrame < 1;
    if (!isRight || far(now.color, reel.colors[index]) > TOLERANCE) {
      wrong.push(`${name} starts at ${startFrame} in ${reel.colors[index]}: the movie shows ${now.frame} in ${now.color} at ${now.currentTime}, the page says ${now.page}`);
    }
  }
  assert.deepEqual(wrong, []);
  return `${order.length} shots`;
}

async function playsOn(page, reel) {
  const before = await shown(page, reel);
  const button = page.locator('.vjs-play-control');
  await button.click();
  let now;
  await until(async () => {
    now = await shown(page, reel);
    return now.error || (now.currentTime > before.currentTime + 0.3 && now.frame > before.frame);
  }, 'it plays');
  assert.ok(!now.error, now.error);
  await until(async () => (await state(page)).currentFrame > before.frame, 'the page goes along');
  await button.click();
  await until(async () => (await shown(page, reel)).paused, 'it stands again');
  return `from ${before.frame} to ${now.frame}`;
}

async function plays(page, report, reel, what) {
  await report.check(`${what}: its length is totalFrames, which nobody sent`, async () => {
    let now;
    await until(async () => { now = await shown(page, reel); return now.error || now.color; }, 'a frame');
    assert.ok(!now.error, now.error);
    const sent = await (await get(base, media.movie.replace(/\/movie$/, ''))).json();
    assert.equal(sent.totalFrames, 0);
    const { totalFrames, fps } = await state(page);
    assert.equal(totalFrames, reel.frames);
    assert.ok(Math.abs(now.duration * fps - totalFrames) < 0.5, `${now.duration} s are not ${totalFrames} frames`);
    return `${totalFrames} frames, ${now.duration} s`;
  });
  await report.check(`${what}: a click on any shot shows its first frame`, () => seeksToEveryShot(page, reel));
  await screenshot(page, `${layout}-media-${what}-last-click`);
  await report.check(`${what}: it plays`, () => playsOn(page, reel));
}

// ---- what changes while the page is open

const now = (pictures, later) => pictures.map((picture) => later.find(({ of }) => of === picture.of) ?? picture);

async function changesAreShown(page, report) {
  await page.evaluate(() => { window.__stays = true; });
  const isSamePage = async () => assert.ok(await page.evaluate(() => window.__stays), 'it was not loaded anew');
  const after = now(media.pictures, media.later);
  const [shot, asset, person] = ['shots/', 'assets/', 'users/'].map((kind) => media.later.find(({ of }) => of.startsWith(kind)));
  await report.check('a new picture of a shot is shown, and the others stay', async () => {
    await upload(shot, 'later');
    const found = await thumbnails(page, 'shots', after);
    await screenshot(page, `${layout}-media-new-shot`);
    await isSamePage();
    return found;
  });
  await report.check('a new picture of an asset as well', async () => {
    await plain(page, 'assets');
    await upload(asset, 'later');
    const found = await thumbnails(page, 'assets', after);
    await screenshot(page, `${layout}-media-new-asset`);
    await isSamePage();
    return found;
  });
  await report.check('a new picture of a person as well', async () => {
    await showFaces(page);
    await upload(person, 'later');
    const found = await faces(page, after);
    await screenshot(page, `${layout}-media-new-face`);
    await isSamePage();
    return found;
  });
  await plain(page, 'shots');
  await report.check('a new movie takes the place of the old one, at the same frame', async () => {
    await clickShot(page, 7);
    const { startFrame } = tree.shots[7];
    await until(async () => (await shown(page, media.mp4)).frame === startFrame, 'the shot in the old movie');
    await sendMovie(media.webm);
    let there;
    const isThere = async () => {
      there = await shown(page, media.webm);
      return there.src.endsWith('.webm') && there.frame === startFrame;
    };
    await until(isThere, 'the shot in the new movie').catch((error) => assert.fail(`${error.message}: ${JSON.stringify(there)}`));
    assert.equal((await state(page)).currentFrame, startFrame);
    await isSamePage();
    return `${there.src.split('/').at(-1)}, frame ${startFrame}`;
  });
  await plays(page, report, media.webm, 'webm');
  await isSamePage();
}

const sendMovie = ({ file }) => put(base, media.movie, readFileSync(join(folder, file)));

async function putBack() {
  for (const { of } of media.later) await upload(media.pictures.find((picture) => picture.of === of), '');
  await sendMovie(media.mp4);
}

// ---- a project that nobody has sent anything of

async function bare(page, report) {
  const bareTree = await readTree(base, layout, media.bare);
  await openProject(page, base, media.bare);
  await report.check('without pictures: the names of shots are drawn on the colour of their sequence', async () => {
    const { sequences } = await state(page);
    await until(async () => (await uploads(page, GRID)).filter(({ slot }) => slot === '150x100').length >= bareTree.shots.length, 'pictures');
    await settle(page);
    const places = (await shapes(page, GRID)).filter(({ kind, bundle }) => kind === 'image' && bundle === 0);
    assert.equal(places.length, bareTree.shots.length);
    const [columns, rows] = [60, 32];
    // The label that the page writes itself is at the bottom.
    const points = places.flatMap(({ left, top, width, height }) => Array.from({ length: columns * rows }, (_, index) =>
      [left + width * (0.04 + 0.92 * (index % columns) / columns), top + height * (0.04 + 0.78 * Math.floor(index / columns) / rows)]));
    const { at } = await pixels(page, GRID, points);
    const inks = new Set();
    places.forEach(({ slice }, place) => {
      const { name, sequence_id } = bareTree.shots[slice];
      const colors = at.slice(place * columns * rows, (place + 1) * columns * rows);
      const [ground] = [...colors].sort((a, b) => a[0] + a[1] + a[2] - b[0] - b[1] - b[2]).slice(colors.length * 0.6);
      const sequence = sequences.find(({ id }) => id === sequence_id)?.color.slice(0, 3).map((part) => 255 * part);
      if (sequence) assert.ok(far(ground, sequence) < 20, `${name} is drawn on ${ground}, its sequence is ${sequence.map(Math.round)}`);
      else assert.ok(far(ground, [96, 96, 96]) < 20, `${name}, of no sequence, is drawn on ${ground}`);
      const ink = colors.map((color) => (far(color, ground) > 70 ? 1 : 0));
      const share = ink.reduce((sum, one) => sum + one, 0) / ink.length;
      assert.ok(share > 0.05 && share < 0.5, `${name}: ${Math.round(100 * share)}% of its picture is ink`);
      inks.add(ink.join(''));
    });
    assert.equal(inks.size, places.length, 'every picture reads otherwise');
    await screenshot(page, `${layout}-media-bare`);
    return `${places.length} shots`;
  });
  await movie(page, report, bareTree);
  await report.check('without pictures: an asset and a person have the placeholders', async () => {
    await plain(page, 'assets');
    const isDrawn = async (slot, name) => (await uploads(page, GRID)).some((one) => one.slot === slot && one.src.endsWith(name) && !one.error);
    await until(() => isDrawn('150x100', 'placeholder-asset.png'), 'that of the asset');
    await until(() => isDrawn('400x400', 'placeholder-user.png'), 'that of the person');
    await screenshot(page, `${layout}-media-bare-assets`);
  });
}

await run(async (page, report) => {
  await page.setViewportSize({ width: 1280, height: 800 }); // drawing in software takes its time
  try {
    await pictures(page, report);
    await plays(page, report, media.mp4, 'mp4');
    await changesAreShown(page, report);
  } finally {
    await putBack();
  }
  await bare(page, report);
  await report.noFaults();
});
