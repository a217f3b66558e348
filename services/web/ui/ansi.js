// SPDX-License-Identifier: Apache-2.0
// Terminal colours (SGR) of one line, as spans. Everything else that starts with ESC is left out.

const ESCAPES = /\x1b\[([0-9;]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f]/g;

function step(state, codes) {
  for (let i = 0; i < codes.length; ++i) {
    const c = codes[i];
    if (c === 0) { state.fg = state.bg = ''; state.bold = state.dim = state.italic = state.underline = false; }
    else if (c === 1) state.bold = true;
    else if (c === 2) state.dim = true;
    else if (c === 3) state.italic = true;
    else if (c === 4) state.underline = true;
    else if (c === 22) state.bold = state.dim = false;
    else if (c === 23) state.italic = false;
    else if (c === 24) state.underline = false;
    else if (c >= 30 && c <= 37) state.fg = 'f' + (c - 30);
    else if (c >= 90 && c <= 97) state.fg = 'f' + (c - 90 + 8);
    else if (c === 39) state.fg = '';
    else if (c >= 40 && c <= 47) state.bg = 'b' + (c - 40);
    else if (c >= 100 && c <= 107) state.bg = 'b' + (c - 100);
    else if (c === 49) state.bg = '';
    else if (c === 38 || c === 48) {  // 256 colours: the first 16 are known, others stay as they are
      if (codes[i + 1] === 5 && codes[i + 2] < 16) state[c === 38 ? 'fg' : 'bg'] = (c === 38 ? 'f' : 'b') + (c === 38 ? codes[i + 2] : codes[i + 2] % 8);
      i += codes[i + 1] === 5 ? 2 : codes[i + 1] === 2 ? 4 : 0;
    }
  }
}

/// Appends `text` to `parent`.
export function appendAnsi(parent, text) {
  if (!/[\x00-\x08\x0b-\x1f\x7f]/.test(text)) { parent.append(text); return; }
  const state = { fg: '', bg: '', bold: false, dim: false, italic: false, underline: false };
  let at = 0;
  const flush = (to) => {
    if (to <= at) return;
    const names = [state.fg, state.bg, state.bold && 'sb', state.dim && 'sd', state.italic && 'si', state.underline && 'su'].filter(Boolean);
    const piece = text.slice(at, to);
    if (!names.length) { parent.append(piece); return; }
    const span = document.createElement('span');
    span.className = names.join(' ');
    span.textContent = piece;
    parent.append(span);
  };
  for (const m of text.matchAll(ESCAPES)) {
    flush(m.index);
    at = m.index + m[0].length;
    if (m[1] !== undefined) step(state, m[1].split(';').map(Number));
  }
  flush(text.length);
}
