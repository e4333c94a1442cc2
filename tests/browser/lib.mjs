// Shared by all browser tests: the browser, a page whose every fault is collected, what the page shows, the API, the report.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { chromium } from 'playwright-core';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const SCREENSHOTS = process.env.SCREENSHOTS ?? here('out');
const TOKEN = process.env.TOKEN;
export const PATIENCE = 20_000;

export const sleep = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));

export async function until(condition, what, patience = PATIENCE, pause = 20) {
  for (const end = Date.now() + patience; ;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${patience} ms in vain: ${what}`);
    await sleep(pause);
  }
}

export const usage = (text) => {
  console.error(`usage: ${text}`);
  process.exit(2);
};

export const giveUp = (error) => {
  console.log(`FAIL  ${error.message}`);
  process.exit(1);
};

// ---- browser and page

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
  ],
});

// A page with the probe in it. `page.faults` has what a viewer's developer tools would show in red, and what the
// frontends hide: they only log the exceptions of their loading functions, and a browser only warns of a refused picture.
export async function openPage(browser) {
  const httpCredentials = TOKEN ? { username: 'viewer', password: TOKEN } : undefined;
  const context = await browser.newContext({ viewport: { width: 1600, height: 900 }, httpCredentials });
  const page = await context.newPage();
  const pending = new Set();
  page.setDefaultTimeout(PATIENCE);
  page.faults = [];
  page.pending = pending;
  page.during = 'start';
  const fault = (kind, text) => page.faults.push({ kind, text, during: page.during });
  const endless = (request) => ['media', 'eventsource'].includes(request.resourceType());

  await page.addInitScript({ path: here('probe.js') });
  page.on('console', (message) => {
    const text = message.text();
    const where = message.location().url;
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) fault('console error', `${text.split('\n')[0]} at ${where}`);
    else if (message.type() === 'warning' && /GL_INVALID|INVALID_(OPERATION|VALUE|ENUM)|Too many/.test(text)) fault('console error', text);
    else if (message.type() === 'log' && /Error\b/.test(text)) fault('console error', `logged: ${text.split('\n')[0]}`);
  });
  page.on('pageerror', (error) => fault('page error', error.message));
  page.on('request', (request) => endless(request) || pending.add(request));
  page.on('requestfinished', (request) => pending.delete(request));
  page.on('requestfailed', (request) => {
    pending.delete(request);
    const { errorText } = request.failure();
    // A player drops a movie's answer when it has read enough; an event stream ends with its page.
    if (!(endless(request) && errorText === 'net::ERR_ABORTED')) fault('failed request', `${errorText} ${request.method()} ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) fault('bad answer', `${response.status()} ${response.url()}`);
  });
  return page;
}

