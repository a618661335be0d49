// One key per answer; without this script the buttons do the same.
(function () {
  "use strict";
  document.addEventListener("keydown", function (e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.repeat) { return; }
    var button = document.querySelector("[data-key='" + CSS.escape(e.key) + "']");
    if (button && !button.disabled) { e.preventDefault(); button.click(); }
  });
  document.addEventListener("submit", function (e) {
    if (document.body.dataset.sent) { e.preventDefault(); return; }
    document.body.dataset.sent = "1";
  });
  window.addEventListener("pageshow", function () { delete document.body.dataset.sent; });
})();
