"use strict";
// The healthy count with its floor, and the batches as a timeline. Both have the slider's axis.

const curve = byId("curve");
const MOST_LABELS = 6;
const LAST_LABEL = 0.94; // of the axis: a later one would not fit
const marks = []; // one line per chart, at the moment shown

function svg(tag, attributes) {
  const element = document.createElementNS(curve.namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function place(element, from, to) {
  element.style.setProperty("--from", from / duration);
  if (to !== undefined) element.style.setProperty("--width", Math.max(0, to - from) / duration);
  return element;
}

function drawHealth() {
  const { at, count } = changes.healthy;
  const most = Math.max(1, ...floors.count, ...count);
  const x = (time) => (time / duration) * 1000;
  const y = (number) => 98 - (number / most) * 78;
  if (turnedBackAt !== null) {
    curve.append(svg("rect", { class: "back", x: x(turnedBackAt), y: 0, width: 1000 - x(turnedBackAt), height: 100 }));
  }
  if (at.length) {
    const steps = at.map((time, i) => `H${x(time)}V${y(count[i])}`).join("");
    curve.append(svg("path", { class: "area", d: `M${x(at[0])} 100V${y(count[0])}${steps}H1000V100Z` }));
    curve.append(svg("path", { class: "line", d: `M${x(at[0])} ${y(count[0])}${steps}H1000` }));
  }
  if (floors.count.some(Boolean)) {
    curve.append(svg("path", { class: "limit", d: floors.at.map((_, i) => floorFrom(i, x, y)).join("") }));
    const first = floors.count.find(Boolean);
    byId("floor").textContent = `floor ${first}`;
    byId("floor").style.setProperty("--height", y(first) / 100);
  }
  byId("most").textContent = String(most);
  byId("health-title").textContent = `${healthWord[0].toUpperCase()}${healthWord.slice(1)} instances`;
  const lowest = record.lowest_healthy;
  const worst = lowest ? `lowest ${lowest.count} of ${lowest.of}, at ${inWords(lowest.at)}` : "";
  byId("health-legend").textContent = [worst, floorInWords(), probesInWords()].filter(Boolean).join(" · ");
  curve.setAttribute("aria-label", `Number of ${healthWord} instances over time: ${byId("health-legend").textContent}`);
  byId("health").append(newMark());
}

// A floor from its moment to the next one, as a line; no line where downtime is allowed.
function floorFrom(i, x, y) {
  const end = i + 1 < floors.at.length ? floors.at[i + 1] : duration;
  return floors.count[i] ? `M${x(floors.at[i])} ${y(floors.count[i])}H${x(end)}` : "";
}

// "floor 10", or "floor 10 to 12" where the number of instances changed; empty where downtime is allowed.
function floorInWords() {
  const counts = floors.count.filter(Boolean);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (!counts.length) return "";
  return least === most ? `floor ${least}` : `floor ${least} to ${most}`;
}

// "0 of 1311 probes failed"; empty without probes.
function probesInWords() {
  const sum = (name) => (record.probes || []).reduce((whole, each) => whole + each[name], 0);
  return sum("sent") ? `${sum("failed")} of ${sum("sent")} probes failed` : "";
}

function drawLane() {
  const lane = byId("lane");
  if (turnedBackAt !== null) lane.append(place(make("span", "back", "rollback"), turnedBackAt, duration));
  for (const batch of batches) {
    const bar = make("span", `bar ${batch.result.replaceAll(" ", "-")}${batch.isBack ? " is-back" : ""}`);
    bar.append(make("span", "number", String(batch.number))); // which the style sheet hides where it does not fit
    bar.title = `${batchInWords(batch)}: ${batch.result}, ${inWords(batch.end - batch.started_at)}`;
    lane.append(place(bar, batch.started_at, batch.end));
  }
  lane.append(newMark());
  byId("lane-title").textContent = record.rollback ? "Batches, and those of the rollback" : "Batches";
  const step = [5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400].find(
    (seconds) => duration / seconds <= MOST_LABELS,
  );
  for (let time = 0; step && time <= duration * LAST_LABEL; time += step) {
    byId("axis").append(place(make("span", "", inWords(time).replace(/(?<=m)00s$/, "")), time));
  }
}

function newMark() {
  marks.push(make("span", "mark"));
  return marks[marks.length - 1];
}

function drawMarks(time) {
  for (const mark of marks) mark.style.setProperty("--from", time / duration);
}

function drawBatches() {
  for (const batch of batches) {
    const began = make("button", "link", inWords(batch.started_at));
    began.type = "button";
    began.title = "Show this moment";
    began.addEventListener("click", () => seek(batch.started_at));
    const head = make("th", "", `${batch.isBack ? "↩ " : ""}${batch.number}`);
    head.scope = "row";
    const took = batch.seconds === null ? "not ended" : inWords(batch.seconds);
    const ids = make("td", "ids wide", listed(batch.instance_ids, 12));
    const result = make("td", batch.result === "passed" ? "good" : "bad", batch.result);
    byId("batches").append(
      make("tr", "", head, make("td", "", placeOf(batch.domain)), ids, make("td", "time", began), make("td", "time", took), result),
    );
  }
  byId("batches-section").hidden = batches.length === 0;
}
