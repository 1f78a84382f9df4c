// The strip at the foot of a page: balances that must hold, and in a demo the truth (station-and-ops.md §0).

import { part, setText, word } from "./words.js";

const MINOR = ["wrong_identity", "wrong_weight", "unaccounted"]; // give way on a narrow screen while they are 0
const DWELL_LIMIT_S = 6 * 3600; // where hubs stood before: a median beyond it is red

function count(value) {
  return value === null || value === undefined ? word("truth.unknown") : String(value);
}

function total(counts) {
  return Object.values(counts).reduce((sum, value) => sum + (value ?? 0), 0);
}

function duration(seconds) {
  if (seconds < 120) return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function percent(ppm) {
  return `${(Math.floor(ppm / 1000) / 10).toFixed(1)} %`;
}

// Each figure: key of its label, value, note in small, and whether it is wrong.
function figures({ balance, events, share_ppm: share, dwell_s: dwell, offline, truth }) {
  const rejected = total(balance.rejected);
  const cells = [
    sum("balance_reads", balance.read, balance.journalled, rejected),
    sum("balance_events", events.journalled, events.acknowledged, events.pending),
    ["share", share === null ? count(null) : percent(share), "", false],
    ["dwell", dwell === null ? count(null) : duration(dwell.p50),
      `${word("truth.dwell_target")}, ${word("truth.dwell_baseline")}`, dwell !== null && dwell.p50 > DWELL_LIMIT_S],
  ];
  cells.push(alone(offline));
  const verdicts = Object.entries(truth ?? {}).map(([key, value]) => [key, count(value), "", value > 0]);
  return [...verdicts, ...cells];
}

// How much it released by itself of a year's parcels, and the level of what it may do now; the cap stands in `hub watch`.
function alone({ level, released_year: released, parcels_year: parcels }) {
  return ["offline", `${released} / ${parcels}`, word(`truth.offline_${level}`), level === 4];
}

function sum(key, whole, one, other) {
  const wrong = whole !== one + other;
  return [key, `${whole} = ${one} + ${other}`, word(wrong ? "truth.broken" : "truth.holds"), wrong];
}

export function showStrip(state) {
  for (const [key, value, note, wrong] of figures(state)) {
    const cell = part(`figure-${key}`) ?? addCell(key);
    cell.classList.toggle("wrong", wrong);
    cell.classList.toggle("told", key === "offline" && state.offline.level > 0); // also on a small screen
    setText(cell.querySelector("b"), value);
    setText(cell.querySelector(".note"), note);
  }
}

function addCell(key) {
  const cell = document.createElement("div");
  cell.className = MINOR.includes(key) ? "cell minor" : "cell";
  cell.dataset.role = `figure-${key}`;
  const label = document.createElement("span");
  label.textContent = word(`truth.${key}`);
  const note = document.createElement("span");
  note.className = "note";
  cell.append(document.createElement("b"), label, note);
  part("strip").append(cell);
  return cell;
}
