// Codes of which the gateway isn't sure whose they are: an arc under the belt between the parcels they may be of, and
// words for the list. What is released has a name that is surely its own, and shows none.

import { setText, splitCode, word } from "./words.js";

const TOLD_PPM = 10; // less than that is another's as surely as a name has to be

const claimOf = (doubt, item) => doubt.claims.find((one) => one.number === item.number)?.p_ppm ?? 0;

export function doubtsOf(item) {
  return item.state === "release" ? [] : item.in_doubt.filter((one) => claimOf(one, item) >= TOLD_PPM);
}

// Never rounded up: 99.99 % is not enough.
export function doubtText(doubt, item) {
  const share = (Math.floor(claimOf(doubt, item) / 100) / 100).toFixed(2);
  return word("floor.may_have", { code: doubt.code, share });
}

export class DoubtArcs {
  constructor(svg) {
    this.svg = svg;
    this.element = svg("g", { class: "doubts" });
    this.arcs = [];
  }

  // `parcels`: visit → its nodes; those that a code may be of, in the order of the belt.
  show(items, parcels, size) {
    const codes = new Map();
    for (const item of items) {
      for (const { code } of doubtsOf(item)) codes.set(code, [...(codes.get(code) ?? []), parcels.get(item.visit)]);
    }
    const wanted = [...codes].flatMap(([code, of]) => of.slice(1).map((behind, n) => ({ code, ahead: of[n], behind })));
    while (this.arcs.length > wanted.length) this.arcs.pop().node.remove();
    while (this.arcs.length < wanted.length) {
      const [path, text] = [this.svg("path"), this.svg("text", { class: "mid halo" })];
      const node = this.svg("g", {}, path, text);
      this.element.append(node);
      this.arcs.push({ node, path, text });
    }
    this.arcs.forEach((arc, n) => {
      Object.assign(arc, wanted[n]);
      arc.text.setAttribute("font-size", size);
      setText(arc.text, `${splitCode(arc.code)[1]} ?`);
    });
  }

  // `placeOf`: of a parcel's middle; null where it is not on the belt any more.
  move(placeOf, top, deep) {
    for (const { node, path, text, ahead, behind } of this.arcs) {
      const [from, to] = [placeOf(behind), placeOf(ahead)];
      node.toggleAttribute("hidden", from === null || to === null);
      if (from === null || to === null) continue;
      const middle = (from + to) / 2;
      path.setAttribute("d", `M${from.toFixed(1)} ${top}Q${middle.toFixed(1)} ${top + 2 * deep} ${to.toFixed(1)} ${top}`);
      text.setAttribute("x", middle.toFixed(1));
      text.setAttribute("y", top + deep);
    }
  }
}
