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

  // Asked once per element: a list has thousands of cells, and its rows and table are above each of them.
  const once = (known, el, ask) => {
    if (!known.has(el)) known.set(el, ask());
    return known.get(el);
  };
  const asked = new Map();
  const styleOf = el => once(asked, el, () => getComputedStyle(el));

  const decorations = new Map();
  const decoration = el => !el || el === root ? 'none' : once(decorations, el, () => {
    const line = styleOf(el).textDecorationLine;
    return line && line !== 'none' ? line : decoration(el.parentElement);
  });

  // The nearest box up to the list that hides what is wider than itself.
  const clips = new Map();
  const clipped = el => !el || el === root.parentElement ? null : once(clips, el, () => {
    const cs = styleOf(el);
    if (cs.overflowX !== 'visible' && !/auto|scroll/.test(cs.overflowX) && el !== root && el.clientWidth > 0
        && (el.scrollWidth > el.clientWidth + 1 || el.scrollHeight > el.clientHeight + 4)) {
      const r = el.getBoundingClientRect(), pr = parseFloat(cs.paddingRight) || 0;
      const dots = cs.textOverflow === 'ellipsis';
      // Ink is cut at the padding's edge; dots stand where the padding begins.
      const x = r.left + el.clientLeft, w = el.clientWidth - (dots ? pr : 0);
      return {clip: [x, r.top + el.clientTop, w, el.clientHeight], dots};
    }
    return clipped(el.parentElement);
  });

  const stuck = new Map();
  const frozen = el => !el || el === document.body ? false : once(stuck, el, () => {
    const cs = styleOf(el);
    return (cs.position === 'sticky' && (cs.left !== 'auto' || cs.right !== 'auto')) || frozen(el.parentElement);
  });

  // Cells of a column look alike: their styles are told once.
  const styles = [], numbers = new Map();
  const style = el => {
    const cs = styleOf(el);
    const told = [cs.fontFamily, parseFloat(cs.fontSize), cs.fontWeight, cs.fontStyle, cs.color, cs.letterSpacing,
                  cs.wordSpacing, decoration(el)];
    return once(numbers, told.join('\n'), () => styles.push(told) - 1);
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
        const el = n.parentElement;
        if (styleOf(el).visibility !== 'visible') continue;
        for (const [text, q] of lines(n)) if (/\S/.test(text)) fragments.push([text, box(q), style(el)]);
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
  return {cells, styles, lang};
}
