// Keys, and the next card at once: it is loaded while the one before is being looked at.  Without this script the
// same forms work, one page load per decision.
(function () {
  "use strict";
  var desk = document.getElementById("desk");
  if (!desk) { return; }
  var words = desk.dataset;
  var place = document.getElementById("card");
  var told = document.getElementById("told");
  var order = words.order ? words.order.split(",") : [];
  var cards = new Map();
  var undos = [];
  var saving = Promise.resolve();
  var unsaved = 0;
  var sure = null;
  var AHEAD = 4;

  function now() { return place.querySelector("[data-id]"); }
  function id() { var c = now(); return c ? c.dataset.id : null; }
  function csrf() { return document.querySelector("meta[name=csrf]").content; }
  function rowOf(item) { return document.querySelector("#list li[data-id='" + item + "']"); }

  function tell(text, kind, sticky) {
    var p = document.createElement("p");
    p.className = kind;
    p.textContent = text;
    if (kind !== "bad") { told.querySelectorAll("p:not(.bad)").forEach(function (o) { o.remove(); }); }
    var close = document.createElement("button");
    close.type = "button"; close.textContent = "✕"; close.className = "quiet";
    close.addEventListener("click", function () { p.remove(); });
    p.appendChild(close);
    told.appendChild(p);
    if (!sticky) { setTimeout(function () { p.remove(); }, 2500); }
  }

  function load(item) {
    if (!cards.has(item)) {
      var promise = fetch("/items/" + item, { headers: { "x-requested-with": "fetch" } }).then(function (r) {
        if (r.status === 401) { location.reload(); }
        return r.ok ? r.text() : Promise.reject(r);
      }).then(function (html) {
        var box = document.createElement("template");
        box.innerHTML = html;
        // Decoded now, so that nothing flickers when the card is shown.
        var pictures = Array.prototype.map.call(box.content.querySelectorAll("img"), function (i) {
          var image = new Image();
          image.src = i.getAttribute("src");
          return image.decode().catch(function () {});
        });
        return Promise.all(pictures).then(function () { return html; });
      });
      promise.catch(function () { cards.delete(item); });
      cards.set(item, promise);
    }
    return cards.get(item);
  }

  function ahead() {
    var at = order.indexOf(id());
    order.slice(at + 1, at + 1 + AHEAD).forEach(function (item) { load(item).catch(function () {}); });
  }

  function show(item) {
    sure = null;
    if (!item) {
      place.replaceChildren();
      document.getElementById("done").hidden = false;
      return Promise.resolve();
    }
    document.getElementById("done").hidden = true;
    return load(item).then(function (html) {
      var box = document.createElement("template");
      box.innerHTML = html;
      place.replaceChildren(box.content);
      document.querySelectorAll("#list [aria-current]").forEach(function (a) { a.removeAttribute("aria-current"); });
      var row = rowOf(item);
      if (row) { row.firstElementChild.setAttribute("aria-current", "true"); row.scrollIntoView({ block: "nearest" }); }
      now().focus({ preventScroll: true });
      window.scrollTo(0, 0);
      var url = new URL(location.href);
      url.searchParams.set("item", item);
      history.replaceState(null, "", url);
      ahead();
    }, function () { leave([item]); return show(order[0]); });
  }

  function leave(items) {
    items.forEach(function (item) {
      order = order.filter(function (o) { return o !== item; });
      cards.delete(item);
      var row = rowOf(item);
      if (row) {
        var group = row.closest(".group");
        row.remove();
        var left = group.querySelectorAll("li").length;
        if (left) { group.querySelector("h3 b").textContent = left; } else { group.remove(); }
      }
    });
    document.getElementById("total").textContent = order.length;
  }

  function after(item) {
    var at = order.indexOf(item);
    return order[at + 1] || order[at - 1] || null;
  }

  function post(to, fields) {
    return fetch(to, {
      method: "POST",
      headers: { "x-csrf-token": csrf(), "x-requested-with": "fetch", "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(fields)
    }).then(function (r) {
      if (r.status === 401) { location.reload(); }
      return r.json().then(function (data) { return { ok: r.ok, status: r.status, data: data }; });
    }, function () { return { ok: false, status: 0, data: { words: words.offline } }; })
      .catch(function () { return { ok: false, status: 0, data: { words: words.notSaved } }; });
  }

  // One after the other, in the order of the keys.
  function inTurn(work) {
    function done() { unsaved -= 1; }
    unsaved += 1;
    saving = saving.then(work, work);
    saving.then(done, done);
    return saving;
  }

  // "Saved" is said of all: as long as one decision is on its way, it says so.  Called within a turn.
  function tellSaved(text) {
    if (unsaved > 1) { tell(words.saving, "soft", true); } else { tell(text, "good"); }
  }

  function settle(to, fields, same) {
    var item = id();
    var items = [item].concat(same ? now().dataset.same.split(",").filter(Boolean) : []);
    var next = order.filter(function (o) { return o !== item && items.indexOf(o) < 0; });
    var at = order.slice(0, order.indexOf(item)).filter(function (o) { return items.indexOf(o) < 0; }).length;
    leave(items);
    show(next[at] || next[at - 1] || null);
    tell(words.saving, "soft", true);
    inTurn(function () {
      return post(to, fields).then(function (answer) {
        if (answer.ok) {
          if (answer.data.batch) { undos.push(answer.data.batch); }
          tellSaved(words.saved + (answer.data.order ? " · " + answer.data.order : ""));
          var missed = items.filter(function (i) { return answer.data.settled.map(String).indexOf(i) < 0; });
          order = order.concat(missed);
          document.getElementById("total").textContent = order.length;
          return;
        }
        if (unsaved < 2) { told.querySelectorAll("p.soft").forEach(function (o) { o.remove(); }); }
        tell(answer.data.words, "bad", true);
        if (answer.status !== 409) { order.unshift(item); show(item); document.getElementById("total").textContent = order.length; }
      });
    });
  }

  // What was typed may be refused: the card stays until it is saved.
  function typed(form, same) {
    var fields = { action: "type" };
    form.querySelectorAll(".typing input").forEach(function (i) { fields[i.name] = i.value; });
    if (same) { fields.same = "1"; }
    var item = id();
    return inTurn(function () {
      return post("/items/" + item + "/decide", fields).then(function (answer) {
        if (!answer.ok) {
          tell(answer.data.words, "bad", true);
          if (answer.status === 409) { var gone = after(item); leave([item]); return show(gone); }
          return;
        }
        undos.push(answer.data.batch);
        tellSaved(words.saved + " · " + answer.data.order);
        var items = answer.data.settled.map(String);
        var at = order.indexOf(item);
        var next = order.slice(at).concat(order.slice(0, at).reverse()).filter(function (o) { return items.indexOf(o) < 0; })[0];
        leave(items);
        return show(next || null);
      });
    });
  }

  function type(field) {
    var box = place.querySelector(".typing");
    if (!box) { return; }
    box.hidden = false;
    var inputs = box.querySelectorAll("input");
    inputs.forEach(function (i) { i.disabled = false; });
    var first = (field && box.querySelector("[name='v." + field + "']")) || inputs[0];
    if (first) { first.focus(); first.select(); }
  }

  function untype() {
    var box = place.querySelector(".typing");
    if (!box) { return; }
    box.hidden = true;
    box.querySelectorAll("input").forEach(function (i) { i.value = i.dataset.read; i.disabled = true; });
    now().focus();
  }

  function undo(batch) {
    return inTurn(function () {
      var last = batch || undos[undos.length - 1];
      if (!last) {
        var form = document.querySelector("[data-undo]");
        last = form ? form.dataset.undo : null;
      }
      if (!last) { return; }
      return post("/undo", { batch: last }).then(function (answer) {
        if (!answer.ok) { tell(answer.data.words, "bad", true); undos.pop(); return; }
        var url = new URL(location.href);
        url.searchParams.set("item", answer.data.reopened[answer.data.reopened.length - 1]);
        location.assign(url);
      });
    });
  }

  function same(event) {
    var box = place.querySelector("[name=same]");
    return Boolean(box && (box.checked || (event && event.shiftKey)));
  }

  function press(button, event) {
    if (!button || button.disabled) { return; }
    if (button.matches("[data-type]")) { type(); return; }
    if (button.matches("[data-undo-last]")) { undo(); return; }
    if (button.matches("[data-later]")) { settle("/items/" + id() + "/later", {}, false); return; }
    if (button.value === "type") { typed(button.form, same(event)); return; }
    if (button.value === "release" && sure !== id()) {
      sure = id();
      button.firstChild.textContent = words.sure + " ";
      return;
    }
    var all = same(event);
    settle("/items/" + id() + "/decide", all ? { action: button.value, same: "1" } : { action: button.value }, all);
  }

  function pick(chip, event) {
    if (chip.dataset.digit) {
      var all = same(event);
      var fields = { action: "type" };
      fields["v." + chip.dataset.fill] = chip.dataset.text;
      if (all) { fields.same = "1"; }
      settle("/items/" + id() + "/decide", fields, all);
      return;
    }
    type(chip.dataset.fill);
    var input = place.querySelector("[name='v." + chip.dataset.fill + "']");
    if (!input) { return; }
    input.value = chip.dataset.text;
  }

  document.addEventListener("click", function (e) {
    var row = e.target.closest("#list li a");
    if (row && !e.ctrlKey && !e.metaKey && !e.shiftKey) { e.preventDefault(); show(row.parentElement.dataset.id); return; }
    var chip = e.target.closest("[data-fill]");
    if (chip) { pick(chip, e); return; }
    if (e.target.closest("[data-cancel]")) { untype(); return; }
    var button = e.target.closest("#decide button");
    if (button) { e.preventDefault(); press(button, e); }
  });

  document.addEventListener("submit", function (e) {
    var batch = e.target.dataset.undo;
    if (batch) { e.preventDefault(); undo(batch); return; }
    if (e.target.id === "decide") { e.preventDefault(); typed(e.target, same()); }
  });

  document.addEventListener("change", function (e) {
    if (e.target.form && e.target.form.id === "sorting") { e.target.form.submit(); return; }
    if (e.target.name === "to") {
      var to = e.target.value, item = id();
      inTurn(function () {
        return post("/items/" + item + "/assign", { to: to }).then(function (answer) {
          tell(answer.ok ? words.saved : answer.data.words, answer.ok ? "good" : "bad", !answer.ok);
          cards.delete(item);
        });
      });
    }
  });

  document.addEventListener("keydown", function (e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) { return; }
    var field = /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) && e.target.type !== "checkbox";
    if (field) {
      if (e.key === "Escape") { if (e.target.closest(".typing")) { untype(); } else { e.target.blur(); } }
      return;
    }
    if (e.code === "ArrowDown" || e.code === "KeyJ") { step(1, e); return; }
    if (e.code === "ArrowUp" || e.code === "KeyK") { step(-1, e); return; }
    // By the key's place, so that an input method for Chinese may stay switched on.
    var digit = /^(Digit|Numpad)([1-9])$/.exec(e.code);
    var chip = digit && place.querySelector("[data-digit='" + digit[2] + "']");
    if (chip) { e.preventDefault(); pick(chip, e); return; }
    var letter = /^Key([A-Z])$/.exec(e.code);
    if (!letter) { return; }
    if (letter[1] === "U") { e.preventDefault(); undo(); return; }
    var target = place.querySelector("[data-key='" + letter[1] + "']");
    if (!target) { return; }
    e.preventDefault();
    if (target.tagName === "SELECT") { target.focus(); if (target.showPicker) { try { target.showPicker(); } catch (_) { target.focus(); } } return; }
    press(target, e);
  });

  function step(by, e) {
    var to = order[order.indexOf(id()) + by];
    if (to) { e.preventDefault(); show(to); }
  }

  if (now()) { now().focus({ preventScroll: true }); ahead(); }
})();
