// The station page: shows what the gateway says, and says so itself when the gateway falls silent.
//
// One EventSource; every message is the whole state of the gateway (edge/web/state.py). Text from outside enters
// the page by textContent only. The page decides nothing and sends nothing: scans go to the gateway (D1).

import { isLost, listen } from "./stream.js";
import { showStrip } from "./strip.js";
import { kilograms, part, setShown, setText, splitCode, word } from "./words.js";

const WATCH_MS = 250;
const ASKING_AFTER_MS = 400; // ST-06
const SHOWN_REASONS = 2;
const SIGN_LETTERS = 4; // a bay of more letters does not fit the sign at full size
const LAST_FIT = 5;
const WHOLE_VALUE = 12; // longer values in a sentence may be broken over two lines

const BAND = {
  ready: "none", measuring: "none", asking: "none",
  release: "release", hold: "hold", inspect: "inspect", ask: "ask", fault: "fault",
};

// Sound per band (ST-05): tones as [Hz at start, Hz at end, ms], a gap after each; `repeat` in ms while it lasts.
const GAP_MS = 90;
const SOUNDS = {
  release: { tones: [[1760, 1760, 120]] },
  hold: { tones: [[880, 880, 160], [880, 880, 160]] },
  inspect: { tones: [[1320, 1320, 160], [660, 660, 160], [1320, 1320, 160], [660, 660, 160]] },
  ask: { tones: [[880, 880, 160], [880, 880, 160]], repeat: 10_000 },
  fault: { tones: [[1400, 350, 900]], repeat: 600_000 },
  refused: { tones: [[440, 440, 180], [440, 440, 180]] },
};

const bench = document.body.dataset.bench;

// ---- words

// A sentence with its values filled in, short ones kept on one line.
function setSentence(element, key, values) {
  if (element.textContent === word(key, values)) return;
  element.replaceChildren(...word(key).split(/(\{\w+\})/).map((piece) => {
    const name = piece.match(/^\{(\w+)\}$/)?.[1];
    if (!(name in values)) return piece;
    const value = document.createElement("span");
    value.classList.toggle("value", values[name].length <= WHOLE_VALUE);
    value.textContent = values[name];
    return value;
  }));
}

// ---- the band, the instruction and the facts

const LOST = {
  state: "fault", instruction: "call_it", visit: null, code: null, mass_mg: null, lane: null, bay: null,
  reasons: [], refused: null, network_away: false, device: null, since_ns: 0,
  last: null,
};

let shown = null; // the view on the screen
let askingSince = null;

let called = null; // the held parcel that is to be brought next
let printer = null; // of this bench: whether labels come

function show(view, atNs) {
  noteAsking(view, atNs);
  const values = { bay: view.bay ?? word("fact.none"), device: view.device ?? word("fact.none") };
  part("band").dataset.band = BAND[view.state] ?? "fault";
  setText(part("word"), word(`state.${view.state}`));
  showLine(lineOf(view));
  part("refused").hidden = view.refused === null;
  if (view.refused === null) setText(part("refused"), ""); // nor in the page's text, for whoever reads it aloud
  else setSentence(part("refused"), `refusal.${view.refused}`, values);
  setShown(part("away"), view.network_away ? word("page.network_away") : null);
  setShown(part("printer"), view === LOST ? null : printerNote());
  setSentence(part("instruction"), view === LOST ? "page.screen_lost" : `instruction.${view.instruction}`, values);
  for (const picture of document.querySelectorAll("[data-picture]")) {
    picture.classList.toggle("shown", picture.dataset.picture === view.instruction);
  }
  showCode(view.code);
  showMass(view.mass_mg);
  showBay(view.bay);
  showElapsed();
  fit();
  sound(view);
  shown = view; // last: what could not be shown makes no sound
}

// Reasons; while nothing is in work, the parcel placed last, so that staff know that their scan was taken, and the held
// one that is to be brought next.
function lineOf(view) {
  const last = view.last ?? null;
  if (view.state === "ready" && (last !== null || called !== null)) {
    const texts = last === null ? [] : [word("page.last", { code: endOf(last.code), bay: last.bay })];
    if (called !== null) texts.push(word("queue.bring", { code: endOf(called.code), bay: called.bay ?? word("fact.none") }));
    return texts;
  }
  const texts = view.reasons.slice(0, SHOWN_REASONS).map((reason) => word(`reason.${reason}`));
  if (view.reasons.length > SHOWN_REASONS) texts.push(`+${view.reasons.length - SHOWN_REASONS}`);
  return texts;
}

// Nothing waits for a label: that there is none is said calmly.
function printerNote() {
  if (printer === null || (printer.does === "prints" && !printer.missing)) return null;
  const texts = printer.does === "prints" ? [] : [word(`printer.${printer.does}`)];
  if (printer.missing) texts.push(word("printer.missing"));
  return texts.join(" · ");
}

function endOf(code) {
  if (code === null) return word("fact.none");
  const [, tail, rest] = splitCode(code);
  return `${tail}${rest}`;
}

