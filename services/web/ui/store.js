// SPDX-License-Identifier: Apache-2.0
// What the page knows: read once over REST, kept current by live events, read again when they had a hole.

export const KEPT_BUILDS = 200;
const KEPT_CHANGES = 120;
const SILENCE_MS = 45000;  // the server pings every 15 s

const BUILD_FIELDS = ['buildid', 'number', 'builderid', 'buildrequestid', 'workerid', 'complete', 'results', 'state_string',
  'started_at', 'complete_at', 'started_at_ms', 'complete_at_ms', 'changeids'];
const STEP_FIELDS = ['stepid', 'number', 'name', 'buildid', 'complete', 'results', 'state_string', 'hidden', 'urls',
  'started_at', 'complete_at', 'started_at_ms', 'complete_at_ms'];
const PATHS = ['changes/*/new', 'builds/*/*', 'buildrequests/*/*', 'workers/*/*', 'builders/*/*', 'steps/*/*', 'logs/*/*'];

/// GET below /api/v2; throws an Error with the server's words.
export async function get(path) {
  const r = await fetch('/api/v2/' + path, { headers: { Accept: 'application/json' } });
  const answer = await r.json().catch(() => ({}));
  if (!r.ok) throw new Error(answer.error ?? `${r.status} ${r.statusText}`);
  return answer;
}

const fields = (names) => names.map((n) => 'field=' + n).join('&');
export const started = (t) => t.started_at_ms ?? t.started_at * 1000;
export const ended = (t) => t.complete_at_ms ?? t.complete_at * 1000;

class Store extends EventTarget {
  title = 'Headrace';
  builders = new Map();
  workers = new Map();
  builds = new Map();    // by id, the newest KEPT_BUILDS
  changes = new Map();   // by id, the newest KEPT_CHANGES
  requests = new Map();  // those that are not complete
  steps = new Map();     // by id, of running builds and of those looked at
  connected = false;
  loaded = false;
  #skew = 0;             // server's clock minus ours, ms
  #source = null;
  #heard = 0;
  #lacking = new Set();  // builds whose extra fields have to be read
  #timer = 0;
  #retry = 1000;
  #loading = null;
  #again = false;        // load once more when this one ends
  #held = [];            // events that came while loading

