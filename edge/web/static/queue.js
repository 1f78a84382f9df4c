// The hold queue on the floor: which held parcel is brought back next, and whom the others wait for (contract §10).

import { shortCode } from "./belt.js";
import { word } from "./words.js";

const ROWS = 6;
const HEADS = ["parcel", "bay", "slack", "waited", "turn", "reason"];

function cell(className, text) {
  const element = document.createElement(className === "head" ? "th" : "td");
  if (className !== "head") element.className = className;
  element.textContent = text;
  return element;
}

function made(name, ...children) {
  const element = document.createElement(name);
  element.append(...children);
  return element;
}

export function duration(seconds) {
  const size = Math.abs(seconds);
  if (size < 120) return `${size} s`;
  return size < 7200 ? `${Math.floor(size / 60)} min` : `${(Math.floor(size / 360) / 10).toFixed(1)} h`;
}

// "customs", "merchant" and so on; "agency:fda" is shown with its own name.
function turnWord(owner) {
  if (owner === null) return word("queue.hub");
  const [kind, name] = owner.split(":");
  return name === undefined ? word(`queue.${kind}`) : `${word(`queue.${kind}`)} ${name}`;
}

function slackWord(place) {
  return place.slack_s < 0 ? `${word("queue.late")} ${duration(place.slack_s)}` : duration(place.slack_s);
}

export class QueuePanel {
  constructor(element) {
    this.element = element;
    this.rows = made("tbody");
    const heads = HEADS.map((key) => cell("head", word(key === "parcel" ? "floor.parcel" : `queue.${key}`)));
    this.more = made("span");
    this.more.className = "quiet";
    const title = made("b", word("queue.title"));
    element.append(made("header", title, this.more), made("table", made("thead", made("tr", ...heads)), this.rows));
    this.said = null;
  }

  show(queue) {
    this.element.hidden = queue.places.length === 0;
    const few = queue.places.slice(0, ROWS);
    const said = JSON.stringify([few, queue.to_bring, queue.waiting]);
    if (this.said === said) return;
    this.said = said;
    this.rows.replaceChildren(...few.map((place) => this.row(place)));
    this.more.textContent = word("queue.more", { count: queue.to_bring, waiting: queue.waiting });
  }

  row(place) {
    const code = cell("at-parcel", shortCode(place.code));
    if (place.tier === "relief") code.append(" ", Object.assign(made("span", word("queue.relief")), { className: "tier" }));
    const slack = cell("at-slack", slackWord(place));
    slack.append(" ", Object.assign(made("span", word(`queue.${place.cause}`)), { className: "quiet" }));
    const row = made("tr", code, cell("at-bay", place.bay ?? word("fact.none")), slack,
      cell("at-waited", duration(place.waited_s)), cell("at-turn", turnWord(place.waits_for)),
      cell("at-reason", place.reason === null ? "" : word(`reason.${place.reason}`)));
    row.classList.toggle("ours", place.waits_for === null);
    return row;
  }

  clear() {
    this.said = null;
    this.element.hidden = true;
    this.rows.replaceChildren();
  }
}
