// SPDX-License-Identifier: Apache-2.0
// Shows a log of any length: only the lines in sight are elements, only the pages around them are fetched.

import { get, store } from './store.js';
import { make } from './format.js';
import { appendAnsi } from './ansi.js';

const LINE_PX = 17;
const PAGE = 400;             // lines a request
const KEPT_PAGES = 80;
const TALLEST_PX = 8e6;       // browsers stop near 16 million; beyond this the scroll bar is scaled
const AHEAD = 30;             // lines drawn above and below

export class LogView {
  #log;
  #pages = new Map();   // page → {lines, asked, whole}
  #lines = 0;
  #complete = false;
  #follow;              // stick to the end
  #drawn = '';
  #frame = 0;
  #closed = false;

  changed = () => {};   // called when lines, complete or following have changed

  /// @param log  the REST entity
  /// @param atEnd  begin at the last line; a running log always does
  constructor(log, atEnd) {
    this.#log = log;
    this.#follow = atEnd || !log.complete;
    this.space = make('div', { className: 'log-space' });
    this.sheet = this.space.appendChild(make('div', { className: 'log-sheet' }));
    this.element = make('div', { className: 'log', tabIndex: 0, role: 'log', 'aria-label': `Log ${log.name}` }, this.space);
    this.element.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#hear = (e) => { if (e.detail.log.logid === log.logid) this.update(e.detail.log); };
    store.addEventListener('log', this.#hear);
    this.#resize = new ResizeObserver(() => this.#later());
    this.#resize.observe(this.element);
    // The entity may be older than the events that came since it was read.
    get('logs/' + log.logid).then((a) => this.update(a.logs[0])).catch((e) => this.#say(e.message));
    this.#again = () => get('logs/' + log.logid).then((a) => this.update(a.logs[0])).catch(() => {});
    store.addEventListener('loaded', this.#again);
    this.update(log);
  }
  #hear; #resize; #again;

  close() {
    this.#closed = true;
    store.removeEventListener('log', this.#hear);
    store.removeEventListener('loaded', this.#again);
    this.#resize.disconnect();
  }

  get lines() { return this.#lines; }
  get following() { return this.#follow && !this.#complete; }
  get complete() { return this.#complete; }

  toEnd() { this.#follow = true; this.element.scrollTop = this.element.scrollHeight; this.#later(); this.changed(); }
  toStart() { this.#follow = false; this.element.scrollTop = 0; this.#later(); this.changed(); }

  update(log) {
    if (this.#complete && !log.complete) return;
    if (log.num_lines < this.#lines && !log.complete) return;
    this.#lines = log.num_lines;
    this.#complete = log.complete;
    this.#later();
    this.changed();
  }

  #say(text) { this.sheet.replaceChildren(make('p', { className: 'log-note', textContent: text })); }

  get #height() { return Math.min(this.#lines * LINE_PX + 8, TALLEST_PX); }
  /// Lines per pixel of the scroll bar: 1/LINE_PX until the log is taller than a browser can scroll.
  #firstLine() {
    const seen = this.element.clientHeight;
    const room = this.#height - seen;
    if (room <= 0) return 0;
    return Math.max(0, (this.element.scrollTop / room) * (this.#lines - Math.floor((seen - 8) / LINE_PX)));
  }

  #scrolled() {
    const e = this.element;
    const follow = e.scrollTop + e.clientHeight >= e.scrollHeight - 3 * LINE_PX;
    if (follow !== this.#follow) { this.#follow = follow; this.changed(); }
    this.#later();
  }

  #later() { this.#frame ||= requestAnimationFrame(() => { this.#frame = 0; this.#draw(); }); }

  #draw() {
    if (this.#closed) return;
    const e = this.element;
    this.space.style.height = this.#height + 'px';
    if (this.#follow) e.scrollTop = e.scrollHeight;  // also after a change of size
    if (this.#lines === 0) { this.#say(this.#complete ? 'Nothing was written to this log.' : 'Nothing yet …'); this.#drawn = ''; return; }

    const first = this.#firstLine();
    const visible = Math.ceil(e.clientHeight / LINE_PX);
    const from = Math.max(0, Math.floor(first) - AHEAD);
    const to = Math.min(this.#lines, Math.ceil(first) + visible + AHEAD);
    this.sheet.style.transform = `translateY(${e.scrollTop - (first - from) * LINE_PX}px)`;
    const rows = [];
    let known = '';
    for (let page = Math.floor(from / PAGE); page * PAGE < to; ++page) {
      const p = this.#page(page);
      known += page + ':' + p.lines.length + ' ';
      for (let i = Math.max(from, page * PAGE); i < Math.min(to, (page + 1) * PAGE); ++i) rows.push([i, p.lines[i - page * PAGE]]);
    }
    const drawn = `${from} ${to} ${known}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.sheet.style.setProperty('--digits', Math.max(3, String(this.#lines).length) + 'ch');
    this.sheet.replaceChildren(...rows.map(([number, text]) => this.#row(number, text)));
  }

  #row(number, text) {
    const plain = this.#log.type !== 's';
    const row = make('div', { className: 'l' + (text === undefined ? ' missing' : plain ? '' : ' c' + text[0]) },
      make('span', { className: 'n', textContent: String(number + 1) }));
    if (text !== undefined) appendAnsi(row, plain ? text : text.slice(1));
    return row;
  }

  #page(number) {
    let p = this.#pages.get(number);
    if (!p) {
      p = { lines: [], asked: 0 };
      if (this.#pages.size >= KEPT_PAGES) this.#pages.delete(this.#pages.keys().next().value);
    } else {
      this.#pages.delete(number);  // to the end of the order: used last
    }
    this.#pages.set(number, p);
    const have = p.lines.length;
    const want = Math.min(PAGE, this.#lines - number * PAGE);
    if (have < want && p.asked < want) this.#fetch(number, p, have, want);
    return p;
  }

  async #fetch(number, p, have, want) {
    p.asked = want;
    try {
      const answer = await get(`logs/${this.#log.logid}/contents?offset=${number * PAGE + have}&limit=${want - have}`);
      const lines = answer.logchunks[0].content.split('\n');
      lines.pop();
      if (p.lines.length === have) p.lines.push(...lines);
      if (p.lines.length < want) p.asked = p.lines.length;  // fewer than announced: asked again with the next growth
      this.#later();
    } catch (e) {
      setTimeout(() => { p.asked = p.lines.length; this.#later(); }, 2000);
      if (!p.lines.length) this.#say(e.message);
    }
  }
}