  now() { return Date.now() + this.#skew; }

  start() {
    this.#connect();
    setInterval(() => {
      if (this.#source && Date.now() - this.#heard > SILENCE_MS) this.#lost(true);
    }, 5000);
  }

  /// Tells listeners that `what` ("builds", "log", …) has changed.
  #tell(what, detail) { this.dispatchEvent(new CustomEvent(what, { detail })); }

  #connect() {
    this.#heard = Date.now();
    const source = new EventSource('/sse/listen/?' + PATHS.map((p) => 'path=' + encodeURIComponent(p)).join('&'));
    this.#source = source;
    const hear = (name, f) => source.addEventListener(name, (e) => {
      if (source !== this.#source) return;
      this.#heard = Date.now();
      f(e);
    });
    hear('handshake', () => {
      this.#retry = 1000;
      this.connected = true;
      this.#tell('connection');
      // The state is read after the stream is open, so that no event is lost between the two.
      this.load();
    });
    // A load that is under way may have read the state from before the reset.
    hear('reset', () => { if (this.#loading) this.#again = true; else this.load(); });
    hear('ping', () => {});
    hear('event', (e) => {
      const { key, message } = JSON.parse(e.data);
      this.#apply(key, message);
    });
    source.onerror = () => {
      if (source === this.#source) this.#lost(source.readyState === EventSource.CLOSED);
    };
  }

  // The browser connects again by itself, with the last id, but not after an HTTP error and not because of silence.
  #lost(forGood) {
    if (this.connected) {
      this.connected = false;
      this.#tell('connection');
    }
    if (!forGood || !this.#source) return;
    this.#source.close();
    this.#source = null;
    setTimeout(() => this.#connect(), this.#retry);
    this.#retry = Math.min(this.#retry * 2, 15000);
  }

  /// Reads everything that the waterfall shows. Runs once at a time.
  load() {
    this.#loading ??= this.#load().catch((e) => this.#tell('failure', e.message)).finally(() => {
      this.#loading = null;
      if (this.#again) {
        this.#again = false;
        this.load();
        return;
      }
      // Events carry whole states: an event that is older than the state just read is followed by a newer one.
      for (const [key, message] of this.#held.splice(0)) this.#apply(key, message);
    });
    return this.#loading;
  }

  async #load() {
    const [config, master, builders, workers, builds, changes, requests] = await Promise.all([
      fetch('/config').then((r) => r.json()), get('masters'), get('builders?order=position&' + fields(['builderid', 'name', 'masterids', 'tags', 'description', 'position'])),
      get('workers?' + fields(['workerid', 'name', 'connected_to', 'configured_on', 'workerinfo', 'paused', 'slots'])),
      get(`builds?order=-buildid&limit=${KEPT_BUILDS}&` + fields(BUILD_FIELDS)),
      get(`changes?order=-changeid&limit=${KEPT_CHANGES}`), get('buildrequests?complete=0&order=buildrequestid&limit=2000')]);
    const skew = master.masters[0].last_active * 1000 - Date.now();
    this.#skew = Math.abs(skew) > 2000 ? skew : 0;
    this.title = config.title;
    const map = (list, key) => new Map(list.map((x) => [x[key], x]));
    this.builders = map(builders.builders, 'builderid');
    this.workers = map(workers.workers, 'workerid');
    this.builds = map(builds.builds, 'buildid');
    this.changes = map(changes.changes, 'changeid');
    this.requests = map(requests.buildrequests, 'buildrequestid');
    const running = builds.builds.filter((b) => !b.complete).slice(0, 20);
    await Promise.all(running.map((b) => this.loadSteps(b.buildid)));
    this.loaded = true;
    this.#tell('loaded');
    this.#tell('builds');
  }

  /// Reads one build by its builder's name and its number, wherever it is in history.
  async findBuild(builder, number) {
    // By id: a name of digits alone would be taken for one.
    const known = (await get(`builders?name=${encodeURIComponent(builder)}&` + fields(['builderid', 'name']))).builders[0];
    if (!known) throw new Error(`there is no builder ${builder}`);
    const answer = await get(`builders/${known.builderid}/builds/${number}?` + fields(BUILD_FIELDS));
    return answer.builds[0];
  }

  /// Reads the steps of a build, and tells "steps".
  async loadSteps(buildid) {
    const answer = await get(`builds/${buildid}/steps?order=number&` + fields(STEP_FIELDS));
    for (const s of answer.steps) this.steps.set(s.stepid, { ...this.steps.get(s.stepid), ...s });
    this.#tell('steps', buildid);
  }

  stepsOf(buildid) {
    return [...this.steps.values()].filter((s) => s.buildid === buildid).sort((a, b) => a.number - b.number);
  }

  #apply(key, message) {
    // What is being read replaces all of this, and may have been read before the event.
    if (this.#loading) return void this.#held.push([key, message]);
    const what = key[key.length - 1];
    switch (key[0]) {
      case 'changes': this.changes.set(message.changeid, message); this.#trim(this.changes, KEPT_CHANGES); break;
      case 'builds': if (key.length === 3) this.#build(message); break;
      case 'buildrequests':
        if (message.complete) this.requests.delete(message.buildrequestid);
        else this.requests.set(message.buildrequestid, message);
        break;
      case 'workers': this.workers.set(message.workerid, { ...this.workers.get(message.workerid), ...message }); break;
      case 'builders': this.builders.set(message.builderid, { ...this.builders.get(message.builderid), ...message }); break;
      case 'steps': this.#step(message); return;
      case 'logs': this.#tell('log', { what, log: message }); return;
    }
    this.#tell('builds');
  }

  #build(message) {
    if (!this.builders.has(message.builderid)) this.load();
    const known = this.builds.get(message.buildid);
    if (known?.complete && !message.complete) return;  // the state was read after this event
    // The times of the message are whole seconds: finer ones, and the changes, are read a little later.
    const merged = { ...known, ...message, properties: undefined };
    if (message.complete) delete merged.complete_at_ms;
    this.builds.set(message.buildid, merged);
    this.#trim(this.builds, KEPT_BUILDS);
    this.#lacking.add(message.buildid);
    this.#timer ||= setTimeout(() => this.#readLacking(), 250);
    this.#tell('build', message.buildid);
  }

  async #readLacking() {
    const ids = [...this.#lacking].slice(-KEPT_BUILDS);
    this.#lacking.clear();
    this.#timer = 0;
    const answer = await get('builds?' + ids.map((id) => 'buildid=' + id).join('&') + '&' + fields(BUILD_FIELDS)).catch(() => null);
    for (const b of answer?.builds ?? []) if (this.builds.has(b.buildid)) this.builds.set(b.buildid, b);
    this.#tell('builds');
  }

  #step(message) {
    const known = this.steps.get(message.stepid);
    if (known?.complete && !message.complete) return;
    this.steps.set(message.stepid, { ...known, ...message });
    this.#trim(this.steps, 4000);
    this.#tell('steps', message.buildid);
    this.#tell('builds');
  }

  #trim(map, most) {
    if (map.size <= most) return;
    const ids = [...map.keys()].sort((a, b) => a - b);
    for (const id of ids.slice(0, map.size - most)) map.delete(id);
  }
}

export const store = new Store();
