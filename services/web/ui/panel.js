// SPDX-License-Identifier: Apache-2.0
// The panel of one build: its steps, its changes, and a log of it.

import { store, get, started, ended } from './store.js';
import { LogView } from './logview.js';
import { make, duration, dateTime, person, firstLine, shortRevision, resultName, resultMark, buildPath, webAddress, whenReleased } from './format.js';

const panel = document.getElementById('panel');

class BuildPanel {
  builder = '';
  number = 0;
  build = null;
  #view = null;
  #logs = new Map();   // stepid → logs
  #wanted = null;      // {step, slug} of the address
  #shown = null;       // {stepid, slug} of the view
  #parts = null;
  #facts = null;

  get buildid() { return this.build?.buildid ?? null; }

  /// Opens the build that the address names; step and slug may be missing: then the most telling log is shown.
  async open(builder, number, step, slug) {
    this.#wanted = step === undefined ? null : { step, slug };
    if (this.build && this.builder === builder && this.number === number) { this.#choose(); return; }
    this.close();
    Object.assign(this, { builder, number });
    panel.hidden = false;
    document.body.classList.add('with-panel');
    this.#frame();
    try {
      const build = await store.findBuild(builder, number);
      if (this.builder !== builder || this.number !== number) return;
      this.build = build;
      await store.loadSteps(build.buildid);
      await this.#readLogs();
      this.#choose();
      this.draw();
      this.#readFacts(build);
    } catch (e) {
      this.#parts.steps.replaceChildren(make('p', { className: 'log-note', textContent: e.message }));
    }
  }

  close() {
    this.#view?.close();
    this.#view = this.#shown = this.build = this.#facts = null;
    this.builder = '';
    this.#logs.clear();
    panel.hidden = true;
    document.body.classList.remove('with-panel');
  }

  key(e) {
    if (panel.hidden) return false;
    if (e.key === 'Escape') location.hash = '#/';
    else if (e.key === 'f' || e.key === 'G') this.#view?.toEnd();
    else if (e.key === 'g') this.#view?.toStart();
    else if (e.key === 'j' || e.key === 'k') location.hash = buildPath(this.builder, Math.max(1, this.number + (e.key === 'j' ? -1 : 1)));
    else return false;
    return true;
  }

  #frame() {
    const mark = make('span', { className: 'mark' });
    const title = make('h2');
    const state = make('p', { className: 'under' });
    const older = make('a', { className: 'tool', title: 'Older build (j)', textContent: '‹', 'aria-label': 'Older build' });
    const newer = make('a', { className: 'tool', title: 'Newer build (k)', textContent: '›', 'aria-label': 'Newer build' });
    const shut = make('a', { className: 'tool', href: '#/', title: 'Close (Esc)', textContent: '×', 'aria-label': 'Close' });
    const steps = make('ol', { className: 'steps', 'aria-label': 'Steps' });
    const changes = make('div', { className: 'about' });
    const logbar = make('div', { className: 'logbar' });
    const logbox = make('div', { className: 'logbox' });
    this.#parts = { mark, title, state, older, newer, steps, changes, logbar, logbox };
    panel.replaceChildren(
      make('header', {}, mark, make('div', { className: 'names' }, title, state), make('nav', {}, older, newer, shut)),
      make('div', { className: 'upper' }, steps, changes), logbar, logbox);
  }

