// Small pieces that the drawings are made of.

const SVG = "http://www.w3.org/2000/svg";

export function part(role) {
  return document.querySelector(`[data-role="${role}"]`);
}

export function element(name, attributes = {}, text = null) {
  return filled(document.createElement(name), attributes, text);
}

export function svg(name, attributes = {}, text = null) {
  return filled(document.createElementNS(SVG, name), attributes, text);
}

function filled(made, attributes, text) {
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}

export const FILLS = {
  release: "#2ecc71", hold: "#ffc014", ask: "#ffc014", inspect: "#00477a", stray: "#4a4f54", unseen: "#ffffff",
};

// The same in signs, as `hub watch` has them: nothing is told by colour alone.
export const MARKS = { release: "✓", hold: "‖", ask: "!", inspect: "◆", stray: "?" };

export const LANES = { green: "FREE LANE", hold: "HOLD", manual: "INSPECT", custody: "CUSTODY" };

export function word(state, text) {
  const made = element("span", { class: "word" }, text);
  made.dataset.state = state;
  return made;
}
