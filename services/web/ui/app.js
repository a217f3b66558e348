// SPDX-License-Identifier: Apache-2.0
// Starts the page: address, top bar, keys, and drawing when something has changed.

import { store } from './store.js';
import { draw, select, setFilter } from './waterfall.js';
import { buildPanel } from './panel.js';
import { make, roughly, whenReleased } from './format.js';

const $ = (id) => document.getElementById(id);
const DRAW_MS = 200;  // at most one drawing in this time, however much happens

let due = 0;
let lastDrawn = 0;
function drawSoon() {
  due ||= setTimeout(() => requestAnimationFrame(() => whenReleased(drawNow)), Math.max(0, lastDrawn + DRAW_MS - performance.now()));
}
function drawNow() {
  due = 0;
  lastDrawn = performance.now();
  drawBar();
  draw();
}

function follow() {
  const m = location.hash.match(/^#\/builders\/([^/]+)\/builds\/(\d+)(?:\/steps\/(\d+)(?:\/logs\/([^/]+))?)?$/);
  if (!m) {
    buildPanel.close();
    select(null);
    return;
  }
  const decode = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
  const step = m[3] === undefined ? undefined : Number(m[3]);
  buildPanel.open(decode(m[1]), Number(m[2]), step, m[4] && decode(m[4])).then(() => select(buildPanel.buildid));
}

function drawBar() {
  const running = [...store.builds.values()].filter((b) => !b.complete);
  const waiting = [...store.requests.values()].filter((r) => !r.claimed);
  document.title = (running.length ? `(${running.length}) ` : '') + store.title;
  $('title').textContent = store.title;
  $('running').textContent = `${running.length} running`;
  $('running').classList.toggle('busy', running.length > 0);

  $('queue').firstElementChild.textContent = `${waiting.length} queued`;
  $('queue').classList.toggle('busy', waiting.length > 0);
  if ($('queue').open) drawQueue(waiting);

  const workers = [...store.workers.values()].filter((w) => w.configured_on.length || w.connected_to.length);
  const there = workers.filter((w) => w.connected_to.length);
  $('workers').firstElementChild.replaceChildren(`${there.length}/${workers.length} workers `,
    ...workers.slice(0, 12).map((w) => make('span', { className: 'lamp ' + (w.connected_to.length ? 'on' : 'off'), title: w.name })));
  $('workers').classList.toggle('wrong', there.length < workers.length);
  if ($('workers').open) drawWorkers(workers, running);
}

function drawQueue(waiting) {
  const now = store.now();
  const rows = waiting.slice(0, 200).map((r) => make('tr', {},
    make('td', { textContent: store.builders.get(r.builderid)?.name ?? r.builderid }),
    make('td', { className: 'num', textContent: roughly(now - r.submitted_at * 1000) }),
    make('td', { className: 'num', textContent: r.priority || '' })));
  $('queue').lastElementChild.replaceChildren(rows.length
    ? make('table', {}, make('thead', {}, make('tr', {}, make('th', { textContent: 'Builder' }), make('th', { textContent: 'Waiting' }), make('th', { textContent: 'Priority' }))), make('tbody', {}, ...rows))
    : make('p', { textContent: 'Nothing is waiting.' }));
}

function drawWorkers(workers, running) {
  const rows = workers.sort((a, b) => a.name.localeCompare(b.name)).map((w) => {
    const busy = running.filter((b) => b.workerid === w.workerid).length;
    const on = w.connected_to.length > 0;
    const info = [w.workerinfo.host, w.workerinfo.system, w.workerinfo.version].filter(Boolean).join(' · ');
    return make('tr', { title: info }, make('td', {}, make('span', { className: 'lamp ' + (on ? 'on' : 'off') }), ' ' + w.name),
      make('td', { textContent: !on ? 'away' : w.paused ? 'paused' : busy ? 'building' : 'idle' }),
      make('td', { className: 'num', textContent: on ? `${busy}/${w.slots}` : '' }));
  });
  $('workers').lastElementChild.replaceChildren(rows.length
    ? make('table', {}, make('thead', {}, make('tr', {}, make('th', { textContent: 'Worker' }), make('th', { textContent: 'State' }), make('th', { textContent: 'Slots' }))), make('tbody', {}, ...rows))
    : make('p', { textContent: 'No workers are configured.' }));
}

// The banner waits a moment, because a connection that is back within a second needs no words.
let grace = 0;
function connection() {
  clearTimeout(grace);
  $('live').classList.toggle('on', store.connected);
  $('live').textContent = store.connected ? 'live' : 'offline';
  if (store.connected) { $('banner').hidden = true; return; }
  grace = setTimeout(() => {
    $('banner').textContent = 'The connection to the server is lost. What you see may be old; trying again …';
    $('banner').hidden = false;
  }, 1500);
}

store.addEventListener('connection', connection);
store.addEventListener('failure', (e) => {
  $('banner').textContent = `The server could not answer: ${e.detail}`;
  $('banner').hidden = false;
});
store.addEventListener('loaded', () => {
  $('banner').hidden = store.connected;
  buildPanel.heard('loaded');
});
store.addEventListener('builds', drawSoon);
store.addEventListener('build', (e) => { drawSoon(); buildPanel.heard('build', e.detail); });
store.addEventListener('steps', (e) => { drawSoon(); buildPanel.heard('steps', e.detail); });
for (const id of ['queue', 'workers']) {
  $(id).addEventListener('toggle', () => {
    if ($(id).open) for (const other of ['queue', 'workers']) if (other !== id) $(other).open = false;
    drawBar();
  });
}
document.addEventListener('click', (e) => {
  for (const id of ['queue', 'workers']) if (!$(id).contains(e.target)) $(id).open = false;
});
$('filter').addEventListener('input', () => setFilter($('filter').value));
document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.target instanceof HTMLInputElement) {
    if (e.key === 'Escape') { $('filter').value = ''; setFilter(''); $('filter').blur(); }
    return;
  }
  if (e.key === '/') $('filter').focus();
  else if (!buildPanel.key(e)) return;
  e.preventDefault();
});
window.addEventListener('hashchange', follow);
// Running bars grow, "now" moves, waiting times count.
setInterval(() => {
  if (document.hidden || !store.loaded) return;
  drawSoon();
  if (buildPanel.build && !buildPanel.build.complete) buildPanel.draw();
}, 1000);

connection();
store.start();
follow();