  async #readLogs() {
    const steps = store.stepsOf(this.buildid);
    await Promise.all(steps.map(async (s) => {
      const known = this.#logs.get(s.stepid);
      if (known?.length && s.complete && known.whole) return;
      const logs = (await get(`steps/${s.stepid}/logs`)).logs;
      logs.whole = s.complete;
      this.#logs.set(s.stepid, logs);
    }));
  }

  // The log of the address; else of the first failed step, else of the running or the last one.
  #choose() {
    if (!this.build) return;
    const steps = store.stepsOf(this.buildid);
    const withLogs = steps.filter((s) => this.#logs.get(s.stepid)?.length);
    let step = this.#wanted && withLogs.find((s) => s.number === this.#wanted.step);
    step ??= withLogs.find((s) => s.complete && [2, 4].includes(s.results)) ?? withLogs.filter((s) => !s.complete).pop() ?? withLogs.at(-1);
    if (!step) { this.draw(); return; }
    const logs = this.#logs.get(step.stepid);
    const log = logs.find((l) => l.slug === this.#wanted?.slug) ?? logs[0];
    if (this.#shown?.logid !== log.logid) {
      this.#view?.close();
      this.#shown = { ...log, step };
      // Why it failed stands at the end; everything else is read from the start.
      const view = new LogView(log, step.complete && [2, 4].includes(step.results));
      view.changed = () => { if (view === this.#view) this.#drawLogBar(); };
      this.#view = view;
      this.#makeLogBar();
      this.#parts.logbox.replaceChildren(this.#view.element);
    }
    this.draw();
  }

  async #readFacts(build) {
    const [request, changes, properties] = await Promise.all([get('buildrequests/' + build.buildrequestid), get(`builds/${build.buildid}/changes?order=-changeid`), get(`builds/${build.buildid}/properties`)]);
    const set = await get('buildsets/' + request.buildrequests[0].buildsetid);
    if (this.buildid !== build.buildid) return;
    this.#facts = { reason: set.buildsets[0].reason, changes: changes.changes, properties: properties.properties[0] };
    this.draw();
  }

  /// Something has changed in the store.
  async heard(what, buildid) {
    if (!this.build || (buildid !== undefined && buildid !== this.buildid)) return;
    this.build = store.builds.get(this.buildid) ?? this.build;
    if (what === 'steps') {
      const lacking = store.stepsOf(this.buildid).some((s) => !this.#logs.get(s.stepid)?.length || (s.complete && !this.#logs.get(s.stepid).whole));
      if (lacking && !this.reading) {
        this.reading = true;
        await this.#readLogs().catch(() => {});
        this.reading = false;
        // While it runs, the panel goes along with the build, unless the address names a step.
        if (!this.#wanted && (!this.#shown || !this.build.complete)) this.#choose();
      }
    }
    if (what === 'loaded') {
      this.build = await store.findBuild(this.builder, this.number).catch(() => this.build);
      if (this.build) await store.loadSteps(this.build.buildid).catch(() => {});
    }
    this.draw();
  }

  draw() { whenReleased(this.#draw); }

  #draw = () => {
    const { build } = this;
    const p = this.#parts;
    if (!p || !this.builder) return;
    p.title.textContent = `${this.builder} #${this.number}`;
    p.older.href = buildPath(this.builder, Math.max(1, this.number - 1));
    p.newer.href = buildPath(this.builder, this.number + 1);
    if (!build) return;
    const now = store.now();
    panel.className = 'panel ' + resultName(build);
    p.mark.textContent = resultMark(build);
    p.mark.title = resultName(build);
    const worker = store.workers.get(build.workerid)?.name ?? '';
    p.state.textContent = [build.complete ? build.state_string : 'running', duration((build.complete ? ended(build) : now) - started(build)),
      worker && 'on ' + worker, dateTime(started(build))].filter(Boolean).join(' · ');
    this.#drawSteps(now);
    this.#drawFacts();
    this.#drawLogBar();
  };

  #drawSteps(now) {
    const steps = store.stepsOf(this.buildid).filter((s) => !s.hidden);
    const longest = Math.max(1, ...steps.map((s) => (s.complete ? ended(s) : now) - started(s)));
    this.#parts.steps.replaceChildren(...steps.map((s) => {
      const ms = s.started_at ? (s.complete ? ended(s) : now) - started(s) : 0;
      const logs = this.#logs.get(s.stepid) ?? [];
      const to = (l) => `${buildPath(this.builder, this.number)}/steps/${s.number}/logs/${encodeURIComponent(l.slug)}`;
      const meter = make('i', { className: 'meter' });
      meter.style.width = (100 * ms / longest).toFixed(1) + '%';
      const name = logs.length ? make('a', { className: 'step-name', href: to(logs[0]), textContent: s.name }) : make('span', { className: 'step-name', textContent: s.name });
      return make('li', { className: resultName(s) + (this.#shown?.step.stepid === s.stepid ? ' current' : '') },
        make('span', { className: 'mark', textContent: resultMark(s), title: resultName(s) }), name,
        make('span', { className: 'step-state', textContent: s.state_string === s.name ? '' : s.state_string, title: s.state_string }),
        ...(logs.length > 1 ? logs.map((l) => make('a', { className: 'slug', href: to(l), textContent: l.name })) : []),
        ...s.urls.filter((u) => webAddress(u.url)).map((u) => make('a', { className: 'slug', href: u.url, target: '_blank', rel: 'noreferrer', textContent: u.name + ' ↗' })),
        make('span', { className: 'time' }, meter, duration(ms)));
    }));
  }

  #drawFacts() {
    const f = this.#facts;
    if (!f || this.#parts.changes.dataset.of === String(this.buildid)) return;
    this.#parts.changes.dataset.of = this.buildid;
    const properties = Object.entries(f.properties).map(([name, [value, source]]) =>
      make('tr', { title: 'from ' + source }, make('th', { textContent: name }), make('td', { textContent: typeof value === 'string' ? value : JSON.stringify(value) })));
    this.#parts.changes.replaceChildren(
      make('p', { className: 'reason', textContent: f.reason }),
      ...f.changes.slice(0, 5).map((c) => make('p', { className: 'commit', title: c.comments },
        make('b', { textContent: person(c.author) }), ' ',
        webAddress(c.revlink) ? make('a', { href: c.revlink, target: '_blank', rel: 'noreferrer', textContent: shortRevision(c.revision) }) : make('code', { textContent: shortRevision(c.revision) }),
        ' ', firstLine(c.comments))),
      ...(f.changes.length > 5 ? [make('p', { className: 'commit', textContent: `and ${f.changes.length - 5} more changes` })] : []),
      make('details', {}, make('summary', { textContent: `${properties.length} properties` }), make('table', {}, make('tbody', {}, ...properties))));
  }

  // Made once a log: a button must not be replaced between press and release.
  #makeLogBar() {
    const v = this.#view;
    const button = (text, title, onclick) => make('button', { type: 'button', textContent: text, title, onclick });
    const path = '/api/v2/logs/' + this.#shown.logid;
    const lines = make('span', { className: 'log-lines' });
    const end = button('', '', () => v.toEnd());
    Object.assign(this.#parts, { lines, end });
    this.#parts.logbar.replaceChildren(
      make('span', { className: 'log-name', textContent: `${this.#shown.step.name} / ${this.#shown.name}` }), lines,
      button('⤒ start', 'To the first line (g)', () => v.toStart()), end,
      make('a', { href: path + '/raw_inline', target: '_blank', textContent: 'raw' }),
      make('a', { href: path + '/raw', textContent: 'save' }));
  }

  #drawLogBar() {
    const v = this.#view;
    if (!v) return;
    const { lines, end } = this.#parts;
    lines.textContent = v.lines.toLocaleString() + (v.lines === 1 ? ' line' : ' lines');
    end.textContent = v.complete ? '⤓ end' : '⤓ follow';
    end.title = v.complete ? 'To the last line (G)' : 'Follow the end (f)';
    end.classList.toggle('on', v.following);
    end.setAttribute('aria-pressed', String(v.following));
  }
}

export const buildPanel = new BuildPanel();
