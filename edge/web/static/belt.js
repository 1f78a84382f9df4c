// One belt line, drawn to scale: the belt with its parts, the lanes behind it, and the parcels on their way.
//
// Sizes are computed from the room there is, so the drawing is never scaled and its text keeps its size. Nothing of
// the state is drawn before the first state has come; between two states parcels move on with the belt, for at most
// `LEAD_MS`. Everything enters by attributes and textContent.

import { DoubtArcs, doubtsOf, doubtText } from "./doubts.js";
import { kilograms, setText, splitCode, word } from "./words.js";

const LEAD_MS = 300; // no parcel is drawn further ahead of what the gateway said
const EASE_MS = 120; // in which a small correction of a place is made good
const EASE_UM = 150_000; // a larger one is a jump, and shown as one
const LABEL_ROWS = 3;
const DEVICE_ROWS = 3;
const DEVICE_TALL = 24;
const SLAT_UM = 250_000;
const SQUEEZE = 0.86; // the belt may be drawn this much shorter for the lanes to lie ahead of their diverters
const LIST_ROWS = 9;
const LIST_TALL = 290; // below the belt, where there is room
const CODE_CHARS = 13;

const pen = document.createElement("canvas").getContext("2d");
const font = getComputedStyle(document.body).fontFamily;
const shapes = document.getElementById("shapes").content;
const SVG = shapes.querySelector("svg").namespaceURI;

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function shape(name, attributes = {}) {
  const made = shapes.querySelector(`[data-shape="${name}"]`).cloneNode(true);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export function laneWord(lane) {
  return word(lane === "recirculate" ? "floor.recirculate" : `lane.${lane}`);
}

export function tailOf(code) {
  return code === null ? word("fact.none") : splitCode(code)[1];
}

function widthOf(text, size, bold = false) {
  pen.font = `${bold ? "bold " : ""}${size}px ${font}`;
  return pen.measureText(text).width;
}

function clipped(text, size, room, bold = false) {
  if (widthOf(text, size, bold) <= room) return text;
  let kept = text.length - 1;
  while (kept > 0 && widthOf(`${text.slice(0, kept)}…`, size, bold) > room) kept -= 1;
  return `${text.slice(0, kept)}…`;
}

// The size in which a bold text fits.
function shrunk(text, size, room) {
  return Math.min(size, (size * room) / Math.max(1, widthOf(text, size, true)));
}

// At most two lines of text.
function twoLines(text, size, room) {
  const words = text.split(" ");
  let first = "";
  while (words.length > 0 && widthOf(`${first} ${words[0]}`.trim(), size) <= room) first = `${first} ${words.shift()}`.trim();
  if (first === "") return [clipped(text, size, room), ""];
  return [first, clipped(words.join(" "), size, room)];
}

// The lowest row in which each label, given as [centre, width], has room; -1: none.
function rowsOf(labels, rows, gap) {
  const taken = Array.from({ length: rows }, () => []);
  return labels.map(([centre, width]) => {
    const from = centre - width / 2 - gap;
    const to = centre + width / 2 + gap;
    const row = taken.findIndex((others) => others.every(([left, right]) => to <= left || from >= right));
    if (row >= 0) taken[row].push([from, to]);
    return row;
  });
}

export class BeltDrawing {
  constructor(line) {
    this.line = line;
    this.element = svg("svg", { class: "drawing", role: "img", "aria-label": line.name });
    this.view = null;
    this.heard = 0; // ms, when a state with these positions first came
    this.doubts = new DoubtArcs(svg);
    this.parcels = new Map(); // visit → its nodes and how far off it was drawn
    this.arms = [];
    this.exits = [];
  }

  // ---- what stands still

  resize(width, height) {
    if (width === this.width && height === this.height) return;
    [this.width, this.height] = [width, height];
    this.u = Math.min(2, Math.max(0.9, Math.min(height / 400, width / 1200)));
    this.element.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.place();
    this.slats = svg("g", { class: "slats" });
    this.labels = svg("g", { class: "labels" });
    this.boxes = svg("g");
    this.exits = [];
    this.arms = [];
    const chutes = svg("g");
    const parts = svg("g");
    this.drawExits(chutes, parts);
    this.drawParts(parts);
    this.element.replaceChildren(chutes, this.drawBelt(), parts, this.doubts.element, this.boxes, this.labels);
    this.parcels.clear();
    if (this.view !== null) this.show(this.view, this.heard);
  }

  // The vertical plan, and the horizontal scale: as long as there is room for, but with lanes ahead of their diverters.
  place() {
    const { line, u, width, height } = this;
    this.size = 14 * u;
    this.deep = 60 * u;
    this.boxTall = 134 * u;
    this.boxTop = height - this.boxTall - 2;
    this.left = 14 * u;
    const bays = [...line.diverters, { ...line.end, position_um: line.length_um }];
    const gap = 10 * u;
    this.boxWide = Math.min(172 * u, (width - 4 - gap * (bays.length - 1)) / bays.length);
    const packed = bays.map((_, n) => width - 2 - this.boxWide / 2 - (bays.length - 1 - n) * (this.boxWide + gap));
    this.lead = 46 * u;
    const most = (width - this.left - this.boxWide / 2 - 30 * u) / line.length_um;
    const wanted = bays.map((bay, n) => (packed[n] - this.lead - this.left) / Math.max(1, bay.position_um));
    this.scale = Math.max(SQUEEZE * most, Math.min(most, ...wanted));
    this.centres = packed;
    for (let n = bays.length - 2; n >= 0; n -= 1) {
      this.centres[n] = Math.min(packed[n], this.centres[n + 1] - this.boxWide - gap, Math.max(this.x(bays[n].position_um) + this.lead, this.boxWide / 2 + 2 + n * (this.boxWide + gap)));
    }
    this.free = this.centres[0] - this.boxWide / 2; // left of the lanes
    this.placeDevices();
    this.top = (DEVICE_TALL * (this.deviceRows + 1) + LABEL_ROWS * 19 + 10) * u;
    const slack = this.boxTop - this.top - this.deep - 110 * u;
    this.top += Math.max(0, Math.min(slack * 0.45, height - this.top - this.deep - LIST_TALL * u));
    this.middle = this.top + this.deep / 2;
  }

  // Readers and the scale, each with the row of its name above the belt.
  placeDevices() {
    const { line, u, size } = this;
    this.parts = [
      ...line.readers.map((one) => ({ kind: "reader", device: one.device, um: one.position_um, window: one.window_um })),
      { kind: "scale", device: line.scale.device, um: line.scale.position_um, window: 0 },
    ].map((one) => ({ ...one, wide: widthOf(one.device, size, true) + 24 * u }));
    const rows = rowsOf(this.parts.map((one) => [this.x(one.um), one.wide]), DEVICE_ROWS, 3 * u);
    this.parts.forEach((one, n) => Object.assign(one, { row: rows[n] }));
    this.deviceRows = Math.max(0, ...rows);
  }

  x(um) {
    return this.left + um * this.scale;
  }

  drawBelt() {
    const { u, line } = this;
    const from = this.x(0) - 8 * u;
    const wide = this.x(line.length_um) - from;
    const clip = `clip-${line.id}`;
    const step = SLAT_UM * this.scale;
    for (let at = from - step; at < from + wide + step; at += step) {
      this.slats.append(svg("path", { d: `M${at} ${this.top}v${this.deep}` }));
    }
    const room = { x: from, y: this.top, width: wide, height: this.deep };
    return svg("g", { class: "belt" },
      svg("clipPath", { id: clip }, svg("rect", room)),
      svg("rect", { ...room, class: "bed" }),
      svg("g", { "clip-path": `url(#${clip})` }, this.slats),
      svg("path", { class: "edge", d: `M${from} ${this.top}h${wide}M${from} ${this.top + this.deep}h${wide}` }));
  }

  drawExits(chutes, parts) {
    const { line, u } = this;
    const bays = [...line.diverters, line.end];
    bays.forEach((bay, n) => {
      const centre = this.centres[n];
      const isEnd = n === bays.length - 1;
      const x = isEnd ? this.x(line.length_um) : this.x(bay.position_um);
      const drop = this.boxTop - this.middle;
      const d = isEnd
        ? `M${x} ${this.middle}C${x + (centre - x) * 0.9} ${this.middle} ${centre} ${this.middle + drop * 0.15} ${centre} ${this.boxTop + 4 * u}`
        : `M${x} ${this.middle}C${x + this.deep * 0.55} ${this.middle + this.deep * 0.6} ${centre} ${this.boxTop - drop * 0.45} ${centre} ${this.boxTop + 4 * u}`;
      const way = svg("path", { class: "chute", d, "stroke-width": 36 * u });
      chutes.append(svg("path", { class: "chute wall", d, "stroke-width": 40 * u }), way);
      const exit = { way, length: way.getTotalLength(), lane: bay.lane, from_um: isEnd ? line.length_um : bay.position_um };
      if (!isEnd) {
        this.drawArm(parts, bay, x);
        this.drawLaneBeam(chutes, exit, bay);
      }
      this.exits.push({ ...exit, ...this.drawBox(bay, centre) });
    });
  }

  drawArm(parts, diverter, x) {
    const { u } = this;
    const long = Math.hypot(44 * u, this.deep);
    const arm = svg("g", { class: "arm" }, svg("path", { d: `M0 0h${long}`, "stroke-width": 7 * u }));
    parts.append(svg("g", { class: "diverter", transform: `translate(${x + 4 * u} ${this.top - 5 * u})` },
      svg("title", {}, diverter.id), arm, svg("circle", { r: 6.5 * u })));
    this.arms.push({ diverter, arm });
  }

  drawLaneBeam(chutes, exit, diverter) {
    const far = Math.min(exit.length - 10 * this.u, (diverter.beam_um - diverter.position_um) * this.scale);
    const [x, y, angle] = this.alongChute(exit, Math.max(far, this.deep * 0.75));
    const half = 25 * this.u;
    chutes.append(svg("path", { class: "beam", transform: `translate(${x} ${y}) rotate(${angle})`, d: `M0 ${-half}V${half}` }));
  }

  // The sign of a lane: its name, its bay, how many have arrived, and the last of them.
  drawBox(bay, centre) {
    const { u } = this;
    const wide = this.boxWide;
    const pad = 9 * u;
    const left = centre - wide / 2;
    const top = this.boxTop;
    const letters = shrunk(bay.bay, 19 * u, wide * 0.5 - 14 * u);
    const sign = Math.max(34 * u, widthOf(bay.bay, letters, true) + 14 * u);
    const name = clipped(laneWord(bay.lane), 15 * u, wide - 2 * pad, true);
    const count = svg("text", { class: "count", x: left + pad, y: top + 61 * u, "font-size": 32 * u }, "0");
    const last = [0, 1, 2].map((n) => svg("text", { class: "quiet", x: left + pad, y: top + (84 + 19 * n) * u, "font-size": 13.5 * u }));
    this.boxes.append(svg("g", { class: "lane", "data-lane": bay.lane },
      svg("title", {}, `${laneWord(bay.lane)}, ${word("fact.bay")} ${bay.bay}`),
      svg("rect", { x: left, y: top, width: wide, height: this.boxTall }),
      svg("text", { class: "strong", x: left + pad, y: top + 23 * u, "font-size": 15 * u }, name),
      svg("rect", { class: "sign", x: left + wide - pad - sign, y: top + 35 * u, width: sign, height: 28 * u }),
      svg("text", { class: "sign", x: left + wide - pad - sign / 2, y: top + 49 * u + letters * 0.36, "font-size": letters }, bay.bay),
      count, ...last));
    return { count, last, room: wide - 2 * pad, countRoom: wide - 2 * pad - sign - 4 * u };
  }

  drawParts(parts) {
    const { u, size } = this;
    this.devices = this.parts.map(({ kind, device, um, window, wide, row }) => {
      const x = this.x(um);
      const foot = this.top + this.deep;
      const y = Math.max(0, row) * DEVICE_TALL * u;
      const half = Math.max(window * this.scale, 3 * u);
      const drawn = kind === "reader"
        ? [svg("path", { class: "view", d: `M${x - 5 * u} ${y + 24 * u}L${x - half} ${foot}h${2 * half}L${x + 5 * u} ${y + 24 * u}Z` })]
        : [svg("path", { class: "plate", d: `M${x - 6 * u} ${foot + 4 * u}h${60 * u}`, "stroke-width": 5 * u }),
          svg("path", { class: "stem", d: `M${x} ${y + 24 * u}V${this.top}` })];
      if (row >= 0) {
        const from = Math.max(2, x - wide / 2);
        drawn.push(shape(kind, { x: from, y: y + 3 * u, width: 19 * u, height: 19 * u }),
          svg("text", { class: "halo", x: from + 24 * u, y: y + 18 * u, "font-size": size }, device));
      }
      const made = svg("g", { class: "device", "data-device": device }, svg("title", {}, device), ...drawn);
      parts.append(made);
      return made;
    });
    this.drawBeams(parts);
  }

  drawBeams(parts) {
    const { line, u, size } = this;
    const reach = 9 * u;
    const labels = line.beams.map((beam) => [this.x(beam.position_um), widthOf(beam.id, size)]);
    const under = this.exits.map(({ way }) => way.getPointAtLength(this.deep * 0.9).x);
    const rows = rowsOf(labels, 1, 2 * u);
    line.beams.forEach((beam, n) => {
      const x = this.x(beam.position_um);
      const made = svg("g", { class: "beam" }, svg("title", {}, beam.id),
        svg("path", { d: `M${x} ${this.top - reach}v${this.deep + 2 * reach}` }),
        svg("circle", { cx: x, cy: this.top - reach, r: 3 * u }), svg("circle", { cx: x, cy: this.top + this.deep + reach, r: 3 * u }));
      const hidden = under.some((chute) => Math.abs(chute - x) < 24 * u + labels[n][1] / 2);
      if (rows[n] >= 0 && !hidden) {
        made.append(svg("text", { class: "quiet mid", x, y: this.top + this.deep + reach + 18 * u, "font-size": size }, beam.id));
      }
      parts.append(made);
    });
  }

  // ---- what the gateway says

  show(view, heard) {
    if (this.view === null || this.view.at_ns !== view.at_ns) this.heard = heard;
    const before = this.view;
    const drawn = before === null || before === view ? new Map() : this.places(heard);
    this.view = view;
    if (this.width === undefined) return;
    this.element.dataset.state = view.state;
    this.element.toggleAttribute("data-unsure", view.board !== "ready");
    for (const device of this.devices) device.classList.toggle("down", view.devices_down.includes(device.dataset.device));
    this.showParcels(view, drawn, heard);
    this.showLanes(view);
    this.move(heard);
  }

  clear() {
    this.view = null;
    for (const parcel of this.parcels.values()) this.remove(parcel);
    this.parcels.clear();
    this.doubts.show([], this.parcels, this.size);
    for (const exit of this.exits) {
      exit.said = null;
      for (const line of [exit.count, ...exit.last]) setText(line, "");
    }
  }

  remove({ box, label }) {
    box.remove();
    label.remove();
  }

  showParcels(view, drawn, heard) {
    const here = new Set(view.items.map((item) => item.visit));
    for (const [visit, parcel] of this.parcels) {
      if (here.has(visit)) continue;
      this.remove(parcel);
      this.parcels.delete(visit);
    }
    const bays = new Map(view.lanes.map((lane) => [lane.lane, lane.bay]));
    const widths = [];
    for (const item of view.items) {
      const to = item.lane === null ? "" : ` ${item.ordered ? "⇒" : "→"} ${bays.get(item.lane) ?? item.lane}`;
      const text = `${tailOf(item.code)}${to}`;
      const parcel = this.parcels.get(item.visit) ?? this.newParcel(item);
      const was = drawn.get(item.visit);
      const off = was === undefined ? 0 : was - this.frontAt(item, heard);
      Object.assign(parcel, { item, off: Math.abs(off) > EASE_UM ? 0 : off, offAt: heard, exit: this.exitOf(item) });
      const centre = (item.front_um + item.rear_um) / 2;
      widths.push([this.x(centre), centre > parcel.exit.from_um ? -1e6 : widthOf(text, this.size, true)]);
      this.dress(parcel, text);
    }
    const rows = rowsOf(widths, LABEL_ROWS, 4 * this.u);
    view.items.forEach((item, n) => {
      const { label } = this.parcels.get(item.visit);
      label.toggleAttribute("data-hidden", rows[n] < 0);
      label.dataset.row = rows[n];
    });
    this.doubts.show(view.items, this.parcels, this.size);
  }

  newParcel(item) {
    const parcel = { box: svg("g", { class: "parcel" }), label: svg("text", { class: "strong mid halo", "font-size": this.size }), said: null };
    this.parcels.set(item.visit, parcel);
    this.boxes.before(parcel.box);
    this.labels.append(parcel.label);
    return parcel;
  }

  // Its box is as long as the parcel, but never shorter than its mark.
  dress(parcel, text) {
    const { item, box, label } = parcel;
    const { u } = this;
    setText(label, text);
    const long = Math.max((item.front_um - item.rear_um) * this.scale, 26 * u);
    const said = `${item.state} ${item.code} ${item.mass_mg} ${item.dims_um} ${item.lane} ${Math.round(long)} ${JSON.stringify(doubtsOf(item))}`;
    if (parcel.said === said) return;
    parcel.said = said;
    const tall = 44 * u;
    const mark = Math.min(26 * u, long - 4);
    box.dataset.state = item.state;
    const facts = [item.code ?? word("fact.none"), word(`parcel.${item.state}`)];
    if (item.mass_mg !== null) facts.push(`${kilograms(item.mass_mg)} kg`);
    if (item.dims_um !== null) facts.push(`${item.dims_um.map((um) => Math.round(um / 1000)).join(" × ")} mm`);
    facts.push(...doubtsOf(item).map((one) => doubtText(one, item)));
    box.toggleAttribute("data-doubted", doubtsOf(item).length > 0);
    box.replaceChildren(svg("title", {}, facts.join(" · ")),
      svg("rect", { x: -long / 2, y: -tall / 2, width: long, height: tall, rx: 2 }));
    parcel.mark = svg("g", {}, shape(item.state, { x: -mark / 2, y: -mark / 2, width: mark, height: mark }));
    if (item.state === "stray") {
      box.append(svg("path", { class: "hatch", d: hatched(long, tall, 8 * u) }), svg("circle", { class: "disc", r: mark * 0.62 }));
    }
    box.append(parcel.mark);
  }

  exitOf(item) {
    const last = this.exits[this.exits.length - 1];
    return (item.ordered && this.exits.find((exit) => exit.lane === item.lane)) || last;
  }

  showLanes(view) {
    const { u } = this;
    for (const exit of this.exits) {
      const lane = view.lanes.find((one) => one.lane === exit.lane);
      if (lane === undefined) continue;
      if (exit.count.textContent !== String(lane.count)) {
        exit.count.textContent = String(lane.count);
        exit.count.setAttribute("font-size", shrunk(String(lane.count), 32 * u, exit.countRoom));
      }
      const said = lane.count === 0 ? "" : `${word("floor.last")} ${tailOf(lane.code)}`;
      const why = lane.reasons.length === 0 ? "" : word(`reason.${lane.reasons[0]}`);
      if (exit.said === said + why) continue;
      exit.said = said + why;
      [said, ...twoLines(why, 13.5 * u, exit.room)].forEach((text, n) => setText(exit.last[n], text));
    }
  }

  // ---- what moves

  // Only a ready board knows that the belt runs; a stale state moves nothing.
  travelAt(now) {
    const { view } = this;
    if (view.board !== "ready" || view.state === "stands") return 0;
    return (view.speed_um_s * Math.min(Math.max(0, now - this.heard), LEAD_MS)) / 1000;
  }

  frontAt(item, now) {
    return item.front_um + this.travelAt(now);
  }

  places(now) {
    return new Map([...this.parcels].map(([visit, parcel]) => [visit, this.frontAt(parcel.item, now) + this.offAt(parcel, now)]));
  }

  offAt(parcel, now) {
    return parcel.off * Math.max(0, 1 - (now - parcel.offAt) / EASE_MS);
  }

  move(now) {
    if (this.view === null || this.width === undefined) return;
    const { u } = this;
    for (const parcel of this.parcels.values()) {
      const { item, box, label, exit } = parcel;
      const centre = this.frontAt(item, now) + this.offAt(parcel, now) - (item.front_um - item.rear_um) / 2;
      const beyond = (centre - exit.from_um) * this.scale;
      const [x, y, angle] = beyond > 0 ? this.alongChute(exit, beyond) : [this.x(centre), this.middle, 0];
      box.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${angle.toFixed(1)})`);
      parcel.mark.setAttribute("transform", `rotate(${(-angle).toFixed(1)})`); // upright: a mark must be read
      label.toggleAttribute("hidden", beyond > 0 || label.hasAttribute("data-hidden"));
      label.setAttribute("x", x.toFixed(1));
      label.setAttribute("y", this.top - (15 + 19 * Number(label.dataset.row)) * u);
    }
    this.doubts.move((parcel) => this.middleOf(parcel, now), this.middle + 22 * u, 52 * u);
    for (const { diverter, arm } of this.arms) arm.classList.toggle("out", this.isOut(diverter, now));
    const slat = (this.ranUm(now) % SLAT_UM) * this.scale;
    this.slats.setAttribute("transform", `translate(${slat.toFixed(1)} 0)`);
  }

  // Where the middle of a parcel is drawn; null once its way leads off the belt.
  middleOf({ item, exit, ...parcel }, now) {
    const centre = this.frontAt(item, now) + this.offAt(parcel, now) - (item.front_um - item.rear_um) / 2;
    return centre > exit.from_um ? null : this.x(centre);
  }

  // How far the belt has run since the page looked first.
  ranUm(now) {
    if (this.ranAt !== this.view.at_ns) {
      this.ran = (this.ran ?? 0) + (this.running ?? 0);
      this.ranAt = this.view.at_ns;
    }
    this.running = this.travelAt(now);
    return this.ran + this.running;
  }

  alongChute({ way, length }, far) {
    const at = Math.min(far, length);
    const here = way.getPointAtLength(at);
    const [one, other] = [way.getPointAtLength(Math.max(0, at - 2)), way.getPointAtLength(Math.min(length, at + 2))];
    return [here.x, here.y, (Math.atan2(other.y - one.y, other.x - one.x) * 180) / Math.PI];
  }

  // A diverter with an order is drawn out from when it must begin to move until the parcel has left it. A board that
  // is not ready has put them all to safe.
  isOut(diverter, now) {
    if (this.view.board !== "ready") return false;
    return this.view.items.some((item) => {
      if (!item.ordered || item.lane !== diverter.lane) return false;
      const travel = this.travelAt(now);
      const near = item.front_um + travel >= diverter.position_um - 2 * diverter.swing_um;
      return near && item.rear_um + travel <= diverter.position_um + diverter.clearance_um;
    });
  }

  // ---- the list beside the lanes: the foremost parcels, as far as there is room

  get listRoom() {
    const top = this.top + this.deep + 40 * this.u;
    return { wide: this.free - 24 * this.u, tall: this.height - top, size: 13.5 * this.u, rows: LIST_ROWS };
  }
}

function hatched(long, tall, step) {
  const lines = [];
  for (let at = -tall; at < long; at += step) {
    const from = Math.max(0, at);
    const to = Math.min(long, at + tall);
    if (to > from) lines.push(`M${from - long / 2} ${tall / 2 - (from - at)}L${to - long / 2} ${tall / 2 - (to - at)}`);
  }
  return lines.join("");
}

// The end of a code is what tells parcels apart.
export function shortCode(code) {
  if (code === null) return word("fact.none");
  return code.length <= CODE_CHARS ? code : `…${code.slice(1 - CODE_CHARS)}`;
}