export async function settle(page) {
  let quiet = 0;
  const isQuiet = () => (quiet = page.pending.size ? 0 : quiet + 1) > 5;
  await until(isQuiet, 'the end of all requests', PATIENCE, 50).catch((error) => {
    throw new Error(`${error.message}: ${[...page.pending].map((request) => request.url()).join(', ')}`);
  });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

// A new load, as from the address bar: going from one hash to another would not load anything.
export async function visit(page, base, hash) {
  await page.goto('about:blank');
  page.pending.clear(); // of what a page asks for while it is left, the end is not always told
  await page.goto(`${base}/#${hash}`);
}

export async function projectLoaded(page, id) {
  await until(() => page.evaluate((id) => __probe.loaded(id), id), `project ${id} is shown`);
  await settle(page);
}

export async function openProject(page, base, id, query = '') {
  await visit(page, base, `/pro/${id}${query}`);
  await projectLoaded(page, id);
}

export async function screenshot(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

// ---- what the page shows

export const state = (page) => page.evaluate(() => __probe.state());
export const shapes = (page, canvas) => page.evaluate((id) => __probe.shapes(id), canvas);
export const uploads = (page, canvas) => page.evaluate((id) => __probe.uploads(id), canvas);
export const texts = (page, canvas) => page.evaluate((id) => __probe.texts(id), canvas);

export const listEntries = (page) => page.$$eval('.projects-list li', (items) => items.map((item) => {
  const picture = item.querySelector('img');
  return {
    name: item.querySelector('h3').textContent,
    href: item.querySelector('a').getAttribute('href'),
    broken: picture.hasAttribute('src') && !(picture.complete && picture.naturalWidth > 0),
  };
}));

// The menus have no ids; what tells them apart are their entries. They are the same in both versions.
const MENUS = { mode: 'assets', show: 'showAll', taskType: '', style: 'rects', group: 'chronological' };
const menu = (page, name) => page.locator(`.thumbnailview-container select:has(option[value="${MENUS[name]}"])`);

export async function choose(page, choices) {
  for (const [name, value] of Object.entries(choices)) await menu(page, name).selectOption(value);
  await settle(page);
}

// As a project opens. The group first: without a task type the page cannot group by status or assignee, and says so in red.
export const plain = (page, mode) => choose(page, { group: 'chronological', taskType: '', mode, show: 'showAll' });

export const offers = (page, name) => menu(page, name).locator('option').evaluateAll((all) => all.map(({ value }) => value));

export async function view(page) {
  const values = {};
  for (const name of ['mode', 'show', 'taskType', 'group']) values[name] = await menu(page, name).inputValue();
  return values;
}

export async function tick(page, id, on) {
  await page.locator(`#${id}`).setChecked(on);
  await settle(page);
}

// The pixels of a canvas as the screen shows it: how many colours, and the colour at each of the points.
export const pixels = (page, canvas, points = []) => pixelsOf(page, page.locator(`#${canvas}`), points);

export async function pixelsOf(page, element, points = []) {
  const png = (await element.screenshot()).toString('base64');
  const reader = (page.reader ??= await page.context().browser().newPage());
  return reader.evaluate(async ({ png, points }) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const at = ([x, y]) => 4 * (Math.floor(y) * width + Math.floor(x));
    return {
      width, height, colors: new Set(new Uint32Array(data.buffer)).size,
      at: points.map((point) => [...data.subarray(at(point), at(point) + 3)]),
    };
  }, { png, points });
}

// ---- the server

const headers = TOKEN ? { authorization: `Bearer ${TOKEN}` } : {};

export async function get(base, path) {
  const answer = await fetch(new URL(path, base), { headers });
  assert.ok(answer.ok, `GET ${path}: ${answer.status}`);
  return answer;
}

export async function list(base, path) {
  const items = [];
  for (let next = path; next;) {
    const answer = await get(base, next);
    const page = await answer.json();
    assert.ok(Array.isArray(page), `GET ${next} answers a list`);
    items.push(...page);
    next = /<([^>]+)>\s*;[^,]*rel="?next"?/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return items;
}

export async function patch(base, path, value, query = '?wait=published') {
  const answer = await fetch(`${base}${path}${query}`, {
    method: 'PATCH', headers: { ...headers, 'content-type': 'application/merge-patch+json' }, body: JSON.stringify(value),
  });
  assert.ok(answer.ok, `PATCH ${path}: ${answer.status} ${await answer.clone().text()}`);
}

// Uploads a file as `curl -T` does.
export async function put(base, path, file, query = '?wait=published') {
  const answer = await fetch(`${base}${path}${query}`, { method: 'PUT', headers, body: file });
  assert.ok(answer.ok, `PUT ${path}: ${answer.status} ${await answer.clone().text()}`);
}

// A project as its tree has it, the two layouts' differences taken out.
export async function readTree(base, layout, id) {
  const file = async (name) => (await get(base, `/data/${name}`)).json();
  const [project, shots, assets, sequences, casting] = await Promise.all(
    ['project', 'shots', 'assets', 'sequences', 'casting'].map((name) => file(`projects/${id}/${name}.json`)),
  );
  const own = { id, name: project.name, fps: project.fps, shots, assets, sequences, casting };
  if (layout === 'v1') {
    const team = project.team.map((person) => ({ id: person.id, name: person.full_name }));
    return {
      ...own, team, episodes: project.episodes, taskTypes: project.task_types, taskStatuses: project.task_statuses,
      assetTypes: project.asset_types, edits: await file(`projects/${id}/edits.json`), counts: await file(`projects/${id}/task_counts.json`),
    };
  }
  const context = await file('projects/context.json');
  const pick = (all, ids) => (ids.length ? all.filter((one) => ids.includes(one.id)) : all);
  const people = project.team.map((id) => context.users.find((user) => user.id === id)).filter(Boolean);
  return {
    ...own, episodes: [], team: people.map((person) => ({ id: person.id, name: person.full_name })),
    taskTypes: pick(context.task_types, project.task_types), taskStatuses: pick(context.task_status, project.task_statuses),
    assetTypes: pick(context.asset_types, project.asset_types), edits: [await file(`projects/${id}/edit.json`)], counts: [],
  };
}

// The project to test with: env PROJECT, or the first that is large enough to say anything.
// Env API is a server with the same data, for a BASE_URL that is nothing but files.
export const API = process.env.API?.replace(/\/$/, '');

export async function findProject(base, layout) {
  const projects = await list(API ?? base, '/api/projects');
  const wanted = process.env.PROJECT;
  for (const { id } of projects) {
    if (wanted && wanted !== id) continue;
    const tree = await readTree(base, layout, id);
    if (wanted || (tree.sequences.length >= 2 && tree.shots.length >= 40)) return { projects, tree };
  }
  throw new Error(wanted ? `no project ${wanted}` : 'no project with at least 2 sequences and 40 shots');
}

// The shots that a tree shall have: not canceled, and with a range of frames.
export async function shotsToShow(base, project) {
  const number = (value) => (value === null || value === undefined || value === '' ? NaN : Number(value));
  return (await list(API ?? base, `/api/projects/${project}/shots`)).filter(
    ({ canceled, data }) => !canceled && number(data?.frame_in) <= number(data?.frame_out),
  );
}

// ---- the report

export class Report {
  failures = [];

  constructor(page) {
    this.page = page;
  }

  async check(name, body) {
    this.page.during = name;
    try {
      const detail = await body();
      console.log(`ok    ${name}${detail ? `: ${detail}` : ''}`);
    } catch (error) {
      this.failures.push(name);
      console.log(`FAIL  ${name}: ${stripVTControlCharacters(error.message).trim().split('\n').join('\n      ')}`);
    }
  }

  skip(name, why) {
    console.log(`skip  ${name}: ${why}`);
  }

  async noFaults() {
    for (const kind of ['console error', 'page error', 'failed request', 'bad answer']) {
      await this.check(`no ${kind}`, () => {
        const first = new Map();
        for (const { kind: other, text, during } of this.page.faults) if (other === kind && !first.has(text)) first.set(text, during);
        assert.ok(first.size === 0, [...first].map(([text, during]) => `${text} (during: ${during})`).join('\n'));
      });
    }
  }
}

export async function run(test) {
  const browser = await launch();
  try {
    const page = await openPage(browser);
    const report = new Report(page);
    await test(page, report);
    console.log(report.failures.length ? `${report.failures.length} failed:\n${report.failures.map((name) => `  ${name}`).join('\n')}` : 'all passed');
    process.exitCode = report.failures.length ? 1 : 0;
  } finally {
    await browser.close();
  }
}
