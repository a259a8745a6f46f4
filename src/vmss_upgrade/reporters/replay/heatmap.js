"use strict";
// The heatmap: a row per domain with a canvas, a cell per instance. The glyphs say the same as the colours.
// A canvas, because a jump in time may change a thousand cells, and a frame has 16 ms.

const LOOKS = {
  "old": ["□", "old"],
  "upgrading": ["◐", "upgrading"],
  "returning": ["◐", "rolled-back"],
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
const CELL = instances.length <= 60 ? 30 : instances.length <= 300 ? 20 : 14; // pixels, with a gap after each
const GAP = CELL > 14 ? 3 : 2;
const rows = []; // of the map
const pictures = new Map(); // of cells, by their classes

function glyph(name) {
  return (LOOKS[name] || ["?"])[0];
}

function look(name) {
  return (LOOKS[name] || ["", "skipped"])[1];
}

// How a state looks, as classes. Health that is not good is marked, whatever the cell.
function classOf(state) {
  if (!state) return "cell gone";
  const mark = { unhealthy: " unhealthy", unknown: " unsure" }[state.health] || "";
  return `cell ${look(state.cell)}${look(state.cell) === "failed" ? "" : mark}`;
}

function stateInWords(state) {
  return state ? `${state.cell}, ${life(state)}, ${state.health}, ${shortImage(state.image)}` : "not listed";
}

function buildMap() {
  for (const name of new Set(instances.map((each) => each.row))) {
    const row = { name, members: instances.filter((each) => each.row === name), counts: make("span", "counts") };
    row.canvas = make("canvas");
    row.canvas.setAttribute("role", "img");
    row.counts.setAttribute("aria-hidden", "true"); // the canvas has the same words
    row.members.forEach((instance, i) => Object.assign(instance, { inRow: row, place: i }));
    row.canvas.addEventListener("click", (event) => withInstance(row, event, showHistory));
    row.canvas.addEventListener("pointermove", (event) =>
      withInstance(row, event, (instance) => {
        row.canvas.title = `${instance.id}: ${stateInWords(instance.state)}`;
      }),
    );
    row.space = make("div", "cells", row.canvas);
    rows.push(row);
    byId("map").append(make("div", "row", make("span", "name", name), row.space, row.counts));
  }
  new ResizeObserver(fitMap).observe(byId("map"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fitMap);
  fitMap();
}

// Give every canvas the room that it has, and draw it anew.
function fitMap() {
  pictures.clear();
  for (const row of rows) row.columns = Math.max(1, Math.floor((row.space.clientWidth + GAP) / (CELL + GAP)));
  for (const row of rows) {
    const height = Math.ceil(row.members.length / row.columns) * (CELL + GAP);
    const width = Math.min(row.columns, row.members.length) * (CELL + GAP);
    row.canvas.width = width * devicePixelRatio;
    row.canvas.height = height * devicePixelRatio;
    row.canvas.style.setProperty("width", `${width}px`);
    row.canvas.style.setProperty("height", `${height}px`);
    row.pen = row.canvas.getContext("2d");
    row.pen.scale(devicePixelRatio, devicePixelRatio);
    row.members.forEach(drawCell);
  }
}

function withInstance(row, event, act) {
  const column = Math.floor(event.offsetX / (CELL + GAP));
  const instance = row.members[Math.floor(event.offsetY / (CELL + GAP)) * row.columns + column];
  if (instance && column < row.columns) act(instance);
}

function drawCell(instance) {
  const { pen, columns } = instance.inRow;
  const x = (instance.place % columns) * (CELL + GAP);
  const y = Math.floor(instance.place / columns) * (CELL + GAP);
  const state = instance.state || null;
  pen.clearRect(x, y, CELL, CELL);
  pen.globalAlpha = instance.isDimmed ? 0.2 : 1;
  pen.drawImage(picture(classOf(state), state ? glyph(state.cell) : ""), x, y, CELL, CELL);
}

// Return a cell as a picture, in the colours of the style sheet.
function picture(classes, sign) {
  const key = classes + sign;
  if (!pictures.has(key)) pictures.set(key, drawnPicture(classes, sign));
  return pictures.get(key);
}

function drawnPicture(classes, sign) {
  const canvas = make("canvas");
  canvas.width = canvas.height = CELL * devicePixelRatio;
  const pen = canvas.getContext("2d");
  pen.scale(devicePixelRatio, devicePixelRatio);
  byId("sample").className = classes;
  const style = getComputedStyle(byId("sample"));
  pen.beginPath();
  pen.roundRect(0.5, 0.5, CELL - 1, CELL - 1, CELL / 6);
  pen.fillStyle = style.backgroundColor;
  pen.fill();
  pen.strokeStyle = style.borderTopColor;
  pen.stroke();
  pen.clip();
  pen.fillStyle = style.color;
  pen.font = `${Math.round(CELL * 0.6)}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(sign, CELL / 2, CELL / 2 + 1);
  pen.fillStyle = style.getPropertyValue("--mark") || "transparent";
  pen.fillRect(0, CELL * 0.78, CELL, CELL);
  return canvas;
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
      drawCell(instance);
    }
    if (isRowChanged) count(row);
    isChanged ||= isRowChanged;
  }
  if (isChanged) drawLegend();
}

function count(row) {
  row.counts.textContent = inNumbers(row.members);
  row.canvas.setAttribute("aria-label", `${row.name}: ${row.counts.textContent || "not listed"}`);
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
      .map(([kind, text]) => make("span", "key", make("span", `cell plain ${kind}`), text)),
  );
}
