"use strict";
// Hides the rows that are not searched for. Without this script, the page shows all of them.
const byId = (id) => document.getElementById(id);
const rows = [...document.querySelectorAll("tbody tr")];
const texts = rows.map((row) => `${row.closest("section").dataset.wave} ${row.textContent}`.toLowerCase());

function show() {
  const wanted = byId("search").value.trim().toLowerCase();
  const onlyBad = byId("filter").value === "bad";
  rows.forEach((row, at) => {
    row.hidden = !texts[at].includes(wanted) || (onlyBad && row.dataset.good !== undefined);
  });
  for (const section of document.querySelectorAll("main section")) {
    section.hidden = !section.querySelector("tbody tr:not([hidden])") && (wanted !== "" || onlyBad);
  }
  const shown = rows.filter((row) => !row.hidden).length;
  byId("matching").textContent = `${shown} of ${rows.length} scale sets`;
}

byId("filter").addEventListener("change", show);
byId("search").addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  const isSearching = document.activeElement === byId("search");
  if (event.key === "/" && !isSearching && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    byId("search").focus();
  } else if (event.key === "Escape" && isSearching) {
    if (byId("search").value) {
      byId("search").value = "";
      show();
    } else byId("waves").focus();
  }
});
byId("controls").hidden = rows.length === 0;
show();
