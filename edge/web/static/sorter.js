// A line that a controller drives, on the floor: the parcels that it has taken in, in their order, and where it let them
// go. Where a parcel is on such a line only its controller knows, so no place is drawn (docs/plc-lines.md).

import { laneWord, shape, shortCode, tailOf } from "./belt.js";
import { kilograms, setShown, setText, word } from "./words.js";

const CHIPS = 24;
const WHYS = 3;
const NAMED = 6; // parcels of a reason

function made(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function nameOf(one) {
  return one.code === null ? `#${one.track}` : tailOf(one.code);
}

// Each reason once, those of most parcels first, with the parcels it is told of.
function whysOf(tracks) {
  const told = new Map();
  for (const one of tracks) for (const reason of one.reasons) told.set(reason, [...(told.get(reason) ?? []), nameOf(one)]);
  const most = [...told].sort(([, a], [, b]) => b.length - a.length);
  const shown = most.slice(0, WHYS).map(([reason, of]) => (
    { why: word(`reason.${reason}`), of: of.slice(0, NAMED).join(" ") + (of.length > NAMED ? ` +${of.length - NAMED}` : "") }
  ));
  return most.length > WHYS ? [...shown, { why: `+${most.length - WHYS}`, of: "" }] : shown;
}

export class SorterPanel {
  constructor(line) {
    this.line = line;
    this.mark = made("span", "mark");
    this.state = made("b", "state");
    this.badge = made("span", "badge", this.mark, this.state);
    this.load = made("span", "fact");
    this.listens = made("span", "fact", line.drives ? "" : word("sorter.listens"));
    this.shadow = made("span", "fact");
    this.notices = made("div", "notices");
    this.notices.setAttribute("role", "status");
    this.chips = made("ol", "chips");
    this.empty = made("p", "none");
    this.whys = made("ul", "whys");
    this.exits = made("ul", "exits");
    const header = made("header", "", made("span", "name", line.name), this.badge, this.load, this.listens, this.shadow);
    this.element = made("article", "line sorter", header, this.notices, made("div", "way", this.chips, this.empty), this.whys, this.exits);
    this.element.dataset.line = line.id;
    this.said = {};
  }

  show(view) {
    const state = view.ready && view.devices_down.length === 0 ? "runs" : "fault";
    Object.assign(this.element.dataset, { state, at: view.at });
    if (this.badge.dataset.state !== state) {
      this.badge.dataset.state = state;
      this.mark.replaceChildren(...(state === "fault" ? [shape("fault")] : []));
    }
    setText(this.state, word(`line.${state}`));
    setText(this.load, `${view.tracks.length} ${word("sorter.under_way")}`);
    setShown(this.empty, view.tracks.length === 0 ? word("sorter.empty") : null);
    setShown(this.shadow, view.shadow === null ? null : word("sorter.compared", {
      compared: view.shadow.compared, codes: view.shadow.codes_differ, lanes: view.shadow.lanes_differ,
    }));
    this.renew("notices", this.notices, this.wrongs(view), (text) => made("p", "wrong", shape("fault"), text));
    const hidden = view.tracks.length - CHIPS;
    const few = [...view.tracks.slice(0, CHIPS), ...(hidden > 0 ? [`+${hidden}`] : [])];
    this.renew("chips", this.chips, few, (one) => typeof one === "string" ? made("li", "more", one) : this.chip(one, view));
    this.renew("whys", this.whys, whysOf(view.tracks), (one) => made("li", "", made("b", "", one.why), made("span", "", one.of)));
    this.renew("exits", this.exits, view.lanes, (lane) => this.exit(lane));
  }

  wrongs(view) {
    const down = view.devices_down.map((device) => word("floor.down", { device }));
    const known = view.devices_down.includes(this.line.plc) || view.devices_down.includes("gateway");
    return view.ready || known ? down : [...down, word("floor.down", { device: this.line.plc })];
  }

  // Made anew only where something has changed: the page hears the state many times a second.
  renew(key, element, values, make) {
    const said = JSON.stringify(values);
    if (this.said[key] === said) return;
    this.said[key] = said;
    element.replaceChildren(...values.map(make));
  }

  chip(one, view) {
    const mark = made("span", "mark", shape(one.state));
    mark.dataset.state = one.state;
    const bay = view.lanes.find((lane) => lane.lane === one.lane)?.bay;
    const lane = one.lane === null ? "" : `${one.ordered === one.lane ? "⇒" : "→"} ${bay ?? laneWord(one.lane)}`;
    const chip = made("li", "chip", mark, made("b", "code", nameOf(one)), made("span", "to", lane));
    chip.dataset.state = one.state;
    const facts = [`#${one.track}`, shortCode(one.code), word(`parcel.${one.state}`)];
    if (one.mass_mg !== null) facts.push(`${kilograms(one.mass_mg)} kg`);
    chip.title = [...facts, ...one.reasons.map((reason) => word(`reason.${reason}`))].join("\n");
    return chip;
  }

  exit(lane) {
    const last = lane.code === null ? "" : `${word("floor.last")} ${tailOf(lane.code)}`;
    const box = made("li", "exit", made("b", "bay", lane.bay), made("span", "", laneWord(lane.lane)), made("b", "count", String(lane.count)), made("span", "quiet", last));
    box.dataset.lane = lane.lane;
    return box;
  }

  clear() {
    this.said = {};
    delete this.element.dataset.state;
    delete this.badge.dataset.state;
    for (const element of [this.state, this.load, this.shadow, this.mark, this.empty]) setText(element, "");
    for (const element of [this.notices, this.chips, this.whys, this.exits]) element.replaceChildren();
  }
}
