// SPDX-License-Identifier: Apache-2.0
// Where things stand on the waterfall. Time goes up, but not evenly: hours in which nothing happens take a
// line, and a build of a second is as tall as its text. Pure functions, without the page.

const IDLE_MS = 90000;   // nothing running for longer: a gap
const GAP_PX = 22;
const CHANGE_PX = 38;    // a change's two lines
const LABEL_PX = 30;     // between two times at the side

/// Height that a build of this length would like: grows with the logarithm.
export const wanted = (ms) => Math.min(20 + 7.5 * Math.log2(1 + ms / 9000), 120);

/// Puts builds that run at once in one column side by side. Sets b.lane and b.lanes.
function lanes(column) {
  let group = [];
  let groupEnd = -Infinity;
  const close = () => {
    const count = Math.max(1, ...group.map((b) => b.lane + 1));
    for (const b of group) b.lanes = count;
    group = [];
  };
  for (const b of column) {
    if (b.start >= groupEnd) close();
    const taken = new Set(group.filter((o) => o.end > b.start).map((o) => o.lane));
    b.lane = 0;
    while (taken.has(b.lane)) ++b.lane;
    group.push(b);
    groupEnd = Math.max(groupEnd, b.end);
  }
  close();
}

/// @param builds   [{id, column, start, end}] times in ms; running ones end at `now`
/// @param changes  [{id, at}]
/// @return {height, builds: Map id → {top, height, lane, lanes}, changes: Map id → top, labels: [{top, at}],
///          gaps: [{top, ms}]}; tops from the newest (0) down
export function layout(builds, changes, now) {
  const items = builds.map((b) => ({ ...b, end: Math.max(b.end, b.start + 1) }));
  const instants = new Set([now]);
  for (const b of items) instants.add(b.start).add(b.end);
  for (const c of changes) instants.add(c.at);
  const times = [...instants].sort((a, b) => a - b);
  const index = new Map(times.map((t, i) => [t, i]));

  const columns = new Map();
  for (const b of items.sort((a, b) => a.start - b.start || a.id - b.id)) {
    if (!columns.has(b.column)) columns.set(b.column, []);
    columns.get(b.column).push(b);
  }
  for (const column of columns.values()) lanes(column);

  const ending = times.map(() => []);
  const changing = times.map(() => []);
  const starting = times.map(() => 0);
  for (const b of items) { ending[index.get(b.end)].push(b); ++starting[index.get(b.start)]; }
  for (const c of changes) changing[index.get(c.at)].push(c);

  // From the oldest up: as low as the one before, its builds' heights and the change below allow.
  const y = new Float64Array(times.length);
  const gaps = [];
  let running = 0;
  let lastChange = -Infinity;
  const changeSlots = [];
  for (let i = 0; i < times.length; ++i) {
    if (i > 0) {
      const ms = times[i] - times[i - 1];
      const idle = running === 0 && ms > IDLE_MS;
      y[i] = y[i - 1] + (idle ? GAP_PX : 2);
      for (const b of ending[i]) y[i] = Math.max(y[i], y[index.get(b.start)] + wanted(b.end - b.start));
      if (changing[i].length) y[i] = Math.max(y[i], lastChange + CHANGE_PX);
      if (idle) gaps.push({ from: y[i - 1], to: y[i], ms });
    }
    running += starting[i] - ending[i].length;
    changing[i].forEach((c, n) => changeSlots.push({ id: c.id, y: y[i] + n * CHANGE_PX }));
    if (changing[i].length) lastChange = y[i] + (changing[i].length - 1) * CHANGE_PX;
  }
  const height = Math.max(y[times.length - 1], lastChange + CHANGE_PX) + 8;

  const result = { height, builds: new Map(), changes: new Map(), labels: [], gaps: [] };
  for (const b of items) {
    const low = y[index.get(b.start)];
    const high = y[index.get(b.end)];
    result.builds.set(b.id, { top: height - high, height: high - low, lane: b.lane, lanes: b.lanes });
  }
  // A change stands on its time: its lines are just above.
  for (const c of changeSlots) result.changes.set(c.id, height - c.y - CHANGE_PX + 4);
  for (const g of gaps) result.gaps.push({ top: height - g.to, height: g.to - g.from, ms: g.ms });
  let last = -Infinity;
  for (let i = times.length - 1; i >= 0; --i) {
    const top = height - y[i];
    if (top < last + LABEL_PX) continue;
    result.labels.push({ top, at: times[i], now: i === times.length - 1 });
    last = top;
  }
  return result;
}
