(function () {
  "use strict";
  var tools = document.getElementById("tools"), data = document.getElementById("orders");
  if (!tools || !data) return;
  var orders = JSON.parse(data.textContent), sort = document.getElementById("sort"), search = document.getElementById("search");
  var count = document.getElementById("count"), body = document.getElementById("rows"), cards = document.getElementById("cards");
  var names = {};
  Array.prototype.forEach.call(body.rows, function (row) {
    names[row.id.slice(1)] = row.cells[0].textContent.trim();
  });
  function arrange() {
    var order = sort.value === "name"
      ? Object.keys(names).sort(function (a, b) { return names[a].localeCompare(names[b]) || a - b; })
      : orders[sort.value];
    order.forEach(function (at) {
      var row = document.getElementById("r" + at), card = document.getElementById("c" + at);
      if (row) body.appendChild(row);
      if (card) cards.appendChild(card);
    });
  }
  function filter() {
    var wanted = search.value.toLowerCase(), shown = 0, all = 0;
    Object.keys(names).forEach(function (at) {
      var away = names[at].toLowerCase().indexOf(wanted) < 0, card = document.getElementById("c" + at);
      document.getElementById("r" + at).hidden = away;
      if (card) card.hidden = away;
      all += 1;
      if (!away) shown += 1;
    });
    count.textContent = wanted ? shown + " of " + all : "";
  }
  sort.addEventListener("change", arrange);
  search.addEventListener("input", filter);
  tools.hidden = false;
})();
