// The floor: every bench and every belt line of a gateway on one page, or one line alone (station-and-ops.md §0, ST-07).
//
// Shows what the gateway says and nothing older: when it falls silent the whole page says so. It decides nothing and
// sends nothing.

import { BeltDrawing, laneWord, shape, shortCode, tailOf } from "./belt.js";
import { doubtsOf, doubtText } from "./doubts.js";
import { QueuePanel } from "./queue.js";
import { SorterPanel } from "./sorter.js";
import { isLost, listen } from "./stream.js";
import { showStrip } from "./strip.js";
import { kilograms, part, setShown, setText, word } from "./words.js";

const WATCH_MS = 250;
const LEGEND = ["measuring", "asking", "release", "hold", "inspect", "ask", "stray"];
const BAND = {
  ready: "none", measuring: "none", asking: "none",
  release: "release", hold: "hold", inspect: "inspect", ask: "ask", fault: "fault",
};
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

const layout = JSON.parse(document.getElementById("layout").textContent);
const alone = document.body.dataset.alone ?? null;

function made(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

// ---- a bench: the band of its station in small

class BenchCard {
  constructor({ id, name }) {
    this.id = id;
    this.word = made("b", "word");
    this.instruction = made("span", "instruction");
    this.code = made("span", "code");
    this.bay = made("span", "bay");
    this.mark = made("span", "mark");
    this.name = made("a", "name");
    this.name.href = `/station/${encodeURIComponent(id)}`;
    this.name.textContent = name;
    this.say = made("div", "say", this.word, this.instruction);
    this.band = made("div", "band", this.mark, this.say, this.code, this.bay);
    this.element = made("article", "bench", this.name, this.band);
    this.element.dataset.bench = id;
  }

  show(view) {
    const band = BAND[view.state] ?? "fault";
    if (this.band.dataset.band !== band) {
      this.band.dataset.band = band;
      this.mark.replaceChildren(shape(band));
    }
    const values = { bay: view.bay ?? word("fact.none"), device: view.device ?? word("fact.none") };
    setText(this.word, word(`state.${view.state}`));
    setText(this.instruction, word(`instruction.${view.instruction}`, values));
    setText(this.code, view.code === null ? "" : shortCode(view.code));
    setShown(this.bay, view.bay);
  }

  clear() {
    this.band.dataset.band = "none";
    this.mark.replaceChildren(shape("none"));
    for (const element of [this.word, this.instruction, this.code, this.bay]) setText(element, "");
  }
}

// ---- a line: its head, what is wrong with it, the drawing, and the list of what lies on it

class LinePanel {
  constructor(line) {
    this.line = line;
    this.drawing = new BeltDrawing(line);
    this.state = made("b", "state");
    this.mark = made("span", "mark");
    this.speed = made("span", "fact");
    this.board = made("span", "fact");
    this.load = made("span", "fact");
    const name = made(alone === null ? "a" : "span", "name");
    if (alone === null) name.href = `/line/${encodeURIComponent(line.id)}`;
    name.textContent = line.name;
    this.badge = made("span", "badge", this.mark, this.state);
    this.notices = made("div", "notices");
    this.notices.setAttribute("role", "status");
    this.rows = made("tbody");
    const heads = ["parcel", "mass", "state", "lane", "reason"].map((key) => made("th", `at-${key}`, word(`floor.${key}`)));
    this.table = made("table", "list", made("thead", "", made("tr", "", ...heads)), this.rows);
    this.empty = made("p", "empty");
    this.stage = made("div", "stage", this.drawing.element, this.table, this.empty);
    this.element = made("article", "line", made("header", "", name, this.badge, this.speed, this.board, this.load), this.notices, this.stage);
    this.element.dataset.line = line.id;
    this.view = null;
    new ResizeObserver(() => this.fit()).observe(this.stage);
    this.inSight = true;
    new IntersectionObserver((seen) => { this.inSight = seen.at(-1).isIntersecting; }).observe(this.stage);
  }

  fit() {
    const { clientWidth, clientHeight } = this.stage;
    if (clientWidth === 0 || clientHeight === 0) return;
    this.drawing.resize(clientWidth, clientHeight);
    const { wide, tall, size } = this.drawing.listRoom;
    this.table.style.width = `${wide}px`;
    this.table.style.fontSize = this.empty.style.fontSize = `${size}px`;
    this.shownRows = Math.max(0, Math.min(this.drawing.listRoom.rows, Math.floor(tall / (size * 1.75)) - 1));
    this.table.classList.toggle("slim", wide < size * 46);
    this.table.classList.toggle("narrow", wide < size * 38);
    this.table.classList.toggle("tiny", wide < size * 20);
    if (this.view !== null) this.list(this.view);
  }

  show(view, now) {
    this.view = view;
    Object.assign(this.element.dataset, { state: view.state, at: view.at_ns });
    if (this.badge.dataset.state !== view.state) {
      this.badge.dataset.state = view.state;
      this.mark.replaceChildren(...(["fault", "jam"].includes(view.state) ? [shape("fault")] : []));
    }
    setText(this.state, word(`line.${view.state}`));
    setText(this.speed, view.board === "ready" ? `${(view.speed_um_s / 1_000_000).toFixed(2)} m/s` : word("fact.none"));
    setText(this.board, word(`board.${view.board}`));
    setText(this.load, `${view.items.length} ${word("floor.on_belt")}`);
    this.notice(view);
    this.drawing.show(view, now);
    this.list(view);
  }

  // What is wrong is red; that the network is away is a state of affairs and calm.
  notice(view) {
    const wrong = view.wrong.map(([kind, device]) => ["wrong", word(`floor.${kind}`, { device })]);
    if (view.board !== "ready") {
      if (!view.devices_down.includes(this.line.board)) wrong.push(["wrong", word(`board.${view.board}`)]);
      wrong.push(["wrong", word("floor.unsure")]);
    }
    if (view.trouble) wrong.push(["wrong", word("floor.trouble")]);
    if (view.network_away) wrong.push(["calm", word("floor.network_away")]);
    const said = wrong.flat().join("\n");
    if (this.said === said) return;
    this.said = said;
    this.notices.replaceChildren(...wrong.map(([kind, sentence]) => made("p", kind, ...(kind === "wrong" ? [shape("fault")] : []), sentence)));
  }

  list(view) {
    const { items } = view;
    setShown(this.empty, items.length === 0 ? word("floor.empty") : null);
    const rows = this.shownRows ?? 0;
    const few = items.length > rows ? items.slice(0, Math.max(0, rows - 1)) : items;
    const said = JSON.stringify([rows, items.length, few.map((item) => ({ ...item, front_um: 0, rear_um: 0 }))]);
    if (this.listed === said) return;
    this.listed = said;
    this.table.hidden = few.length === 0;
    const bays = new Map(view.lanes.map((lane) => [lane.lane, lane.bay]));
    this.rows.replaceChildren(...few.map((item) => this.row(item, bays)));
    if (few.length < items.length && few.length > 0) {
      const more = made("td", "more", `+${items.length - few.length}`);
      more.colSpan = this.table.classList.contains("slim") ? 4 : 5; // one too many would be a column, and take room
      this.rows.append(made("tr", "", more));
    }
  }

  row(item, bays) {
    const mark = made("span", "mark", shape(item.state));
    mark.dataset.state = item.state;
    const reasons = item.reasons.map((reason) => word(`reason.${reason}`));
    reasons.push(...doubtsOf(item).map((one) => doubtText(one, item)));
    const why = made("td", "at-reason", reasons.length > 1 ? `${reasons[0]} +${reasons.length - 1}` : reasons[0] ?? "");
    if (reasons.length > 1) why.title = reasons.join("\n");
    const lane = item.lane === null ? "" : `${item.ordered ? "⇒" : "→"} ${bays.get(item.lane) ?? laneWord(item.lane)}`;
    const cells = [
      made("td", "at-parcel", shortCode(item.code)),
      made("td", "at-mass", item.mass_mg === null ? "" : `${kilograms(item.mass_mg)} kg`),
      made("td", "at-state", mark, made("span", "said", word(`parcel.${item.state}`))),
      made("td", "at-lane", lane),
      why,
    ];
    const row = made("tr", "", ...cells);
    row.title = `${tailOf(item.code)} ${word(`parcel.${item.state}`)}`;
    return row;
  }

  clear() {
    this.view = null;
    this.listed = this.said = null;
    delete this.element.dataset.state;
    delete this.badge.dataset.state;
    for (const element of [this.state, this.speed, this.board, this.load, this.mark]) setText(element, "");
    this.notices.replaceChildren();
    this.rows.replaceChildren();
    this.table.hidden = this.empty.hidden = true;
    this.drawing.clear();
  }
}

// ---- the page

const cards = alone === null ? layout.benches.map((bench) => new BenchCard(bench)) : [];
const panels = layout.lines.filter((line) => alone === null || line.id === alone).map((line) => new LinePanel(line));
const sorters = alone === null ? layout.plc_lines.map((line) => new SorterPanel(line)) : [];
const queue = alone === null ? new QueuePanel(part("queue")) : null;
let lost = false;

function build() {
  part("benches").append(...cards.map((card) => card.element));
  part("lines").append(...[...panels, ...sorters].map((panel) => panel.element));
  document.body.dataset.lines = Math.min(panels.length + sorters.length, 3);
  part("benches").hidden = cards.length === 0;
  part("legend").hidden = panels.length + sorters.length === 0;
  part("lost-shape").append(shape("fault"));
  for (const state of LEGEND) {
    const mark = made("span", "mark", shape(state));
    mark.dataset.state = state;
    part("legend").append(made("li", "", mark, word(`parcel.${state}`)));
  }
  part("legend").append(made("li", "", made("span", "doubted"), word("floor.doubted")));
  part("legend").append(made("li", "", `→ ${word("floor.meant")}`), made("li", "", `⇒ ${word("floor.ordered")}`));
  clear();
}

function clear() {
  for (const one of [...cards, ...panels, ...sorters]) one.clear();
  queue?.clear();
}

function hear(state) {
  const now = performance.now();
  setLost(false);
  part("waiting").hidden = true;
  showStrip(state);
  for (const card of cards) {
    const view = state.benches.find((one) => one.bench === card.id);
    if (view === undefined) card.clear();
    else card.show(view);
  }
  for (const panel of panels) {
    const view = (state.lines ?? []).find((one) => one.line === panel.line.id);
    if (view === undefined) panel.clear();
    else panel.show(view, now);
  }
  for (const sorter of sorters) {
    const view = state.plc_lines.find((one) => one.line === sorter.line.id);
    if (view === undefined) sorter.clear();
    else sorter.show(view);
  }
  queue?.show(state.queue);
  part("floor").dataset.revision = state.revision;
}

function setLost(isNow) {
  if (lost === isNow) return;
  lost = isNow;
  part("lost").hidden = !lost;
  part("floor").hidden = lost;
  if (lost) clear();
}

function watch() {
  if (isLost()) setLost(true);
}

function move() {
  requestAnimationFrame(move); // first: what fails in one picture must not end them all
  if (lost || STILL.matches) return;
  for (const panel of panels) if (panel.inSight) panel.drawing.move(performance.now());
}

build();
setInterval(watch, WATCH_MS);
document.addEventListener("visibilitychange", watch);
window.addEventListener("pageshow", watch);
listen(hear, () => setLost(true));
requestAnimationFrame(move);
