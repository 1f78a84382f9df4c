// The two drawn chapters: the close pair with its claims, and the backlog's curve.

import { element, LANES, svg, word } from "./elements.js";

const WIDE = 1000;

// The pair -------------------------------------------------------------------------------------------

export function pair(data) {
  const sides = element("div", { class: "sides" });
  const here = side("This hub", data.ours.map(({ number, lane, reason }) => [
    `parcel ${number}`, lane ?? "none", lane === null ? "on belt" : LANES[lane] ?? lane, reason ?? "",
  ]));
  const theirs = side("First in, first out, by time, would have", data.by_time.map(({ number, codes, released, right }) => [
    `parcel ${number}`, released ? (right ? "green" : "wrong") : "hold", released ? "RELEASED" : "HELD",
    released ? `as ${codes.join(", ")}${right ? "" : ": the other one’s"}` : "no code left for it",
  ]));
  sides.append(here, theirs);
  return [belt(data), sides];
}

function side(title, rows) {
  const box = element("div", { class: "side" });
  box.append(element("h2", {}, title));
  for (const [name, state, said, why] of rows) {
    const line = element("p", {}, name);
    line.append(word(state, said), document.createTextNode(why));
    box.append(line);
  }
  return box;
}

function belt(data) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} 276`, preserveAspectRatio: "xMidYMid meet", role: "img", "aria-label": "Two parcels, and the code that was read" });
  const perUm = 300 / data.parcels[0].length_um;
  const gap = data.gap_um * perUm;
  const [first, second] = data.parcels;
  const middle = WIDE / 2 + 20;
  const boxes = [
    { one: first, left: middle + gap / 2, wide: first.length_um * perUm },
    { one: second, left: middle - gap / 2 - second.length_um * perUm, wide: second.length_um * perUm },
  ];
  picture.append(svg("rect", { x: 0, y: 238, width: WIDE, height: 14, fill: "#c3c8cc" }));
  picture.append(svg("text", { x: WIDE - 4, y: 266, "font-size": 14, "text-anchor": "end", class: "quiet" }, "the belt runs this way →"));
  for (const box of boxes) picture.append(...drawnParcel(box, perUm));
  picture.append(svg("path", { d: `M${middle - gap / 2} 228 h${gap}`, stroke: "#000", "stroke-width": 3 }));
  picture.append(svg("text", { x: middle, y: 218, "font-size": 20, "font-weight": "bold", "text-anchor": "middle" },
    `${data.gap_um / 1000} mm`));
  if (data.claims.length > 0) picture.append(...drawnClaims(data.claims[0], boxes, middle));
  return picture;
}

function drawnParcel({ one, left, wide }, perUm) {
  const right = left + wide;
  const x = right - one.label_um * perUm - 26;
  const label = svg("rect", { x, y: 160, width: 52, height: 34, fill: "#fff", stroke: "#000", "stroke-width": 2 });
  const marks = one.legible
    ? svg("path", { d: `M${x + 8} 166 v22 m6 -22 v22 m9 -22 v22 m5 -22 v22 m8 -22 v22 m6 -22 v22`, stroke: "#000", "stroke-width": 3 })
    : svg("path", { d: `M${x + 4} 164 l44 26 M${x + 48} 164 l-44 26`, stroke: "#a30015", "stroke-width": 4 });
  return [
    svg("rect", { x: left, y: 132, width: wide, height: 106, fill: "#e6d5b8", stroke: "#000", "stroke-width": 2.5 }),
    label, marks,
    svg("text", { x: left + wide / 2, y: 228, "font-size": 18, "text-anchor": "middle" },
      `parcel ${one.number}, ${(one.mass_mg / 1e6).toFixed(3)} kg`),
  ];
}

function drawnClaims({ code, claims }, boxes, middle) {
  const drawn = [
    svg("rect", { x: middle - 130, y: 4, width: 260, height: 40, fill: "#fff", stroke: "#000", "stroke-width": 2.5 }),
    svg("text", { x: middle, y: 32, "font-size": 23, "font-weight": "bold", "text-anchor": "middle" }, code),
  ];
  for (const [number, ppm] of claims) {
    const box = boxes.find(({ one }) => one.number === number);
    const to = box.left + box.wide / 2;
    const from = middle + Math.sign(to - middle) * 90;
    const share = ppm / 1e6;
    drawn.push(svg("path", {
      d: `M${from} 44 L${to} 132`, stroke: "#00477a", "stroke-width": 2 + 8 * share, "stroke-dasharray": "10 6", fill: "none",
    }));
    const aside = to > middle ? 1 : -1;
    drawn.push(svg("text", {
      x: (from + to) / 2 + aside * 26, y: 88, "font-size": 26, "font-weight": "bold", "text-anchor": aside > 0 ? "start" : "end",
    }, `p = ${share.toFixed(3)}`));
  }
  drawn.push(svg("text", { x: 6, y: 30, "font-size": 18, class: "quiet" }, "one code was read: whose is it?"));
  drawn.push(svg("text", { x: WIDE - 6, y: 30, "font-size": 18, "text-anchor": "end", class: "quiet" },
    `${claims.length - 1} rival; a release needs p ≥ 0.99999`));
  return drawn;
}

// The backlog ----------------------------------------------------------------------------------------

export function backlog({ curve, pending, broker, held, released }) {
  const head = element("p", { class: "state" }, "broker ");
  head.append(word(broker ? "green" : "wrong", broker ? "RUNNING" : "STOPPED"));
  head.append(document.createTextNode(` without it: `));
  head.append(word("hold", `${held} HOLD`), word(released > 0 ? "wrong" : "none", `${released} released`));
  const axis = `Events that wait on the gateway’s disk: now ${pending}, at most ${Math.max(...curve.map(([, count]) => count), 0)}`;
  return [head, curveOf(curve), element("p", { class: "axis" }, axis)];
}

function curveOf(curve) {
  const high = 240;
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${high + 6}`, preserveAspectRatio: "none", role: "img", "aria-label": "Events that wait" });
  const most = Math.max(10, ...curve.map(([, count]) => count));
  const long = Math.max(20, ...curve.map(([at]) => at));
  const points = curve.map(([at, count]) => [at / long * WIDE, high - count / most * (high - 20)]);
  const line = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join(" L");
  if (points.length > 1) {
    const last = points[points.length - 1][0].toFixed(1);
    picture.append(svg("path", { d: `M0 ${high} L${line} L${last} ${high} Z`, fill: "#ffc014", "fill-opacity": 0.5 }));
    picture.append(svg("path", { d: `M${line}`, fill: "none", stroke: "#000", "stroke-width": 3, "vector-effect": "non-scaling-stroke" }));
  }
  picture.append(svg("line", { x1: 0, x2: WIDE, y1: high, y2: high, stroke: "#000", "stroke-width": 1.5 }));
  return picture;
}
