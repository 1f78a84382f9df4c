// What every page shares: its words, and how it writes text, codes and weights. Text enters a page by textContent only.

const TAIL_DIGITS = 4;
const SHOWN_HEAD = 8; // an S10's first part whole; anything longer is cut at the front

const words = JSON.parse(document.getElementById("words").textContent);

export const part = (role) => document.querySelector(`[data-role="${role}"]`);

export function word(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setShown(element, text) {
  element.hidden = text === null;
  setText(element, text ?? "");
}

// The last four digits are what staff compare: RB12345 6785 GB.
export function splitCode(code) {
  const found = code.match(/^(.*?)(\d{1,4})(\D{0,3})$/s);
  const [head, tail, rest] = found
    ? [found[1], found[2], found[3]]
    : [code.slice(0, -TAIL_DIGITS), code.slice(-TAIL_DIGITS), ""];
  return [head.length > SHOWN_HEAD ? `…${head.slice(1 - SHOWN_HEAD)}` : head, tail, rest];
}

// Grams at least, finer digits where the scale gave them. Integer arithmetic: the weight is not rounded.
export function kilograms(mg) {
  const size = Math.abs(mg);
  const decimals = String(size % 1_000_000).padStart(6, "0").replace(/0{1,3}$/, "");
  return `${mg < 0 ? "−" : ""}${Math.floor(size / 1_000_000)}.${decimals}`;
}
