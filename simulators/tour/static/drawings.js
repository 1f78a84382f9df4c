// One drawing for each chapter: data in, elements out.

import { backlog, pair } from "./pictures.js";
import { element, LANES, word } from "./elements.js";

export const drawings = { none: () => [], flow, pair, bench, backlog, killed, journal, why, outcomes };

function outcomes({ chapters }) {
  const table = element("div", { class: "outcomes" });
  for (const { title, state, found } of chapters) {
    table.append(word(state === "held" ? "green" : "wrong", `${state === "held" ? "✓" : "✗"} ${title}`), element("span", {}, found));
  }
  return [table];
}

function flow({ lanes }) {
  const row = element("div", { class: "lanes" });
  for (const { lane, name, count } of lanes) {
    const one = element("div");
    one.dataset.lane = lane;
    one.append(element("b", {}, String(count)), document.createTextNode(name));
    row.append(one);
  }
  return [row];
}

function bench({ scale, plugged, state, word: said, instruction, placed }) {
  const box = element("div", { class: "bench" });
  const cable = element("div", { class: "cable" });
  if (!plugged) cable.dataset.state = "fault";
  cable.append(element("b", {}, plugged ? "●━●" : "●  ●"), element("span", {}, `${scale}: ${plugged ? "plugged in" : "unplugged"}`));
  const say = element("div", { class: "say" });
  say.dataset.state = state;
  say.append(element("b", {}, said), element("span", {}, instruction));
  box.append(cable, say);
  return [element("p", { class: "state" }, `What the bench's screen says (${placed} parcels carried to a bay so far)`), box];
}

function killed({ state, parcels }) {
  const head = element("p", { class: "state" }, "gateway ");
  head.append(word(state === "running" ? "green" : state === "killed" ? "wrong" : "hold", state.toUpperCase()));
  const riders = element("div", { class: "riders" });
  for (const { number, code, lane } of parcels) {
    const one = element("div");
    one.append(element("span", {}, `${number}  ${code}`), word(lane ?? "none", lane === null ? "on belt" : LANES[lane] ?? lane));
    riders.append(one);
  }
  return [head, riders];
}

function terminal(command, lines, bad) {
  const box = element("div", { class: "terminal" });
  box.append(element("div", {}, `$ ${command}`));
  for (const line of lines) box.append(element("div", { class: bad === null ? "" : bad ? "bad" : "good" }, line));
  return box;
}

function journal({ verdicts, event }) {
  const boxes = verdicts.map(({ lines, code }) => terminal("hub journal verify --data copy", lines, code !== 0));
  if (event === null) return boxes;
  const { text, at, before, after, seq, offset } = event;
  const bytes = element("div", { class: "bytes" });
  bytes.append(element("small", {}, `event ${seq}, byte ${offset} of the file: ${before} becomes ${after}`));
  bytes.append(document.createTextNode(`…${text.slice(0, at)}`), element("span", { class: "flipped" }, after));
  bytes.append(document.createTextNode(`${text.slice(at + 1)}…`));
  boxes.splice(1, 0, bytes);
  return boxes;
}

function why({ code, lines }) {
  return [terminal(`hub why ${code}`, lines, null)];
}
