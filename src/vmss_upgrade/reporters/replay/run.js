"use strict";
// The record, and what can be asked of it for any moment. Times are seconds since the run began.

const record = JSON.parse(document.getElementById("record").textContent);
const changes = record.changes || { states: [], rows: [], healthy: { at: [], count: [] } };
const states = changes.states;
const duration = Math.max(record.duration || 0, 1);
const beganAt = Date.parse(changes.began_at);

const byId = (id) => document.getElementById(id);

// Return an element with a class, and with its children as elements or as text.
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

// Return the parts of a sentence of ours, its `code` as an element.
function withCode(text) {
  const parts = text.split("`");
  return parts.length % 2 ? parts.map((part, i) => (i % 2 ? make("code", "", part) : part)) : [text];
}

// Return the position of the last moment that is not after the time; -1 if all are.
function lastBefore(moments, time) {
  let low = -1;
  let high = moments.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (moments[middle] <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}

const errorsOf = new Map();
for (const failure of record.failures || []) {
  const id = failure.instance_id || "";
  errorsOf.set(id, [...(errorsOf.get(id) || []), failure]);
}

const batches = [
  ...(record.batches || []).map((batch) => ({ ...batch, isBack: record.command === "rollback" })),
  ...((record.rollback && record.rollback.batches) || []).map((batch) => ({ ...batch, isBack: true })),
].map((batch) => ({ ...batch, end: batch.seconds === null ? duration : batch.started_at + batch.seconds }));

// When an automatic rollback began: at the end of the last batch of the rollout.
const turnedBackAt = record.rollback
  ? Math.max(0, ...batches.filter((batch) => !batch.isBack).map((batch) => batch.end))
  : null;

// While a run goes back, an instance that is being upgraded is returning. The record has one word for both.
const statesOnWayBack = states.map((state) =>
  state && state.cell === "upgrading" ? { ...state, cell: "returning" } : state,
);

function isOnWayBack(time) {
  return record.command === "rollback" || (turnedBackAt !== null && time >= turnedBackAt);
}

const instances = changes.rows.flatMap((row) =>
  row.instances.map((each) => ({
    id: each.instance_id,
    row: row.name,
    at: each.at,
    states: each.state.map((number, i) => (isOnWayBack(each.at[i]) ? statesOnWayBack : states)[number]),
    errors: errorsOf.get(each.instance_id) || [],
  })),
);

// The floor and the moments from which it counted; an older record has that of the plan alone, not that of a rollback.
const floors = changes.floor || { at: [0], count: [changes.healthy_floor || 0] };
if (!changes.floor && turnedBackAt !== null) {
  floors.at.push(turnedBackAt);
  floors.count.push(0);
}

const healthWord = record.health_signal && record.health_signal.startsWith("no ") ? "running" : "healthy";

// Every moment at which something changed, in order.
const moments = [
  ...new Set([0, duration, ...batches.map((batch) => batch.started_at), ...instances.flatMap((each) => each.at)]),
].sort((a, b) => a - b);

// Return an instance's state at a time; null where it is not listed.
function stateAt(instance, time) {
  const position = lastBefore(instance.at, time);
  return position < 0 ? null : instance.states[position];
}

function healthyAt(time) {
  const position = lastBefore(changes.healthy.at, time);
  return position < 0 ? null : changes.healthy.count[position];
}

function floorAt(time) {
  return floors.count[lastBefore(floors.at, time)] || 0;
}

function batchAt(time) {
  return batches[lastBefore(batches.map((batch) => batch.started_at), time)] || null;
}

function placeOf(domain) {
  if (domain.kind === "scale set") return "across the set";
  const zone = domain.zone ? `zone ${domain.zone}` : "";
  if (domain.kind === "zone") return zone;
  return [`${domain.kind} ${domain.number}`, zone].filter(Boolean).join(", ");
}

function batchInWords(batch) {
  const way = batch.isBack ? "Rollback batch" : "Batch";
  return `${way} ${batch.number} (${placeOf(batch.domain)})`;
}

// 45s, 3m05s, 1h02m05s
function inWords(seconds) {
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m${two(whole % 60)}s`;
}

// The time of day in UTC; empty if the record does not say when the run began.
function timeOfDay(time) {
  return Number.isNaN(beganAt) ? "" : `${new Date(beganAt + time * 1000).toISOString().slice(11, 19)} UTC`;
}

// The part of an image's name that people know it by: "22_04-lts-gen2 22.04.1", "web 1.1.0".
function shortImage(image) {
  if (!image) return "unknown";
  const parts = image.replace(/\/$/, "").split("/");
  if (parts.length > 2 && parts[parts.length - 2].toLowerCase() === "versions") {
    return `${parts[parts.length - 3]} ${parts[parts.length - 1]}`;
  }
  const urn = image.split(":");
  return parts.length === 1 && urn.length === 4 ? `${urn[2]} ${urn[3]}` : parts[parts.length - 1];
}

// "web 1.0.0 → 1.1.0", in the direction that the run went at last: what both names share stands once.
function changeOfImage() {
  if (record.command === "status") return "";
  const way = record.rollback
    ? [record.target_image, record.rollback.image]
    : [record.outcome !== "nothing-to-do" && record.previous_image, record.target_image];
  const names = way.filter(Boolean).map(shortImage);
  if (names.length < 2) return names.join("");
  const [line] = names[0].split(" ");
  return `${names[0]} → ${names[1].startsWith(`${line} `) ? names[1].slice(line.length + 1) : names[1]}`;
}

function listed(ids, most) {
  return ids.length <= most ? ids.join(", ") : `${ids.slice(0, most).join(", ")} and ${ids.length - most} more`;
}

// What Azure says of an instance's life, in one or two words.
function life(state) {
  return state.provisioning_state === "Succeeded" ? state.power : state.provisioning_state.toLowerCase();
}
