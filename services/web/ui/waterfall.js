// SPDX-License-Identifier: Apache-2.0
// Draws the waterfall: one column a builder, changes at the left, the newest on top. Elements are kept by
// key and moved, so that focus and scrolling survive every update.

import { store, started, ended } from './store.js';
import { layout } from './layout.js';
import { make, duration, roughly, timeOfDay, dateTime, dayName, person, firstLine, shortRevision, resultName, resultMark,
  buildPath, webAddress } from './format.js';

const heads = document.getElementById('heads');
const field = document.getElementById('field');
const fall = document.getElementById('fall');
const empty = document.getElementById('empty');
// A bar narrower than this shows its number only; than that, its length on a line of its own.
const NARROW_PX = 52;
const HALF_PX = 100;

/// Keeps one element a key below `parent`; those not named in a round are removed.
class Keyed {
  #all = new Map();
  #seen = new Set();
  constructor(parent) { this.parent = parent; }
  /// The element of `key`, made by `build` when it is new.
  get(key, build) {
    this.#seen.add(key);
    let e = this.#all.get(key);
    if (!e) {
      e = build();
      this.#all.set(key, e);
      this.parent.append(e);
    }
    return e;
  }
  sweep() {
    for (const [key, e] of this.#all) if (!this.#seen.has(key)) { e.remove(); this.#all.delete(key); }
    this.#seen.clear();
  }
}

const put = (e, top, height) => {
  e.style.top = top.toFixed(1) + 'px';
  if (height !== undefined) e.style.height = height.toFixed(1) + 'px';
};
const say = (e, text) => { if (e.textContent !== text) e.textContent = text; };
const dress = (e, className) => { if (e.className !== className) e.className = className; };

const axis = field.appendChild(make('div', { className: 'axis' }));
const changeColumn = field.appendChild(make('div', { className: 'changes' }));
const labels = new Keyed(axis);
const gapMarks = new Keyed(field);
const changeRows = new Keyed(changeColumn);
const columns = new Map();  // builderid → {head, body, bars}
let filter = '';
let selected = null;        // buildid
let lastHeight = 0;

export function setFilter(text) { filter = text.trim().toLowerCase(); draw(); }

/// Marks a build and brings it into sight.
export function select(buildid) {
  selected = buildid;
  draw();
  field.querySelector('.bar-of.selected')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function visibleBuilders() {
  const used = new Set([...store.builds.values()].map((b) => b.builderid));
  return [...store.builders.values()]
    .filter((b) => b.masterids.length || used.has(b.builderid))
    .filter((b) => !filter || [b.name, ...b.tags].some((t) => t.toLowerCase().includes(filter)))
    .sort((a, b) => (b.masterids.length - a.masterids.length) || (a.position - b.position) || a.name.localeCompare(b.name));
}

function column(builder) {
  let c = columns.get(builder.builderid);
  if (c) return c;
  const dot = make('span', { className: 'dot' });
  const name = make('span', { className: 'name', textContent: builder.name });
  const state = make('span', { className: 'state' });
  const wait = make('span', { className: 'wait' });
  const head = make('div', { className: 'head', role: 'columnheader' }, make('div', { className: 'line' }, dot, name), make('div', { className: 'line' }, state, wait));
  const body = make('div', { className: 'column' });
  body.dataset.builder = builder.name;
  c = { head, body, dot, name, state, wait, bars: new Keyed(body) };
  columns.set(builder.builderid, c);
  return c;
}

function drawHead(c, builder, builds, now) {
  const running = builds.filter((b) => !b.complete);
  const last = builds.filter((b) => b.complete).sort((a, b) => b.buildid - a.buildid)[0];
  const waiting = [...store.requests.values()].filter((r) => r.builderid === builder.builderid && !r.claimed);
  dress(c.dot, 'dot ' + (last ? resultName(last) : 'none'));
  c.head.title = [builder.name, builder.description, builder.tags.length ? 'tags: ' + builder.tags.join(', ') : '',
    last ? `last: #${last.number} ${resultName(last)}` : 'no build yet'].filter(Boolean).join('\n');
  const oldest = running.length ? Math.min(...running.map(started)) : 0;
  say(c.state, running.length === 1 ? 'building ' + duration(Math.max(0, now - oldest)) : running.length ? running.length + ' building' : builder.masterids.length ? 'idle' : 'removed');
  c.head.classList.toggle('busy', running.length > 0);
  say(c.wait, waiting.length ? waiting.length + ' waiting' : '');
}

function stepLine(build) {
  const step = store.stepsOf(build.buildid).filter((s) => !s.complete).pop();
  return step ? step.state_string || step.name : build.state_string;
}

function branchOf(build) {
  const change = (build.changeids ?? []).map((id) => store.changes.get(id)).filter(Boolean).pop();
  return change ? [change.branch, shortRevision(change.revision)].filter(Boolean).join(' ') : '';
}

function drawBar(c, builder, build, place, now) {
  const bar = c.bars.get(build.buildid, () => make('a', { className: 'bar-of' },
    make('span', { className: 'one' }), make('span', { className: 'two' }), make('span', { className: 'three' })));
  const name = resultName(build);
  const length = duration((build.complete ? ended(build) : now) - started(build));
  const width = c.width / place.lanes;
  const narrow = width < NARROW_PX;
  const half = !narrow && width < HALF_PX;
  dress(bar, `bar-of ${name}${build.buildid === selected ? ' selected' : ''}${narrow ? ' narrow' : ''}`);
  put(bar, place.top, place.height - 1);
  bar.style.left = (100 * place.lane / place.lanes).toFixed(2) + '%';
  bar.style.width = (100 / place.lanes).toFixed(2) + '%';
  const path = buildPath(builder.name, build.number);
  if (bar.getAttribute('href') !== path) bar.href = path;
  const [one, two, three] = bar.children;
  const why = build.complete ? (build.results ? build.state_string : '') : stepLine(build);
  const lines = narrow ? [String(build.number)]
    : half ? [`${resultMark(build)} #${build.number}`, length, why || branchOf(build)]
      : [`${resultMark(build)} #${build.number}  ${length}`, why, branchOf(build)].filter(Boolean);
  [one, two, three].forEach((e, i) => say(e, place.height >= 16 * (i + 1) + 4 ? lines[i] ?? '' : ''));
  const label = `${builder.name} #${build.number}, ${name}, ${length}`;
  if (bar.ariaLabel !== label) {
    bar.ariaLabel = label;
    bar.title = `${builder.name} #${build.number} · ${name}\n${build.state_string}\n${dateTime(started(build))} · ${length}\n${branchOf(build)}`;
  }
}

function drawChange(change, top) {
  const row = changeRows.get(change.changeid, () => {
    const link = webAddress(change.revlink);
    const what = link ? make('a', { href: link, target: '_blank', rel: 'noreferrer' }) : make('span');
    const who = person(change.author);
    what.className = 'what';
    what.textContent = firstLine(change.comments) || '(no comment)';
    return make('div', { className: 'change', title: `${change.author}\n${dateTime(change.when_timestamp * 1000)}\n${change.branch ?? ''} ${change.revision ?? ''}\n\n${change.comments}\n\n${change.files.slice(0, 20).join('\n')}` },
      make('div', { className: 'line' }, make('span', { className: 'who', textContent: who }), make('span', { className: 'ref', textContent: [change.branch, shortRevision(change.revision)].filter(Boolean).join(' ') })),
      what);
  });
  put(row, top);
}

function drawAxis(place) {
  let date = dayName(place.labels[0]?.at);
  let text = '';
  const fine = place.labels.length > 1 && place.labels[0].at - place.labels.at(-1).at < 15 * 60000;
  for (const l of place.labels) {
    const newDay = dayName(l.at) !== date;
    if (!newDay && timeOfDay(l.at, fine) === text) continue;
    text = timeOfDay(l.at, fine);
    date = dayName(l.at);
    const e = labels.get(l.now ? 'now' : 't' + l.at, () => make('time', {}));
    dress(e, l.now ? 'now' : newDay ? 'day' : '');
    say(e, l.now ? 'now' : newDay ? date : text);
    e.title = dateTime(l.at);
    put(e, l.top);
  }
  for (const g of place.gaps) {
    const e = gapMarks.get(g.ms + '|' + place.height - g.top, () => make('div', { className: 'gap' }, make('span')));
    say(e.firstChild, 'quiet for ' + roughly(g.ms));
    put(e, g.top, g.height);
  }
  labels.sweep();
  gapMarks.sweep();
}

/// Draws everything as the store has it now.
export function draw() {
  if (!store.loaded) return;
  const now = store.now();
  const builders = visibleBuilders();
  const shown = new Set(builders.map((b) => b.builderid));
  const builds = [...store.builds.values()].filter((b) => shown.has(b.builderid));
  const since = builds.length ? Math.min(...builds.map(started)) - 600000 : 0;
  const changes = [...store.changes.values()].filter((c) => c.when_timestamp * 1000 >= since && c.when_timestamp * 1000 <= now)
    .sort((a, b) => a.changeid - b.changeid);
  const end = (b) => (b.complete ? ended(b) : now);
  const place = layout(builds.map((b) => ({ id: b.buildid, column: b.builderid, start: Math.min(started(b), now), end: Math.min(end(b), now) })),
    changes.map((c) => ({ id: c.changeid, at: c.when_timestamp * 1000 })), now);

  fall.style.setProperty('--columns', Math.max(builders.length, 1));
  field.style.height = place.height + 'px';
  // A reader who has scrolled down stays at the same builds while the top grows.
  if (fall.scrollTop > 60 && lastHeight && Math.abs(place.height - lastHeight) > 0.5) fall.scrollTop += place.height - lastHeight;
  lastHeight = place.height;

  drawAxis(place);
  for (const c of changes) drawChange(c, place.changes.get(c.changeid));
  changeRows.sweep();

  const columnsNow = builders.map((b) => [b, column(b)]);
  const wanted = columnsNow.map(([, c]) => c.head);
  if (heads.children.length !== wanted.length + 2 || wanted.some((h, i) => heads.children[i + 2] !== h)) {
    heads.replaceChildren(make('div', { className: 'head axis-head' }), make('div', { className: 'head', textContent: 'Changes' }), ...wanted);
    for (const old of field.querySelectorAll('.column')) old.remove();
    field.append(...columnsNow.map(([, c]) => c.body));
  }
  for (const [, c] of columnsNow) c.width = c.body.clientWidth;
  for (const [builder, c] of columnsNow) {
    const own = builds.filter((b) => b.builderid === builder.builderid);
    drawHead(c, builder, own, now);
    for (const b of own) drawBar(c, builder, b, place.builds.get(b.buildid), now);
    c.bars.sweep();
  }
  empty.hidden = builds.length > 0;
  empty.textContent = !store.builders.size ? 'No builders are configured yet.'
    : filter && !builders.length ? `No builder matches “${filter}”.`
      : 'No builds yet. A push, a timer or “headrace force” starts the first.';
}

// Arrow keys move between builds: up and down in time, left and right between builders.
fall.addEventListener('keydown', (e) => {
  const bar = e.target.closest?.('.bar-of');
  if (!bar || !e.key.startsWith('Arrow')) return;
  const box = bar.getBoundingClientRect();
  const middle = box.top + box.height / 2;
  const upDown = e.key === 'ArrowUp' || e.key === 'ArrowDown';
  let column = bar.parentElement;
  if (!upDown) do column = e.key === 'ArrowLeft' ? column.previousElementSibling : column.nextElementSibling;
    while (column && !(column.classList.contains('column') && column.children.length));
  if (!column?.classList.contains('column')) return;
  const distance = (other) => {
    const o = other.getBoundingClientRect();
    const way = o.top + o.height / 2 - middle;
    if (!upDown) return Math.abs(way);
    return e.key === 'ArrowUp' ? (way < 0 ? -way : Infinity) : way > 0 ? way : Infinity;
  };
  const others = [...column.children].filter((o) => o !== bar && distance(o) < Infinity);
  if (!others.length) return;
  e.preventDefault();
  others.reduce((a, b) => (distance(b) < distance(a) ? b : a)).focus();
});
