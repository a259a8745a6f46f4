"use strict";
// The table of instances with its filter and search, and the history of one instance.

const PAGE = 50; // rows of the table that are built at once
const NOT_HEALTHY = "\u0000not healthy";
const WITH_ERRORS = "\u0000errors";
let shownRows = PAGE;
let inTable = []; // the instances in the table

function buildInstances() {
  for (const instance of instances) {
    const images = instance.states.map((state) => (state && state.image) || "");
    const errors = instance.errors.map((error) => `${error.code} ${error.message}`);
    instance.text = [instance.id, instance.row, ...new Set(images), ...errors].join("\n").toLowerCase();
  }
  const occurring = new Set(instances.flatMap((each) => each.states.map((state) => state && state.cell)));
  const choices = [["", "all"], ...CELLS.filter((name) => occurring.has(name)).map((name) => [name, name])];
  choices.push([NOT_HEALTHY, `not ${healthWord}`], [WITH_ERRORS, "with errors"]);
  byId("filter").append(...choices.map(([value, text]) => new Option(text, value)));
  byId("filter").addEventListener("input", filterAnew);
  byId("search").addEventListener("input", filterAnew);
  byId("search").addEventListener("keydown", leaveSearch);
  byId("close").addEventListener("click", () => byId("history").close());
  byId("more").addEventListener("click", () => {
    shownRows += PAGE * 5;
    drawInstances();
  });
}

// Escape clears the search; if it is empty already, the keys play again.
function leaveSearch(event) {
  if (event.key !== "Escape") return;
  event.preventDefault();
  if (!event.target.value) byId("player").focus();
  event.target.value = "";
  filterAnew();
}

function filterAnew() {
  shownRows = PAGE;
  drawInstances();
}

function isHealthy(state) {
  return life(state) === "running" && (healthWord === "running" || ["healthy", "no signal yet"].includes(state.health));
}

function matches(instance, wanted, text) {
  if (text && !instance.text.includes(text)) return false;
  if (wanted === WITH_ERRORS) return instance.errors.length > 0;
  if (wanted === NOT_HEALTHY) return instance.state !== null && !isHealthy(instance.state);
  return !wanted || (instance.state !== null && instance.state.cell === wanted);
}

// Draw the table as it is now. Rows that stay are changed only where their instance changed.
function drawInstances() {
  const wanted = byId("filter").value;
  const text = byId("search").value.trim().toLowerCase();
  const matching = [];
  for (const instance of instances) {
    const isMatch = matches(instance, wanted, text);
    if (isMatch) matching.push(instance);
    if (!instance.isDimmed !== isMatch) {
      instance.isDimmed = !isMatch;
      drawCell(instance);
    }
  }
  const rowsNow = matching.slice(0, shownRows);
  if (rowsNow.length !== inTable.length || rowsNow.some((instance, i) => instance !== inTable[i])) {
    inTable = rowsNow;
    byId("instances").replaceChildren(...inTable.map((instance) => (instance.line ||= newLine(instance))));
    byId("matching").textContent = `${matching.length} of ${instances.length} instances`;
    byId("more").hidden = matching.length <= inTable.length;
  }
  for (const instance of inTable) fillLine(instance);
}

function newLine(instance) {
  const name = make("button", "link", instance.id);
  name.type = "button";
  name.setAttribute("aria-haspopup", "dialog");
  name.addEventListener("click", () => showHistory(instance));
  const head = make("th", "", name);
  head.scope = "row";
  instance.parts = ["state", "health", "image wide", "since wide"].map((part) => make("td", part));
  instance.parts[0].append(make("span"), "");
  const errors = make("td", "error wide", instance.errors.map((error) => `${error.code}: ${error.message}`).join("; "));
  return make("tr", "", head, make("td", "row wide", instance.row), ...instance.parts, errors);
}

function fillLine(instance) {
  const position = lastBefore(instance.at, shownTime);
  if (instance.filled === position) return;
  instance.filled = position;
  const state = instance.state;
  const [cell, health, image, since] = instance.parts;
  cell.firstChild.className = classOf(state);
  cell.firstChild.textContent = state ? glyph(state.cell) : "";
  cell.lastChild.data = state ? state.cell : "not listed";
  health.textContent = state ? (state.power === "running" ? state.health : `${state.health}, ${state.power}`) : "";
  image.textContent = state ? shortImage(state.image) : "";
  image.title = (state && state.image) || "";
  since.textContent = position < 0 ? "" : inWords(instance.at[position]);
}

// Open the history of one instance: its errors, and every state with the moment from which it lasted.
function showHistory(instance) {
  byId("history-title").textContent = `Instance ${instance.id}, ${instance.row}`;
  byId("history-errors").replaceChildren(...instance.errors.map((error) => errorItem(error, [])));
  byId("history-rows").replaceChildren(...instance.at.map((time, i) => historyRow(time, instance.states[i])));
  byId("history").showModal();
}

function historyRow(time, state) {
  const from = make("button", "link", inWords(time));
  from.type = "button";
  from.title = ["Show this moment", timeOfDay(time)].filter(Boolean).join(", ");
  from.addEventListener("click", () => {
    byId("history").close();
    seek(time);
  });
  const head = make("th", "", from);
  head.scope = "row";
  const words = state
    ? [state.health, life(state), shortImage(state.image)].map((text) => make("td", "", text))
    : [make("td"), make("td"), make("td")];
  const cell = state ? [make("span", classOf(state), glyph(state.cell)), state.cell] : ["not listed"];
  return make("tr", "", head, make("td", "state", ...cell), ...words);
}

// Return an error with the instances that had it, if they are to be named.
function errorItem(error, ids) {
  const whose = ids.length ? `${ids.length > 1 ? "Instances" : "Instance"} ${listed(ids, 12)}: ` : "";
  const words = make("span", "", " ", ...withCode(error.message));
  return make("li", "bad", make("strong", "", `${whose}${error.code}`), words);
}

function drawErrors() {
  const groups = new Map(); // of the same error, with the instances that had it
  for (const error of record.failures || []) {
    const key = `${error.code} ${error.message}`;
    if (!groups.has(key)) groups.set(key, { error, ids: new Set() });
    if (error.instance_id) groups.get(key).ids.add(error.instance_id);
  }
  const errors = [...groups.values()].map((group) => errorItem(group.error, [...group.ids]));
  const findings = (record.findings || []).map((finding) => {
    const words = withCode(`${finding.message} ${finding.remedy || ""}`);
    return make("li", finding.severity, make("strong", "", finding.severity), " ", ...words);
  });
  byId("errors").append(...errors.slice(0, 50), ...findings.slice(0, 50));
  byId("errors-section").hidden = byId("errors").childElementCount === 0;
}
