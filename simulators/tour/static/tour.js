// The tour's page: asks for the stage a few times a second and draws it. Between two answers the belt moves on by itself.

import { belt, moveBelt } from "./belt.js";
import { drawings } from "./drawings.js";
import { element, part } from "./elements.js";

const POLL_MS = 250;
const STRIP = [
  ["wrong_release", "wrong releases", true],
  ["lost", "lost events", true],
  ["pending", "pending events", false],
  ["released", "released of possible", false],
];
let drawn = "";

async function poll() {
  try {
    const answer = await fetch("/stage.json");
    show(await answer.json());
  } catch {
    part("title").textContent = "The tour has ended; this is what it showed last";
    return;
  }
  setTimeout(poll, POLL_MS);
}

function show(stage) {
  const { chapter, chapters } = stage;
  part("chapters").replaceChildren(...chapters.map(({ title, state }, at) => {
    const mark = { held: "✓ ", failed: "✗ " }[state] ?? "";
    const item = element("li", {}, `${mark}${at + 1} ${title}`);
    item.dataset.state = state;
    return item;
  }));
  part("title").textContent = chapter === null ? "The tour"
    : `Chapter ${chapter + 1} of ${chapters.length}: ${chapters[chapter].title}`;
  part("caption").textContent = stage.caption;
  part("found").textContent = stage.found;
  part("found").classList.toggle("failed", chapter !== null && chapters[chapter].state === "failed");
  document.body.dataset.chapter = chapter === null ? "" : String(chapter + 1);
  document.body.dataset.closed = String(stage.found !== "");
  document.body.dataset.ended = String(stage.ended);
  showStrip(stage.truth);
  belt(part("belt"), stage.belt);
  const { kind, data } = stage.drawing;
  const now = JSON.stringify([kind, data]);
  if (now !== drawn) {
    drawn = now;
    part("stage").replaceChildren(...(drawings[kind] ?? drawings.none)(data));
  }
}

function showStrip(truth) {
  part("strip").replaceChildren(...STRIP.map(([key, label, mustBeNone]) => {
    const value = truth[key];
    const text = key === "released" ? `${value} of ${truth.possible}` : value ?? "–";
    const cell = element("div", { class: mustBeNone && value > 0 ? "cell wrong" : "cell" });
    cell.append(element("b", {}, String(text)), element("span", {}, label));
    return cell;
  }));
}

function frame() {
  moveBelt();
  requestAnimationFrame(frame);
}

poll();
requestAnimationFrame(frame);
