"use strict";
// Play, pause, speed, slider and keys. `seek` shows another moment; everything else is drawn by it.

const SPEEDS = [1, 10, 30, 60, 120, 300, 600, 1200, 3600]; // seconds of the run in a second
const USUAL_SECONDS = 45; // in which the whole run is played, unless another speed is chosen
const TABLE_EVERY = 250; // milliseconds, while it plays
let shownTime = duration;
let playing = null; // the frame that was asked for
let tableDrawn = 0;
let saidBatch = null;

function seek(time, isPlaying = false) {
  shownTime = Math.min(duration, Math.max(0, time));
  drawMarks(shownTime);
  drawMap(shownTime);
  byId("time").value = String(shownTime);
  drawClock();
  const now = performance.now();
  if (isPlaying && now - tableDrawn < TABLE_EVERY && shownTime < duration) return;
  tableDrawn = now;
  drawInstances();
  byId("time").setAttribute("aria-valuetext", nowInWords());
  const batch = batchAt(shownTime);
  if (!isPlaying || batch !== saidBatch) byId("said").textContent = nowInWords();
  saidBatch = batch;
}

function drawClock() {
  const clock = [inWords(shownTime), timeOfDay(shownTime)].filter(Boolean).join(" · ");
  if (byId("clock").textContent !== clock) byId("clock").textContent = clock;
  const words = stepInWords();
  if (byId("now").textContent !== words) byId("now").textContent = words;
}

function stepInWords() {
  const batch = batchAt(shownTime);
  const healthy = healthyAt(shownTime);
  const floor = floorAt(shownTime);
  const of = floor ? ` (floor ${floor})` : "";
  let step = "";
  if (batch) step = batchInWords(batch) + (shownTime < batch.end ? "" : ` ${batch.result}`);
  else if (batches.length) step = "Before the first batch";
  return [step, healthy === null ? "" : `${healthy} ${healthWord}${of}`].filter(Boolean).join(" · ");
}

function nowInWords() {
  return `${inWords(shownTime)}. ${stepInWords()}. ${inNumbers(instances)}`;
}

function play() {
  if (shownTime >= duration) seek(0);
  let last = performance.now();
  const frame = (now) => {
    const speed = Number(byId("speed").value);
    seek(shownTime + (Math.max(0, now - last) / 1000) * speed, true);
    last = now;
    if (shownTime >= duration) pause();
    else playing = requestAnimationFrame(frame);
  };
  playing = requestAnimationFrame(frame);
  showPlaying(true);
}

function pause() {
  if (playing !== null) cancelAnimationFrame(playing);
  playing = null;
  showPlaying(false);
  seek(shownTime);
}

function showPlaying(isPlaying) {
  byId("play").textContent = isPlaying ? "❚❚ Pause" : "▶ Play";
}

function step(direction) {
  const position = lastBefore(moments, shownTime);
  const isThere = moments[position] === shownTime;
  const next = direction > 0 ? position + 1 : isThere ? position - 1 : position;
  seek(moments[Math.min(moments.length - 1, Math.max(0, next))]);
}

function onKey(event) {
  const target = event.target;
  const isTyping = target.matches("select, input:not([type=range])");
  if (isTyping || byId("history").open || event.ctrlKey || event.metaKey || event.altKey) return;
  const small = Math.max(1, duration / 100);
  const keys = {
    "ArrowLeft": () => (event.shiftKey ? step(-1) : seek(shownTime - small)),
    "ArrowRight": () => (event.shiftKey ? step(1) : seek(shownTime + small)),
    "Home": () => seek(0),
    "End": () => seek(duration),
    "/": () => byId("search").focus(),
  };
  if (!target.matches("button, a")) keys[" "] = () => (playing === null ? play() : pause());
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
}

function seekTo(event) {
  const box = event.currentTarget.getBoundingClientRect();
  seek(((event.clientX - box.left) / box.width) * duration);
}

function buildPlayer() {
  const usual = SPEEDS.find((speed) => duration / speed <= USUAL_SECONDS) || SPEEDS[SPEEDS.length - 1];
  byId("speed").append(...SPEEDS.map((speed) => new Option(`${speed}×`, speed, speed === usual, speed === usual)));
  byId("time").max = String(duration);
  byId("time").addEventListener("input", (event) => seek(Number(event.target.value), true));
  byId("time").addEventListener("change", () => seek(shownTime));
  byId("play").addEventListener("click", () => (playing === null ? play() : pause()));
  byId("back").addEventListener("click", () => step(-1));
  byId("forward").addEventListener("click", () => step(1));
  for (const id of ["health", "lane"]) byId(id).addEventListener("click", seekTo);
  document.addEventListener("keydown", onKey);
  showPlaying(false);
}

// Add a link after the facts if the record has such an address, and it is one of the web.
function addLink(text, address) {
  const url = typeof address === "string" && URL.canParse(address) ? new URL(address) : null;
  if (!url || url.protocol !== "https:" || url.username || url.password) return;
  const link = make("a", "", text);
  link.href = url.href;
  link.rel = "noopener noreferrer";
  byId("facts").append(" · ", link);
}

function showHead() {
  const name = record.scale_set ? record.scale_set.name : "";
  document.title = `${name || "Scale set"}: ${record.outcome || "not ended"}`;
  byId("name").textContent = name;
  byId("outcome").textContent = (record.outcome || "not ended").replaceAll("-", " ");
  byId("outcome").classList.add(`is-${record.outcome || "unknown"}`);
  byId("headline").append(...withCode(record.headline || ""));
  byId("remedy").append(...withCode(record.remedy || ""));
  byId("remedy").hidden = !record.remedy;
  byId("change").textContent = changeOfImage();
  const date = Number.isNaN(beganAt) ? "" : `${new Date(beganAt).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const facts = [record.command, date, inWords(record.duration || 0), `${instances.length} instances`];
  byId("facts").textContent = facts.filter(Boolean).join(" · ");
  addLink("workflow run", record.run && record.run.url);
  addLink("scale set in the portal", record.portal_url);
}

showHead();
drawErrors();
drawBatches();
if (instances.length) {
  drawHealth();
  drawLane();
  buildMap();
  buildInstances();
  buildPlayer();
  seek(duration);
} else {
  byId("nothing").hidden = false;
  for (const id of ["player", "charts", "map-section", "instances-section"]) byId(id).hidden = true;
}
