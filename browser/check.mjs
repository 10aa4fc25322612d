// Opens the pages of pages.json, which the tests of each module write to target/pages, in Chromium: light, dark, 375
// pixels wide and on paper. A page passes when axe-core finds nothing, nothing runs or is fetched that the page does
// not bring along, nothing is wider than the window, the keyboard reaches everything, and it is small and fast.
//
//   node check.mjs [PAGE...]     pages by name; none: all. Pictures go to target/pages as well.
import { createServer } from 'node:http';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.env.PAGES ?? join(here, '..', 'target', 'pages');
const program = process.env.CHROMIUM ?? '/usr/bin/chromium';
const axe = readFileSync(join(here, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
const PAINT = 300; // milliseconds until the first paint from the disk
const LOADS = 3; // of which the median counts
const MOST_LOADS = 15; // where the machine is busy
const names = process.argv.slice(2);
const pages = JSON.parse(readFileSync(join(here, 'pages.json'), 'utf8')).filter(
  (p) => names.length === 0 || names.includes(p.page));
const failures = [];
const fail = (page, text) => failures.push(`${page.page}: ${text}`);

// Pages of services name their style and script by absolute paths; the others need nothing.
const server = createServer(async (request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname));
  try {
    const body = await readFile(join(folder, path));
    const type = path.endsWith('.css') ? 'text/css' : path.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
    response.writeHead(200, { 'Content-Type': type }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({
  executablePath: program,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--hide-scrollbars'],
});

async function open(page, options) {
  const context = await browser.newContext(options);
  const tab = await context.newPage();
  const own = new Set([`${origin}/${page.page}`, `${origin}/style.css`, `${origin}/lab.js`,
    `${origin}/assess.css`, `${origin}/wait.js`]);
  tab.on('dialog', async (dialog) => { fail(page, `a dialog opens: ${dialog.message()}`); await dialog.dismiss(); });
  tab.on('pageerror', (error) => fail(page, `a script fails: ${error.message}`));
  tab.on('popup', () => fail(page, 'a window opens'));
  tab.on('request', (request) => {
    const url = request.url().split('#')[0];
    if (!own.has(url) && !url.endsWith('/events') && !url.startsWith(`${origin}/api/v1/results/`) && !url.endsWith('/favicon.ico')) {
      fail(page, `fetches ${url.slice(0, 120)}`);
    }
  });
  await tab.goto(`${origin}/${page.page}`, { waitUntil: 'load' });
  return { context, tab };
}

// What is wider than the window, with every fold open.
const wide = () => {
  const width = document.documentElement.clientWidth;
  const out = [];
  if (document.documentElement.scrollWidth > width) {
    for (const e of document.querySelectorAll('body *')) {
      const right = e.getBoundingClientRect().right;
      if (right > width + 1) { out.push(`${e.tagName.toLowerCase()}.${e.className} to ${Math.round(right)}`); }
    }
    out.push(`scroll width ${document.documentElement.scrollWidth}`);
  }
  return out.slice(0, 4);
};

// What came from a hostile text: an element, an attribute or a character that steers.
const foreign = () => {
  const out = [];
  if (window.pwned) { out.push('a script ran'); }
  for (const e of document.querySelectorAll('body *')) {
    if (['SCRIPT', 'IFRAME', 'IMG', 'OBJECT', 'EMBED', 'BASE', 'LINK', 'META', 'STYLE', 'FOREIGNOBJECT', 'ANIMATE', 'MARQUEE']
      .includes(e.tagName.toUpperCase())) { out.push(`an element ${e.tagName}`); }
    for (const a of e.attributes) {
      if (/^on/i.test(a.name) || /^\s*(javascript|data|vbscript):/i.test(a.value)) { out.push(`${e.tagName} ${a.name}`); }
    }
  }
  const text = document.body.textContent;
  const steers = text.match(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/);
  if (steers) { out.push(`a character U+${steers[0].charCodeAt(0).toString(16)}`); }
  return out.slice(0, 4);
};

async function axeFinds(page, tab, scheme, rules) {
  const found = await tab.evaluate(
    async (r) => (await window.axe.run(document, { resultTypes: ['violations'], ...r })).violations.map(
      (v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 2).map((n) => n.html.slice(0, 140)).join(' | ')}`), rules);
  for (const text of found) { fail(page, `${scheme}: axe: ${text}`); }
}
const only = (...values) => ({ runOnly: { type: 'rule', values } });

const picture = (page, tab, scheme) =>
  tab.screenshot({ path: join(folder, `${page.page.replace('.html', '')}-${scheme}.png`) });

async function unfold(page, tab, mode) {
  for (const text of await tab.evaluate(wide)) { fail(page, `${mode}: wider than the window: ${text}`); }
  await tab.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
  for (const text of await tab.evaluate(wide)) { fail(page, `${mode}: wider than the window: ${text}`); }
  for (const text of await tab.evaluate(foreign)) { fail(page, `${mode}: foreign: ${text}`); }
  await tab.evaluate(axe);
}

// One load: as it opens in light and dark, by keyboard and on paper; then with every fold open. Returns printed pages.
async function desktop(page) {
  const { context, tab } = await open(page, { colorScheme: 'light', viewport: { width: 1100, height: 1400 } });
  await picture(page, tab, 'light');
  await keyboard(page, tab);
  const sheets = await paper(page, tab);
  await tab.emulateMedia({ media: 'screen', colorScheme: 'dark' });
  await picture(page, tab, 'dark');
  await unfold(page, tab, 'wide');
  // In the dark only the colours are others.
  await axeFinds(page, tab, 'dark', only('color-contrast'));
  await tab.emulateMedia({ media: 'screen', colorScheme: 'light' });
  await axeFinds(page, tab, 'light', {});
  await context.close();
  return sheets;
}

// On a telephone the elements are the same; sizes, places and what scrolls are not.
async function telephone(page) {
  const { context, tab } = await open(
    page, { colorScheme: 'light', viewport: { width: 375, height: 800 }, isMobile: true, hasTouch: true });
  await picture(page, tab, 'narrow');
  await unfold(page, tab, 'narrow');
  await axeFinds(page, tab, 'narrow',
    only('color-contrast', 'target-size', 'scrollable-region-focusable', 'meta-viewport', 'empty-heading', 'link-in-text-block'));
  await context.close();
}

// Everything that can be used is reached by Tab, shows that it has the focus, and a fold opens by Enter.
async function keyboard(page, tab) {
  const selector = 'a[href], summary, button:not([hidden]), input, textarea, select';
  const all = await tab.evaluate((s) => {
    const radios = new Set();
    return [...document.querySelectorAll(s)].filter((e) => e.checkVisibility({ visibilityProperty: true })
      && !(e.type === 'radio' && (radios.has(e.name) || !radios.add(e.name)))).length;
  }, selector);
  const reached = new Set();
  let hidden = 0;
  for (let i = 0; i <= all; i++) {
    await tab.keyboard.press('Tab');
    const now = await tab.evaluate((s) => {
      const e = document.activeElement;
      if (!e || !e.matches(s)) { return null; }
      const style = getComputedStyle(e);
      return { at: [...document.querySelectorAll(s)].indexOf(e), seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 };
    }, selector);
    if (now) { reached.add(now.at); hidden += now.seen ? 0 : 1; }
  }
  if (reached.size < all) { fail(page, `keyboard: ${reached.size} of ${all} are reached by Tab`); }
  if (hidden > 0) { fail(page, `keyboard: ${hidden} do not show that they have the focus`); }
  const fold = tab.locator('summary').first();
  if (await fold.count() > 0) {
    const before = await fold.evaluate((s) => s.parentElement.open);
    await fold.focus();
    await tab.keyboard.press('Enter');
    if ((await fold.evaluate((s) => s.parentElement.open)) === before) { fail(page, 'keyboard: Enter changes no fold'); }
    await tab.keyboard.press('Enter');
  }
}

async function paper(page, tab) {
  await tab.emulateMedia({ media: 'print' });
  const pdf = await tab.pdf({ format: 'A4', preferCSSPageSize: true });
  await writeFile(join(folder, page.page.replace('.html', '.pdf')), pdf);
  const sheets = (pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length;
  if (page.sheets && sheets > page.sheets) { fail(page, `print: ${sheets} pages, at most ${page.sheets}`); }
  return sheets;
}

// From the disk, as a file that was sent by mail: from the start of the navigation to the first paint, both by the
// clock of the page. The median of some loads in a tab that has drawn the page before; where it is over the limit, of
// more loads, because the machine also does other things. All loads count.
async function paint(page) {
  const context = await browser.newContext();
  const tab = await context.newPage();
  const url = pathToFileURL(join(folder, page.page)).href;
  const times = [];
  const median = () => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
  for (let i = -1; i < LOADS || (i < MOST_LOADS && median() > PAINT); i++) {
    await tab.goto('about:blank');
    await tab.goto(url, { waitUntil: 'load' });
    const first = await tab.evaluate(() => new Promise((resolve) => {
      const done = (list) => list.getEntries().forEach((e) => e.name === 'first-paint' && resolve(e.startTime));
      new PerformanceObserver(done).observe({ type: 'paint', buffered: true });
    }));
    if (i >= 0) { times.push(first); }
  }
  await context.close();
  if (median() > PAINT) {
    fail(page, `the first paint takes ${Math.round(median())} ms (median of ${times.length}), at most ${PAINT}`);
  }
  return median();
}

const lines = new Map();
async function check(page) {
  let size;
  try {
    size = (await stat(join(folder, page.page))).size;
  } catch {
    fail(page, 'is not there; the tests write it');
    return;
  }
  if (page.bytes && size > page.bytes) { fail(page, `${size} bytes, at most ${page.bytes}`); }
  const sheets = await desktop(page);
  await telephone(page);
  lines.set(page, `${size} bytes, ${sheets} pages printed`);
}
// Two at a time; the first paint afterwards, when nothing else is drawn.
const waiting = [...pages];
await Promise.all([1, 2].map(async () => {
  for (let page = waiting.shift(); page; page = waiting.shift()) { await check(page); }
}));
for (const page of lines.keys()) {
  const first = await paint(page);
  const good = !failures.some((text) => text.startsWith(`${page.page}: `));
  console.log(`${good ? 'ok  ' : 'FAIL'} ${page.page}: ${page.what}; ${lines.get(page)}, first paint ${Math.round(first)} ms`);
}
await browser.close();
server.close();
failures.forEach((text) => console.error(text));
process.exit(failures.length > 0 ? 1 : 0);
