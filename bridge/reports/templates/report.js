// Nothing here is needed to read the report: it adds a filter and the keys j / k.
(function () {
  "use strict";
  var box = document.getElementById("filter");
  var cards = Array.prototype.slice.call(document.querySelectorAll("[data-row]"));
  if (!box || !cards.length) { return; }
  var texts = cards.map(function (c) { return c.textContent.toLowerCase(); });
  var count = document.getElementById("filter-count");
  box.hidden = false;
  function apply() {
    var words = box.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    cards.forEach(function (card, i) {
      var hit = words.every(function (w) { return texts[i].indexOf(w) >= 0; });
      card.hidden = !hit;
      if (hit) { shown += 1; }
    });
    count.textContent = words.length
      ? count.dataset.text.replace("%shown", shown).replace("%total", cards.length) : "";
  }
  box.querySelector("input").addEventListener("input", apply);
  document.addEventListener("keydown", function (e) {
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA)$/.test(e.target.tagName)) { return; }
    if (e.key === "/") { e.preventDefault(); box.querySelector("input").focus(); return; }
    if (e.key !== "j" && e.key !== "k") { return; }
    var open = cards.filter(function (c) { return !c.hidden; });
    var at = open.indexOf(document.activeElement.closest("[data-row]"));
    var to = open[e.key === "j" ? at + 1 : Math.max(0, at - 1)];
    if (to) { to.focus(); to.scrollIntoView({ block: "nearest" }); }
  });
})();
