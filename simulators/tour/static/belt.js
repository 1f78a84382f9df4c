// The belt, to scale: where each parcel really is, in colour and sign of what the gateway says of it.

import { FILLS, MARKS, svg } from "./elements.js";

const WIDE = 1200;
const HIGH = 132;
const TOP = 44;
const DEEP = 34;
const BRANCH = 1.3; // how steeply a lane leaves the belt

let state = null;
let came = 0;
let group = null;

export function belt(place, told) {
  if (told.length_um === undefined) return;
  if (group === null) place.replaceChildren(picture(told));
  const note = place.querySelector(".note");
  note.textContent = told.gateway ? "" : "no gateway: nobody sees these parcels";
  state = told;
  came = performance.now();
  moveBelt();
}

export function moveBelt() {
  if (state === null) return;
  const on = (performance.now() - came) / 1000 * state.speed_um_s;
  group.replaceChildren(...state.items.flatMap((item) => parcel(item, on)));
}

function scale(um) {
  return um * WIDE / state.length_um;
}

function parcel(item, on) {
  const front = item.front_um + on;
  const past = item.branch_um === null ? 0 : Math.max(0, front - item.branch_um);
  const left = scale(front - item.length_um);
  if (left > WIDE || scale(past) * BRANCH > HIGH - TOP - DEEP + 10) return [];
  const fill = FILLS[item.state] ?? "#d9d9d9";
  const top = TOP + 5 + scale(past) * BRANCH;
  const box = svg("rect", {
    x: left, y: top, width: Math.max(6, scale(item.length_um)), height: DEEP - 10, fill, stroke: "#000",
    "stroke-width": 1.5, "stroke-dasharray": item.state === "unseen" ? "4 3" : "none",
  });
  const sign = svg("text", {
    x: left + Math.max(6, scale(item.length_um)) / 2, y: top + DEEP - 16, "text-anchor": "middle", "font-size": 15,
    "font-weight": "bold", class: ["inspect", "stray"].includes(item.state) ? "sign light" : "sign",
  }, MARKS[item.state] ?? "");
  return [box, sign];
}

function picture(told) {
  state = told;
  const drawing = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": "The belt" });
  drawing.append(svg("rect", { x: 0, y: TOP, width: WIDE, height: DEEP, fill: "#c3c8cc" }));
  for (const one of told.parts) drawing.append(...drawnPart(one));
  drawing.append(svg("text", { x: WIDE - 6, y: TOP + DEEP + 20, "text-anchor": "end", "font-size": 16 }, told.end));
  drawing.append(svg("text", { x: 8, y: HIGH - 8, "font-size": 17, "font-weight": "bold", class: "note" }));
  group = svg("g");
  drawing.append(group);
  return drawing;
}

function drawnPart({ kind, um, name }) {
  const x = scale(um);
  if (kind === "diverter") {
    const down = HIGH - TOP - DEEP;
    const lane = svg("path", {
      d: `M${x} ${TOP + DEEP} l${down / BRANCH} ${down}`, stroke: "#3a3f44", "stroke-width": 3, fill: "none",
    });
    return [lane, svg("text", { x: x - 6, y: TOP + DEEP + 20, "font-size": 16, "text-anchor": "end" }, name)];
  }
  const reader = kind === "reader";
  const line = svg("line", {
    x1: x, x2: x, y1: TOP - 14, y2: TOP + DEEP + 6, stroke: reader ? "#00477a" : "#3a3f44",
    "stroke-width": reader ? 5 : 1.5, "stroke-dasharray": reader ? "none" : "4 3",
  });
  return [line, svg("text", { x, y: TOP - 20, "font-size": 15, "text-anchor": "middle", class: "quiet" }, name)];
}
