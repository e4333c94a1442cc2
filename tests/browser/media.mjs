// node media.mjs BASE_URL FOLDER: uploaded pictures and movies in the page (classic or v1) of a server started with `--live`
// and `--placeholders`. FOLDER has the files that were uploaded, those that take their places while the page is open, and
// media.json, which says what each shows: pictures are test charts, and every frame of a movie tells its shot and number.
// What is changed is put back. Env: CHROMIUM, SCREENSHOTS (a folder).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { areWhole, BACKGROUND, far, marks, THUMBNAIL, TOLERANCE } from './charts.mjs';
import { choose, get, openProject, PATIENCE, pixels, pixelsOf, plain, put, readTree, run, screenshot, settle, shapes, state, tick, until, uploads, usage, visit } from './lib.mjs';
import { GRID, grouped, movie } from './views.mjs';

const [base, folder] = [process.argv[2]?.replace(/\/$/, ''), process.argv[3]];
if (!base || !folder) usage('node media.mjs BASE_URL FOLDER');
const media = JSON.parse(readFileSync(join(folder, 'media.json')));
const layout = await get(base, '/data/projects/context.json').then(() => 'classic', () => 'v1');
const tree = await readTree(base, layout, media.project);

const upload = (picture, from) => put(base, picture.path, readFileSync(join(folder, from, picture.file)));
const chartOf = (pictures, of) => pictures.find((picture) => picture.of === of).chart;

// ---- pictures

const thumbnails = (page, kind, pictures) => areWhole(page, tree[kind].length, 0, ({ slice }) => {
  const { id, name } = tree[kind][slice];
  return { name, chart: chartOf(pictures, `${kind}/${id}`) };
});

function shotBehind(face, drawn) {
  const isBehind = ({ kind, bundle, left, top, width, height }) => kind === 'image' && bundle === 0
    && face.left > left && face.left < left + width && face.top > top && face.top < top + height;
  return tree.shots[drawn.find(isBehind)?.slice];
}

// Of each shot its one assignee. Those of a sequence are all of the team, and there faces are large enough to look into.
const faces = (page, pictures) => areWhole(page, tree.team.length, 1, (face, drawn) => {
  const shot = shotBehind(face, drawn);
  const [id] = shot?.tasks[0].assignees ?? [];
  return id && { name: `${id} at ${shot.name}`, chart: chartOf(pictures, `users/${id}`) };
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
    const drawn = found.filter(({ kind, bundle }) => kind === 'image' && bundle === 1).map((face) => `${tree.team[face.slice].id} at ${shotBehind(face, found)?.name}`);
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
    await until(isThere, name, 10_000, 50).catch(() => {});
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

async function isAsBefore(page, report) {
  await report.check('what was there before is shown again', async () => {
    const found = await thumbnails(page, 'shots', media.pictures);
    await until(async () => (await shown(page, media.mp4)).src.endsWith('.mp4'), 'the first movie');
    await until(async () => (await shown(page, media.mp4)).frame !== undefined, 'a frame of it');
    await settle(page);
    return found;
  });
}

// ---- a project that nobody has sent anything of

// A name is ink of another colour than its ground: the middle one of many points, from above the page's own label.
async function namesAreDrawn(page, shots, sequences) {
  const places = (await shapes(page, GRID)).filter(({ kind, bundle }) => kind === 'image' && bundle === 0);
  assert.equal(places.length, shots.length);
  const [columns, rows] = [60, 32];
  const raster = Array.from({ length: columns * rows }, (_, at) => [0.04 + 0.92 * (at % columns) / columns, 0.04 + 0.74 * Math.floor(at / columns) / rows]);
  const points = places.flatMap(({ left, top, width, height }) => raster.map(([x, y]) => [left + width * x, top + height * y]));
  const { at } = await pixels(page, GRID, points);
  const inks = places.map(({ slice }, place) => {
    const { name, sequence_id } = shots[slice];
    const colors = at.slice(place * raster.length, (place + 1) * raster.length);
    const ground = colors.toSorted((one, other) => one[1] - other[1])[raster.length / 2];
    const color = sequences.find(({ id }) => id === sequence_id)?.color.slice(0, 3).map((part) => Math.round(255 * part)) ?? [96, 96, 96];
    assert.ok(far(ground, color) < 20, `${name} is drawn on ${ground}, its sequence is ${color}`);
    const ink = colors.map((one) => Number(far(one, ground) > 70));
    const share = ink.filter(Boolean).length / ink.length;
    assert.ok(share > 0.05 && share < 0.5, `${name}: ${Math.round(100 * share)}% of its picture is ink`);
    return ink.join('');
  });
  assert.equal(new Set(inks).size, places.length, 'every picture reads otherwise');
}

async function eventually(check) {
  let failure;
  const isSo = () => check().then(() => true, (error) => { failure = error; });
  await until(isSo, 'a check', PATIENCE, 100).catch(() => { throw failure; });
}

async function bare(page, report) {
  const bareTree = await readTree(base, layout, media.bare);
  await openProject(page, base, media.bare);
  await report.check('without pictures: the names of shots are drawn on the colours of their sequences', async () => {
    const { sequences } = await state(page);
    await eventually(() => namesAreDrawn(page, bareTree.shots, sequences));
    await screenshot(page, `${layout}-media-bare`);
    return `${bareTree.shots.length} shots`;
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
  await isAsBefore(page, report);
  await bare(page, report);
  await report.noFaults();
});
