// node race.mjs BASE_URL LATENCY_MS N [dashboard]: how often does Watchtower 1.0 show a project (or its dashboard) that is
// opened by its address, when the list of projects comes LATENCY_MS late and everything else is in the browser's cache?
// Prints shown/N; exit code 1 if not all. The page looks its project up once, maybe before the list is there, and stays empty.
// A small proxy delays the list: unlike interception in the browser, that leaves the HTTP cache as it is.
import http from 'node:http';
import { PATIENCE, findProject, giveUp, launch, openPage, settle, state, until, usage, visit } from './lib.mjs';

const [base, latency, times, part] = [process.argv[2]?.replace(/\/$/, ''), Number(process.argv[3]), Number(process.argv[4]), process.argv[5]];
if (!base || !(latency >= 0) || !(times > 0) || ![undefined, 'dashboard'].includes(part)) usage('node race.mjs BASE_URL LATENCY_MS N [dashboard]');

const agent = new http.Agent({ keepAlive: true });
const proxy = http.createServer((request, response) => {
  const { hostname, port, host } = new URL(base);
  const onward = http.request({ agent, hostname, port, method: request.method, path: request.url, headers: { ...request.headers, host } }, (answer) => {
    const pass = () => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    };
    if (request.url.startsWith('/data/projects-list/index.json')) setTimeout(pass, latency);
    else pass();
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
});
await new Promise((ready) => proxy.listen(0, '127.0.0.1', ready));
const origin = `http://127.0.0.1:${proxy.address().port}`;

const { tree } = await findProject(base, 'v1').catch(giveUp);
const isShown = (page) => (part
  ? page.evaluate(() => __probe.state().charts.length > 0)
  : page.evaluate((id) => __probe.loaded(id), tree.id));
// A page that lost the race asks for nothing more; one that won it may take its time to draw.
async function comesUp(page) {
  const asked = page.waitForRequest((request) => request.url().endsWith(`/data/projects/${tree.id}/project.json`), { timeout: PATIENCE + latency }).then(() => true, () => false);
  await visit(page, origin, `/pro/${tree.id}${part ? `/${part}` : ''}`);
  return await asked && until(() => isShown(page), 'the project').then(() => true, () => false);
}

const browser = await launch();
let shown = 0;
try {
  const page = await openPage(browser);
  // Warm up: entering from the list always works.
  await visit(page, origin, '/');
  await page.click(`.projects-list a[href="#/pro/${tree.id}"]`);
  await until(() => page.evaluate((id) => __probe.loaded(id), tree.id), 'the project from the list');
  await settle(page);
  if (part) {
    await page.selectOption('select.view-type', part);
    await until(() => isShown(page), 'the dashboard by the menu');
    await settle(page);
  }
  for (let time = 0; time < times; time += 1) {
    if (await comesUp(page)) shown += 1;
  }
  if (shown < times) console.log(`e.g. ${(await state(page)).projects?.length ?? 0} projects in the list, ${[...new Set(page.faults.map(({ text }) => text))].join('; ') || 'no error'}`);
} finally {
  await browser.close();
  proxy.closeAllConnections();
  proxy.close();
  agent.destroy();
}
console.log(`${shown}/${times}`);
process.exitCode = shown === times ? 0 : 1;
