"use strict";
// The heatmap: a row per domain, a cell per instance. The glyphs say the same as the colours.

const LOOKS = {
  "old": ["□", "old"],
  "upgrading": ["◐", "upgrading"],
  "new": ["■", "new"],
  "rolled back": ["↩", "rolled-back"],
  "failed": ["✖", "failed"],
  "skipped": ["·", "skipped"],
  "on the model": ["■", "new"],
  "behind the model": ["□", "old"],
  "not healthy": ["✖", "failed"],
  "stopped": ["·", "skipped"],
  "not known": ["?", "upgrading"],
  "attached": ["·", "skipped"],
};
const CELLS = Object.keys(LOOKS);
const rows = []; // of the map: their instances, and the text that counts them

function glyph(name) {
  return (LOOKS[name] || ["?"])[0];
}

function look(name) {
  return (LOOKS[name] || ["", "skipped"])[1];
}

// How a state looks, as classes. Health that is not good is marked, whatever the cell.
function classOf(state) {
  if (!state) return "cell gone";
  const health = { unhealthy: " unhealthy", unknown: " unsure" }[state.health] || "";
  return `cell ${look(state.cell)}${health}`;
}

function buildMap() {
  const map = byId("map");
  map.classList.add(instances.length <= 60 ? "large" : instances.length <= 300 ? "medium" : "small");
  for (const name of new Set(instances.map((each) => each.row))) {
    const members = instances.filter((each) => each.row === name);
    const cells = make("div", "cells");
    for (const instance of members) {
      instance.element = make("span", "cell gone");
      instance.element.instance = instance;
      cells.append(instance.element);
    }
    const counts = make("span", "counts");
    rows.push({ name, members, counts });
    map.append(make("div", "row", make("span", "name", name), cells, counts));
  }
  map.addEventListener("click", (event) => event.target.instance && showHistory(event.target.instance));
  map.addEventListener("pointerover", (event) => {
    const instance = event.target.instance;
    if (instance) event.target.title = `${instance.id}: ${stateInWords(stateAt(instance, shownTime))}`;
  });
}

function stateInWords(state) {
  return state ? `${state.cell}, ${life(state)}, ${state.health}, ${shortImage(state.image)}` : "not listed";
}

function numbers(members) {
  const found = new Map();
  for (const each of members) if (each.state) found.set(each.state.cell, (found.get(each.state.cell) || 0) + 1);
  return CELLS.filter((name) => found.has(name)).map((name) => [name, found.get(name)]);
}

function inNumbers(members) {
  return numbers(members).map(([name, count]) => `${count} ${name}`).join(", ");
}

// Draw the cells that differ from those shown, and count the rows that they are in.
function drawMap(time) {
  let isChanged = false;
  for (const row of rows) {
    let isRowChanged = false;
    for (const instance of row.members) {
      const state = stateAt(instance, time);
      if (state === instance.state) continue;
      isRowChanged = true;
      instance.state = state;
      instance.element.className = classOf(state) + (instance.isDimmed ? " dimmed" : "");
      instance.element.textContent = state ? glyph(state.cell) : "";
    }
    if (isRowChanged) row.counts.textContent = inNumbers(row.members);
    isChanged ||= isRowChanged;
  }
  if (isChanged) drawLegend();
}

function drawLegend() {
  const words = inNumbers(instances) || "not read yet";
  byId("map").setAttribute("aria-label", `${instances.length} instances: ${words}`);
  const marked = { unhealthy: "unhealthy", unsure: "health unknown" };
  byId("legend").replaceChildren(
    ...numbers(instances).map(([name, count]) =>
      make("span", "key", make("span", `cell ${look(name)}`, glyph(name)), `${count} ${name}`),
    ),
    ...Object.entries(marked)
      .filter(([kind]) => instances.some((each) => classOf(each.state).endsWith(kind)))
      .map(([kind, text]) => make("span", "key", make("span", `cell ${kind}`), text)),
  );
}
