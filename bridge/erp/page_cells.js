// The page's own cells under one element: boxes, visible text fragments, and how they are styled.
// Runs in the ERP's page, so it only looks: it changes nothing, and what it returns is a hint and a witness, never
// the truth.  Boxes are css pixels relative to the frame's viewport.
(root, [headingSelector, rowSelector, cellSelector, rowId]) => {
  const lang = root.closest('[lang]')?.lang || document.documentElement.lang || '';
  const box = r => [r.left, r.top, r.width, r.height];

  // The visible lines of one text node, as [text, rect]; hidden characters have no box.
  const lines = node => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter(r => r.width > 0 && r.height > 0);
    if (!rects.length) return [];
    const data = node.data;
    if (rects.length === 1 && data === data.trim() && !/[\t\n\r]|  /.test(data)) return [[data, rects[0]]];
    const out = [];
    for (let i = 0; i < data.length; ) {
      const step = data.codePointAt(i) > 0xffff ? 2 : 1;
      range.setStart(node, i); range.setEnd(node, i + step);
      const r = [...range.getClientRects()].find(q => q.width > 0 && q.height > 0);
      const ch = data.slice(i, i + step);
      i += step;
      if (!r) { if (out.length && /\s/.test(ch)) out[out.length - 1].gap = true; continue; }
      const shown = /[\t\n\r]/.test(ch) ? ' ' : ch;
      const last = out[out.length - 1];
      if (last && Math.abs(last.top - r.top) < r.height / 2 && r.left >= last.right - 1) {
        last.text += shown; last.right = r.right;
      } else {
        // How the line before it ended decides how the two are one text: at a space, or in the middle of a word.
        if (last) last.text += last.gap || /\s$/.test(last.text) ? ' ' : '\u2060';
        out.push({text: shown, left: r.left, top: r.top, right: r.right, height: r.height});
      }
    }
    return out.map(l => [l.text, {left: l.left, top: l.top, width: l.right - l.left, height: l.height}]);
  };

  const decoration = el => {
    for (let e = el; e && e !== root; e = e.parentElement) {
      const line = getComputedStyle(e).textDecorationLine;
      if (line && line !== 'none') return line;
    }
    return 'none';
  };

  const clipped = el => {
    // The nearest box up to the list that hides what is wider than itself.
    for (let e = el; e && e !== root.parentElement; e = e.parentElement) {
      const cs = getComputedStyle(e);
      const wide = e.scrollWidth > e.clientWidth + 1, high = e.scrollHeight > e.clientHeight + 4;
      if (cs.overflowX !== 'visible' && (wide || high) && e.clientWidth > 0 && e !== root
          && !/auto|scroll/.test(cs.overflowX)) {
        const r = e.getBoundingClientRect(), pr = parseFloat(cs.paddingRight) || 0;
        const dots = cs.textOverflow === 'ellipsis';
        // Ink is cut at the padding's edge; dots stand where the padding begins.
        const x = r.left + e.clientLeft, w = e.clientWidth - (dots ? pr : 0);
        return {clip: [x, r.top + e.clientTop, w, e.clientHeight], dots};
      }
    }
    return null;
  };

  const frozen = el => {
    for (let e = el; e && e !== document.body; e = e.parentElement) {
      const cs = getComputedStyle(e);
      if (cs.position === 'sticky' && (cs.left !== 'auto' || cs.right !== 'auto')) return true;
    }
    return false;
  };

  const whole = cell => cell.getAttribute('title') || cell.querySelector('[title]')?.getAttribute('title') || null;

  const cells = [];
  let row = 0;
  const take = (tr, kind) => {
    const id = rowId ? tr.getAttribute(rowId) || '' : '';
    let col = 0;
    for (const td of tr.querySelectorAll(cellSelector)) {
      if (td.parentElement.closest(cellSelector) && tr.contains(td.parentElement.closest(cellSelector))) continue;
      const r = td.getBoundingClientRect();
      if (r.width <= 0 || r.height <= 0) { col++; continue; }
      const fragments = [];
      let cut = null;
      const walk = document.createTreeWalker(td, NodeFilter.SHOW_TEXT);
      for (let n = walk.nextNode(); n; n = walk.nextNode()) {
        if (!/\S/.test(n.data)) continue;
        const el = n.parentElement, cs = getComputedStyle(el);
        if (cs.visibility !== 'visible') continue;
        for (const [text, q] of lines(n)) {
          if (!/\S/.test(text)) continue;
          fragments.push({
            text, box: box(q), family: cs.fontFamily, size: parseFloat(cs.fontSize), weight: cs.fontWeight,
            style: cs.fontStyle, color: cs.color, letter: cs.letterSpacing, word: cs.wordSpacing,
            decoration: decoration(el),
          });
        }
        cut = cut || clipped(el);
      }
      const inner = [r.left + td.clientLeft, r.top + td.clientTop, td.clientWidth || r.width, td.clientHeight || r.height];
      cells.push({row, col: col++, kind, id, box: inner, fragments, clip: cut && cut.clip, dots: !!(cut && cut.dots),
                  frozen: frozen(td), whole: whole(td)});
    }
    row++;
  };
  const seen = new Set();
  const all = selector => !selector ? [] : [...(root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)];
  for (const tr of all(headingSelector)) { seen.add(tr); take(tr, 'heading'); }
  for (const tr of all(rowSelector)) if (!seen.has(tr)) take(tr, 'data');
  return JSON.stringify({cells, lang});  // one string: the driver's own serialisation takes far longer
}
