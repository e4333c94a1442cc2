// node admin.mjs BASE_URL: the status page is whole without JavaScript, follows by itself with it, and can be used by whoever
// has no mouse, a narrow screen, or a reader. Expects a server with the example production, a project `trouble` whose names are
// hostile, and a source of webhooks `tracker` with deliveries that failed. Exit code 1 if anything is not so.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { get, patch, run, screenshot, settle, sleep, until, usage } from './lib.mjs';

const base = process.argv[2]?.replace(/\/$/, '');
if (!base) usage('node admin.mjs BASE_URL');

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PROJECT = 'film-lighthouse';
const SHOT = `/api/projects/${PROJECT}/shots`;
const PAGES = ['/admin', `/admin/projects/${PROJECT}`, '/admin/projects/trouble', '/admin/webhooks/tracker', '/admin/webhooks/tracker?status=failed', '/admin/webhooks/tracker/1'];

const open = async (page, path) => {
  await page.goto(base + path);
  await until(() => page.textContent('#live').then((text) => text === 'Live'), `${path} follows`);
};
const focused = (page) => page.evaluate(() => {
  const { tagName, textContent, className, id } = document.activeElement;
  return { tag: tagName, text: textContent.trim().replace(/\s+/g, ' '), class: className, id };
});
// What is wrong by the rules of WCAG 2.2 AA, and by what is usual beyond them.
const faults = (page) => page.evaluate(async () => {
  const { violations, passes } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
  if (passes.length < 20) return [`only ${passes.length} rules were looked at`];
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary}`));
});

await run(async (page, report) => {
  const browser = page.context().browser();

  await report.check('without JavaScript the overview is whole', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(`${base}/admin`);
    assert.match(await plain.textContent('h1'), /Everything is published/);
    const projects = await (await get(base, '/api/projects')).json();
    const rows = plain.locator('.projects > li');
    assert.equal(await rows.count(), projects.length);
    for (const [index, { name }] of projects.entries()) {
      const row = rows.nth(index);
      assert.equal(await row.locator('h3').textContent(), name);
      assert.match(await row.locator('.facts').textContent(), /\d+ shots?\d+ assets?[\d,]+ tasks?/);
    }
    const chart = rows.first().locator('svg[role=img]');
    assert.match(await chart.getAttribute('aria-label'), /^Tasks by status over the last 60 days\. .* Today: [\d,]+ tasks, of which \d+/);
    assert.ok(await chart.locator('path').count() >= 3, 'a layer for each status');
    assert.match(await plain.title(), /^\d+ problems · Watchtower Server$/);
    assert.equal(await plain.locator('#live').isVisible(), false, 'it does not say that it is live');
    // The button works too, and comes back.
    await plain.getByRole('button', { name: 'Render now' }).click();
    assert.equal(plain.url(), `${base}/admin`);
    assert.match(await plain.textContent('h1'), /Everything is published/);
    await plain.locator('.sources a').first().click();
    assert.equal(await plain.textContent('h1'), 'tracker');
    await context.close();
  });

  await report.check('a change shows by itself, and what the viewer did stays', async () => {
    await open(page, `/admin/projects/${PROJECT}`);
    await page.evaluate(() => { window.__loaded = 'once'; });
    const [shot] = await (await get(base, `${SHOT}?limit=1`)).json();
    const range = { data: { frame_in: shot.data.frame_in, frame_out: shot.data.frame_out } };
    await patch(base, `${SHOT}/${shot.id}`, { data: { frame_in: null } });
    const kind = page.locator('#no-range');
    await until(() => kind.count(), 'the problem is shown');
    assert.ok((await kind.textContent()).includes(shot.name));
    // Folded, it stays so; the focus stays on what has it.
    await kind.locator('summary').click();
    assert.equal(await kind.evaluate((details) => details.open), false);
    await kind.locator('summary').focus();
    await patch(base, `${SHOT}/${shot.id}`, { name: `${shot.name} anew` });
    await until(async () => (await kind.textContent()).includes(`${shot.name} anew`), 'the other name');
    assert.equal(await kind.evaluate((details) => details.open), false);
    assert.equal((await focused(page)).tag, 'SUMMARY');
    await patch(base, `${SHOT}/${shot.id}`, { ...range, name: shot.name });
    await until(async () => !(await kind.count()), 'the problem is gone');
    assert.equal(await page.evaluate(() => window.__loaded), 'once', 'nobody loaded the page anew');
  });

  await report.check('the overview follows as well, title included', async () => {
    await open(page, '/admin');
    const before = Number(/^\d+/.exec(await page.title())[0]);
    const [shot] = await (await get(base, `${SHOT}?limit=1`)).json();
    await page.evaluate(() => scrollTo(0, 200));
    const top = await page.evaluate(() => scrollY);
    await patch(base, `${SHOT}/${shot.id}`, { data: { frame_in: null } });
    await until(async () => Number(/^\d+/.exec(await page.title())[0]) === before + 1, 'one problem more in the title');
    assert.equal(await page.evaluate(() => scrollY), top, 'it is where it was');
    await patch(base, `${SHOT}/${shot.id}`, { data: { frame_in: shot.data.frame_in } });
    await until(async () => Number(/^\d+/.exec(await page.title())[0]) === before, 'one problem less');
  });

  await report.check('while nobody looks, nothing is asked for', async () => {
    const hide = (hidden) => page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    await settle(page);
    await hide(true);
    let asked = 0;
    const count = () => { asked += 1; };
    page.on('request', count);
    await patch(base, `/api/projects/${PROJECT}`, { ratio: '2.39:1' });
    await sleep(6000);
    assert.equal(asked, 0);
    await hide(false);
    await until(() => asked >= 2, 'it asks again');
    page.off('request', count);
  });

  await report.check('the keyboard alone leads to the button, and presses it', async () => {
    await open(page, '/admin');
    await page.keyboard.press('Tab');
    assert.equal((await focused(page)).text, 'Skip to the content');
    assert.ok(await page.evaluate(() => document.activeElement.getBoundingClientRect().top >= 0), 'it can be seen then');
    await page.keyboard.press('Enter');
    assert.equal((await focused(page)).id, 'main');
    await page.keyboard.press('Tab');
    assert.equal((await focused(page)).text, 'Render now');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, 'none', 'the focus can be seen');
    await page.keyboard.press('Enter');
    const said = page.locator('form output');
    await until(async () => /^Rendered in \d+ ms: \d+ files? written$/.test(await said.textContent()), 'it says what was done');
    assert.equal((await focused(page)).text, 'Render now', 'the focus stays');
    // Everything that can be clicked is reached by going on.
    const wanted = await page.locator('main a, main button, main summary').count();
    const reached = new Set();
    for (let step = 0; step < wanted + 40; step += 1) {
      reached.add(await page.evaluate(() => [...document.querySelectorAll('main a, main button, main summary')].indexOf(document.activeElement)));
      await page.keyboard.press('Tab');
    }
    reached.delete(-1);
    assert.equal(reached.size, wanted);
  });

  await report.check('what people typed stays text', async () => {
    for (const path of ['/admin', '/admin/projects/trouble', '/admin/webhooks/tracker/1']) {
      await open(page, path);
      assert.equal(await page.evaluate(() => window.__pwned), undefined, path);
      assert.equal(await page.locator('main script, main img[src="x"], main iframe').count(), 0, path);
    }
    await open(page, '/admin/projects/trouble');
    assert.equal(await page.textContent('h1'), '<script>window.__pwned = 1</script> & "Ärger"');
    const text = await page.textContent('main');
    assert.ok(text.includes('<img src=x onerror="window.__pwned = 1">') && text.includes('לקטה'), 'names are there as they are');
    assert.ok(await page.locator('bdi').count() > 1, 'each name has a direction of its own');
  });

  await report.check('a narrow screen need not be moved sideways', async () => {
    for (const width of [360, 768]) {
      await page.setViewportSize({ width, height: 800 });
      for (const path of PAGES) {
        await open(page, path);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `${path} at ${width} is ${wide} pixels too wide`);
      }
      await open(page, '/admin');
      await screenshot(page, `admin-${width}`);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  for (const colorScheme of ['light', 'dark']) {
    await report.check(`a reader and weak eyes can use it, ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      const found = [];
      for (const path of PAGES) {
        await open(page, path);
        await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
        await page.evaluate(axe);
        found.push(...(await faults(page)).map((fault) => `${path}: ${fault}`));
        await screenshot(page, `admin${path.slice(6).replaceAll(/\W/g, '-')}-${colorScheme}`);
      }
      assert.deepEqual(found, []);
    });
  }

  await report.check('what is not there is said on a page', async () => {
    for (const path of ['/admin/projects/nothing', '/admin/webhooks/nobody', '/admin/webhooks/tracker/999']) {
      const answer = await fetch(base + path);
      assert.equal(answer.status, 404, path);
      assert.match(await answer.text(), /There is no such thing/);
    }
  });

  await report.noFaults();
});
