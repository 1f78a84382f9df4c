// The coordinator's numbers, once a second. Everything shown is set as text: what came from outside stays text.
"use strict";

const EVERY_MS = 1000;
const WAIT_MS = 5000;
const DIMENSIONS = [["all", "all"], ["by_owner", "owner"], ["by_lane", "lane"], ["by_tier", "tier"],
  ["by_platform", "platform"], ["by_size_class", "merchant size"]];
const ROWS_MAX = 4;
let shownAt = 0;

const at = (id) => document.getElementById(id);
const whole = (number) => number.toLocaleString("en");
const put = (id, text, bad = null) => {
  at(id).textContent = text;
  if (bad !== null) at(id).className = bad ? "bad" : "";
};

function ms(us) {
  return us === null ? "–" : us < 10000 ? `${(us / 1000).toFixed(1)} ms` : `${whole(Math.round(us / 1000))} ms`;
}

function time([low, high]) {
  const one = (us) => us < 60e6 ? `${(us / 1e6).toFixed(us < 10e6 ? 1 : 0)} s` :
    us < 36e8 ? `${(us / 60e6).toFixed(1)} min` : `${(us / 36e8).toFixed(2)} h`;
  return one(low) === one(high) ? one(low) : `${one(low)} to ${one(high)}`;
}

function share([low, high]) {
  const one = (ppm) => `${(ppm / 1e4).toFixed(1)} %`;
  return one(low) === one(high) ? one(low) : `${one(low)} to ${one(high)}`;
}

function ago(us, now) {
  const seconds = Math.max(0, Math.round((now - us) / 1e6));
  return seconds < 120 ? `${seconds} s ago` : seconds < 7200 ? `${Math.round(seconds / 60)} min ago` :
    `${Math.round(seconds / 3600)} h ago`;
}

function fill(id, rows) {
  const body = at(id).tBodies[0];
  body.replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    for (const cell of cells) {
      const told = typeof cell === "object" ? cell : { text: cell };
      const box = document.createElement("td");
      if (told.node) box.append(told.node); else box.textContent = told.text;
      box.className = [typeof told.text === "number" || told.number ? "n" : "", told.is ?? ""].join(" ").trim();
      row.append(box);
    }
    return row;
  }));
}

function bars(id, counts, none) {
  const most = Math.max(1, ...Object.values(counts));
  const rows = Object.entries(counts).map(([name, count]) => {
    const meter = document.createElement("meter");
    meter.max = most;
    meter.value = count;
    return [name, { text: whole(count), number: true }, { node: meter }];
  });
  fill(id, rows.length ? rows : [[none]]);
}

function showTotals(told) {
  const missing = told.gateways.reduce((sum, one) => sum + one.missing, 0);
  put("hub", told.hub);
  put("coordinator", `coordinator ${told.coordinator}`);
  put("mode", told.mode);
  put("pack", told.rule_pack ?? "none in force: everything is held", told.rule_pack === null);
  put("kid", told.kid);
  const link = told.connected ? "broker connected" : "no broker";
  at("link").textContent = told.disk_full ? "disk full: nothing is taken" : link;
  at("link").className = told.connected ? "tag good" : "tag bad";
  put("events", whole(told.events.stored));
  put("decisions", whole(told.decisions.given));
  put("p50", ms(told.answers.p50_us));
  put("p99", ms(told.answers.p99_us));
  put("open", whole(told.visits.open));
  put("cases", whole(told.visits.open_cases));
  put("declarations", whole(told.declarations));
  put("gaps", whole(missing), missing > 0);
  put("tampers", whole(told.tampers), told.tampers > 0);
  put("raised", whole(told.raised.subjects));
  put("conflicts", whole(told.conflicts), told.conflicts > 0);
}

function showTables(told) {
  fill("gateways", told.gateways.map((one) => [one.gw, one.epoch, { text: whole(one.through_seq), number: true },
    { text: whole(one.last_seq), number: true }, { text: whole(one.missing), number: true, is: one.missing ? "bad" : "" },
    one.heard_us === null ? "never" : ago(one.heard_us, told.utc_us),
    one.quarantined ? { text: "quarantined", is: "bad" } : one.missing ? "gap" : { text: "whole", is: "good" }]));
  bars("actions", told.decisions.by_action, "none yet");
  bars("reasons", told.decisions.by_reason, "none yet");
  bars("places", told.visits.by_place, "none yet");
  bars("rejected", told.events.rejected, "none");
  bars("expired", told.expired, "none yet");
  const oldest = told.visits.oldest_us === null ? "" : `, the oldest opened ${ago(told.visits.oldest_us, told.utc_us)}`;
  put("joined", `${whole(told.visits.joined)} joined across gateways${oldest}`);
  fill("outturn", told.outturn.map((one) => [one.mawb, one.manifested, one.seen, one.awaited,
    ...["short", "over", "damaged", "open_cases"].map((name) => ({ text: one[name], is: one[name] ? "bad" : "" }))]));
}

function showDwell(dwell) {
  put("dwelt", `${whole(dwell.visits)} visits that ended last`);
  const rows = [];
  for (const [key, title] of DIMENSIONS) {
    const groups = key === "all" ? (dwell.all ? [["", dwell.all]] : []) : Object.entries(dwell[key]);
    groups.sort((one, other) => other[1].n - one[1].n).slice(0, ROWS_MAX).forEach(([name, one], number) =>
      rows.push([number ? "" : title, name, one.n, ...["p50_us", "p90_us", "p99_us"].map((p) =>
        ({ text: time(one[p]), number: true })), { text: share(one.within_target_ppm), number: true }]));
  }
  fill("dwell", rows);
  const alerts = dwell.parity_alerts;
  put("parity", alerts.length ? `Parity: ${alerts.join("; ")} differ from the others` :
    "Parity: no class differs from the others of its tier", alerts.length > 0);
}

async function look() {
  try {
    const answer = await fetch("/figures.json", { signal: AbortSignal.timeout(WAIT_MS) });
    if (!answer.ok) throw new Error(`it refuses (${answer.status})`);
    const told = await answer.json();
    showTotals(told);
    showTables(told);
    showDwell(told.dwell);
    shownAt = Date.now();
    document.body.dataset.shown = String(shownAt);
    put("age", new Date(shownAt).toISOString().slice(11, 19) + " UTC", false);
    document.body.classList.remove("old");
  } catch (fault) {
    const since = shownAt === 0 ? "since this page was opened" : `since ${Math.round((Date.now() - shownAt) / 1000)} s; what stands here is as old`;
    put("age", `not answering ${since}: ${fault.message}`, true);
    document.body.classList.add("old");
  }
  setTimeout(look, EVERY_MS);
}

look();
