// Paints the list D on the canvas #list: the same cells as the table, as pixels only.
const cv = document.getElementById('list'), x = cv.getContext('2d');
const k = D.raw ? 1 : devicePixelRatio, lh = Math.round(D.size * 1.45), pad = 5, icon = D.icons ? 28 : 0;
const W = icon + D.columns.reduce((a, c) => a + c.width, 0);
function lines(text, c) {
  if (!D.wrap || !c.text || x.measureText(text).width <= c.width - 2 * pad) return [text];
  const out = []; let line = '';
  for (const ch of text) {
    if (x.measureText(line + ch).width > c.width - 2 * pad) { out.push(line.trimEnd()); line = ch === ' ' ? '' : ch; }
    else line += ch;
  }
  return [...out, line];
}
x.font = D.font;
const cells = D.rows.map(r => D.columns.map(c => lines(r[c.field] || '', c)));
const heads = Math.max(...D.columns.map(c => c.heads.length));
const heights = [heads, ...cells.map(r => Math.max(...r.map(c => c.length)))].map(n => n * lh + 8);
const H = heights.reduce((a, b) => a + b, 0) + 1;
cv.width = Math.round((W + 1) * k); cv.height = Math.round(H * k);
cv.style.width = (W + 1) + 'px'; cv.style.height = H + 'px';
x.scale(k, k); x.fillStyle = D.colours.ground; x.fillRect(0, 0, W + 1, H);
function fit(text, c) {
  const room = c.width - 2 * pad;
  if (!c.cut || D.cut !== 'ellipsis' || x.measureText(text).width <= room) return text;
  let t = text; while (t && x.measureText(t + '…').width > room) t = t.slice(0, -1);
  return t + '…';
}
window.BOXES = [];  // where each cell stands, css pixels of the page, and whether its text is cut
let y = 0;
heights.forEach((h, i) => {
  const head = i === 0, row = D.rows[i - 1];
  let ground = head ? D.colours.head : D.table === 'zebra' && i % 2 === 0 ? D.colours.zebra : null;
  if (!head && D.marks[i - 1]) ground = D.marks[i - 1];
  if (ground) { x.fillStyle = ground; x.fillRect(0, y, W, h); }
  if (icon && !head && i < heights.length - 1) { x.strokeStyle = D.colours.line; x.lineWidth = 1; x.strokeRect(8.5, y + 6.5, 11, 11); }
  let left = icon;
  D.columns.forEach((c, j) => {
    const texts = head ? c.heads : cells[i - 1][j];
    x.font = head ? 'bold ' + D.font : D.font;
    x.fillStyle = head ? D.colours.text : c.link && i < heights.length - 1 ? D.colours.link
      : c.field === 'status' && D.status[row.status] || D.colours.text;
    x.save();
    if (c.cut && !head) { x.beginPath(); x.rect(left + pad, y, c.width - 2 * pad, h); x.clip(); }
    if (!head && i < heights.length - 1) {
      const cut = c.cut && x.measureText(row[c.field] || '').width > c.width - 2 * pad;
      BOXES.push([i - 1, c.field, 8 + left, 8 + y, c.width, h, cut]);
    }
    texts.forEach((t, n) => {
      t = head ? t : fit(t, c);
      const at = c.right ? left + c.width - pad - x.measureText(t).width : left + pad;
      x.fillText(t, at, y + 4 + n * lh + Math.round(D.size * 1.1));
    });
    x.restore();
    left += c.width;
  });
  x.strokeStyle = D.colours.line; x.lineWidth = 1; x.beginPath();
  if (D.table === 'bordered' || D.table === 'rules') { x.moveTo(0, y + h - .5); x.lineTo(W, y + h - .5); }
  if (D.table === 'bordered') {
    let l = .5; for (const w of [icon, ...D.columns.map(c => c.width)]) { x.moveTo(l, y); x.lineTo(l, y + h); l += w; }
    x.moveTo(W - .5, y); x.lineTo(W - .5, y + h); if (i === 0) { x.moveTo(0, .5); x.lineTo(W, .5); }
  }
  x.stroke(); y += h;
});
document.title = 'painted';