function showLine(texts) {
  const line = part("line");
  line.hidden = texts.length === 0;
  if (line.textContent === texts.join(" ")) return;
  line.replaceChildren(...texts.flatMap((text, number) => {
    const span = document.createElement("span");
    span.textContent = text;
    return number === 0 ? [span] : [" ", span];
  }));
}

function showCode(code) {
  const [head, tail, rest] = code === null ? ["", "", ""] : splitCode(code);
  part("code").classList.toggle("absent", code === null);
  setText(part("code-head"), head);
  setText(part("code-tail"), tail);
  setText(part("code-rest"), rest);
}

function showMass(mg) {
  part("weight").classList.toggle("absent", mg === null);
  setText(part("mass"), mg === null ? "" : kilograms(mg));
  setText(part("unit"), mg === null ? "" : "kg");
}

function showBay(bay) {
  const sign = part("bay");
  if (sign.textContent === (bay ?? "")) return;
  sign.replaceChildren();
  if (bay === null) return;
  const letters = document.createElement("span");
  letters.textContent = bay;
  letters.classList.toggle("long", bay.length > SIGN_LETTERS);
  sign.append(letters);
}

// ---- asking customs

function noteAsking(view, atNs) {
  if (view.state !== "asking") {
    askingSince = null;
  } else if (shown?.state !== "asking" || shown.since_ns !== view.since_ns) {
    askingSince = performance.now() - Math.max(0, (atNs - view.since_ns) / 1e6);
  }
}

function showElapsed() {
  const ms = askingSince === null ? 0 : performance.now() - askingSince;
  const late = ms > ASKING_AFTER_MS;
  setShown(part("elapsed"), late ? word("page.elapsed", { seconds: Math.floor(ms / 1000) }) : null);
}

// ---- room: what may go, goes step by step (station.css)

let fitted = null;

function fit() {
  const said = `${innerWidth} ${innerHeight} ${document.querySelector("main").textContent}`;
  if (said === fitted) return; // a heartbeat costs no layout
  fitted = said;
  const root = document.documentElement;
  for (let step = 0; step <= LAST_FIT; step += 1) {
    document.body.dataset.fit = step;
    if (root.scrollHeight <= root.clientHeight && root.scrollWidth <= root.clientWidth) return;
  }
}

// ---- sound

const LATE_MS = 500; // a sound that could not begin by then is not made good

const audio = window.AudioContext ? new AudioContext() : null;
let repeatTimer = null;
let wakes = false;

function sound(view) {
  const before = shown;
  const band = BAND[view.state] ?? "fault";
  const sameBand = before !== null && (BAND[before.state] ?? "fault") === band;
  if (sameBand && before.visit === view.visit && before.since_ns === view.since_ns) {
    if (view.refused !== null && (before.refused !== view.refused || before.revision !== view.revision)) play("refused");
    return;
  }
  clearInterval(repeatTimer);
  play(view.refused === null ? band : "refused");
  const repeat = SOUNDS[band]?.repeat;
  if (repeat) repeatTimer = setInterval(() => play(band), repeat);
}

function play(name) {
  const pattern = SOUNDS[name];
  if (!pattern || audio === null) return;
  if (audio.state !== "running") {
    wake(name);
    return;
  }
  let at = audio.currentTime;
  for (const [from, to, ms] of pattern.tones) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.setValueAtTime(from, at);
    tone.frequency.linearRampToValueAtTime(to, at + ms / 1000);
    volume.gain.setValueAtTime(0.4, at);
    volume.gain.linearRampToValueAtTime(0, at + ms / 1000);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + ms / 1000);
    at += (ms + GAP_MS) / 1000;
  }
}

// Without the kiosk's flag (docs/station.md) a browser makes no sound before the page was touched. What is given to it
// meanwhile it keeps, and plays all of it at once after the first touch: so nothing is.
async function wake(name) {
  if (wakes) return;
  wakes = true;
  const asked = performance.now();
  await audio.resume().catch(() => {});
  wakes = false;
  if (audio.state === "running" && performance.now() - asked < LATE_MS) play(name);
}

function showSilence() {
  setShown(part("silent"), audio !== null && audio.state !== "running" ? word("page.silent") : null);
}

function touched() {
  if (audio !== null && audio.state !== "running") audio.resume().catch(() => {});
}

// ---- the stream, and the watch over it

function hear(state) {
  const view = state.benches.find((candidate) => candidate.bench === bench);
  showStrip(state);
  printer = state.printers.find((one) => one.bench === bench) ?? null;
  called = state.queue.places.find((place) => place.waits_for === null) ?? null;
  show(view ?? LOST, state.at_ns);
  Object.assign(document.querySelector("main").dataset, { revision: state.revision, view: view?.revision });
}

function watch() {
  if (isLost() && shown !== LOST) show(LOST, 0);
  else showElapsed();
  showSilence();
  fit();
}

setInterval(watch, WATCH_MS);
document.addEventListener("visibilitychange", watch);
window.addEventListener("pageshow", watch);
window.addEventListener("resize", fit);
for (const touch of ["pointerdown", "keydown"]) window.addEventListener(touch, touched);
listen(hear, () => show(LOST, 0));
