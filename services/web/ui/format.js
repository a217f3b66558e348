// SPDX-License-Identifier: Apache-2.0
// Small things made readable: results, durations, times, people.

export const RESULTS = ['success', 'warnings', 'failure', 'skipped', 'exception', 'retry', 'cancelled'];
const MARKS = ['✓', '!', '✕', '–', '⚡', '↻', '⊘'];

/// "success" … or "running" while there is no result.
export const resultName = (thing) => (thing.complete ? RESULTS[thing.results] ?? 'unknown' : 'running');
/// A sign for it, so that nothing rests on colour alone.
export const resultMark = (thing) => (thing.complete ? MARKS[thing.results] ?? '?' : '▶');

/// Milliseconds as people say them: 0.3 s, 12 s, 4:05, 2:10:00.
export function duration(ms) {
  if (!(ms >= 0)) return '';
  if (ms < 10000) return (ms / 1000).toFixed(1) + ' s';
  const s = Math.round(ms / 1000);
  if (s < 60) return s + ' s';
  const two = (n) => String(n).padStart(2, '0');
  if (s < 3600) return Math.floor(s / 60) + ':' + two(s % 60);
  return Math.floor(s / 3600) + ':' + two(Math.floor(s / 60) % 60) + ':' + two(s % 60);
}

/// "3 min", "2 h", "4 days": of a length of time, roughly.
export function roughly(ms) {
  const minutes = ms / 60000;
  if (minutes < 1.5) return Math.round(ms / 1000) + ' s';
  if (minutes < 90) return Math.round(minutes) + ' min';
  if (minutes < 48 * 60) return Math.round(minutes / 60) + ' h';
  return Math.round(minutes / 1440) + ' days';
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const fineClock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
export const timeOfDay = (ms, fine) => (fine ? fineClock : clock).format(ms);
export const dateTime = (ms) => whole.format(ms);
export const dayName = (ms) => day.format(ms);

/// "Ann Li <ann@x.org>" → "Ann Li".
export function person(author) {
  const name = author.replace(/<[^>]*>/, '').trim();
  return name || author.replace(/[<>]/g, '').split('@')[0];
}

export const firstLine = (text) => text.split('\n', 1)[0];
export const shortRevision = (r) => (r && /^[0-9a-f]{12,}$/i.test(r) ? r.slice(0, 8) : r ?? '');

/// An element with properties, attributes (with a dash or `role`) and children.
export function make(tag, properties = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.includes('-') || name === 'role' || name === 'for') e.setAttribute(name, value);
    else e[name] = value;
  }
  e.append(...children.filter((c) => c !== null && c !== undefined && c !== ''));
  return e;
}

/// The address when it is one of the web, else null: commits and steps may bring any text.
export const webAddress = (url) => (/^https?:\/\//i.test(url ?? '') ? url : null);

export const buildPath = (builder, number) => `#/builders/${encodeURIComponent(builder)}/builds/${number}`;

// A click is press and release on one element, so no element is moved or replaced while the pointer is down. Some
// releases cause no event (those on a scroll bar): after HOLD_MS the pointer counts as released.
const HOLD_MS = 3000;
let pressed = 0;
const held = new Set();
function release() {
  clearTimeout(pressed);
  pressed = 0;
  for (const f of held) { held.delete(f); f(); }
}
addEventListener('pointerdown', () => { clearTimeout(pressed); pressed = setTimeout(release, HOLD_MS); }, true);
for (const end of ['pointerup', 'pointercancel']) addEventListener(end, () => setTimeout(release), true);  // after the click

/// Calls `f` now or, while the pointer is down, once after its release.
export function whenReleased(f) {
  if (pressed) held.add(f);
  else f();
}
