// The figures that are looked at first, and equity with its drawdown and events.
import { $, h, text, attr, options } from "../dom.js";
import { money, signed, signedPercent, percent, count, sense, lasting } from "../format.js";
import { panel } from "../panel.js";
import { chart, figure } from "../chart.js";

const most = 4000; // points kept; then the server is asked for fewer again
const spans = { "All": 0, "30 d": 30 * 864e5, "7 d": 7 * 864e5, "24 h": 864e5, "1 h": 36e5 };

export function figures({ session }) {
  const list = [
    ["equity", "Equity", "What the account is worth now: balances and open positions at market prices", (s) => money(s.equity), (s) => s.unvalued || s.identity.currency],
    ["pnl", "Result", "Change of equity since this run began, and as a part of it", (s) => signed(s.pnl), (s) => (s.pnl != null && Number(s.equity_start) ? signedPercent(s.pnl / s.equity_start) : "of this run"), (s) => s.pnl],
    ["today", "Today", "Change of equity since 00:00 UTC", (s) => signed(s.today), () => "since 00:00 UTC", (s) => s.today],
    ["drawdown", "Drawdown", "How far equity is below its highest point of this run", (s) => percent(s.drawdown), (s) => "worst " + percent(s.max_drawdown)],
    ["funding", "Funding", "Funding payments received less paid: what perpetuals pay to keep their price near spot", (s) => signed(s.funding), (s) => "fees " + money(s.fees) + (Number(s.interest) ? ", interest " + money(s.interest) : ""), (s) => s.funding],
    ["unhedged", "Unhedged", "Value by which the legs of pairs differ at this moment: it is exposed to the price", (s) => money(s.unhedged), (s) => count(s.pairs) + (s.pairs === 1 ? " pair" : " pairs")],
    ["activity", "Fills", "Executions and orders of this run", (s) => count(s.fills), (s) => count(s.orders) + " orders"],
    ["errors", "Errors", "Errors of strategies in this run", (s) => count(s.errors), (s) => "loop lag " + lasting(s.loop.lag_ms || 0), (s) => (s.errors ? -1 : 0)],
  ].map(([id, name, tip, value, under, good]) => {
    const v = h("dd", { id: "figure-" + id }), u = h("dd", { class: "under" });
    $("figures").append(h("div", { title: tip }, h("dt", {}, name), v, u));
    return (s) => {
      text(v, value(s));
      text(u, under(s));
      attr(v, "class", good ? sense(good(s)) : "");
    };
  });
  session.watch((s) => { if (s.status) for (const set of list) set(s.status); });
}

export function equity({ session, ask }) {
  const span = h("select", { "aria-label": "Span of time" });
  options(span, Object.keys(spans));
  const p = panel("equity", "Equity", "Value of the account over time, how far it was below its peak, and what happened", 8, span);
  const top = chart({ label: "Equity", height: 210, format: money2, sync: "equity", axis: false, lines: [
    { name: "this run", color: "--accent", fill: "--wash", width: 2 }, { name: "other run", color: "--second", dash: [5, 4] }] });
  const low = chart({ label: "Drawdown", height: 92, format: (v) => percent(v), sync: "equity", lines: [
    { name: "this run", color: "--down", fill: "--down-wash" }] });
  const list = h("ol", { class: "events", "aria-label": "Latest events" });
  p.body.append(top.el, low.el, list);

  let points = [], beside = [], events = [], dirty = false;
  const from = () => {
    const now = Date.parse(session.status?.time), ms = spans[span.value];
    return ms && now ? { from: new Date(now - ms).toISOString() } : {};
  };
  const view = session.need({ op: "equity", every: 30000, seen: p.seen, args: () => ({ points: 1000, ...from() }), failed: p.failed,
    got: (v) => { p.fine(); points = v; dirty = true; } });
  span.addEventListener("change", () => view.again());
  session.on("equity", (e) => {
    const last = points[points.length - 1];
    if (!e.data || (last && e.data.t <= last.t)) return;
    points.push(e.data);
    if (points.length > most) { points = points.filter((_, i) => i % 2 === 0 || i > most - 500); view.soon(); }
    dirty = true;
  });

  // What people and scripts did, as marks on the line.
  let told = [], versions = [], halts = [];
  const merge = () => {
    events = [...told, ...versions, ...halts].filter((e) => e.t > 0).sort((a, b) => b.t - a.t).slice(0, 200);
    dirty = true;
  };
  session.need({ op: "commands", every: 30000, seen: p.seen, args: () => ({ limit: 100 }), got: (v) => {
    told = v.filter((c) => c.op !== "eval").map((c) => ({ t: Date.parse(c.time), text: `${c.op} by ${c.by}: ${c.outcome}`, color: "--gold" }));
    merge();
  } });
  session.need({ op: "versions", every: 30000, seen: p.seen, args: () => ({ limit: 100 }), got: (v) => {
    versions = v.map((x) => ({ t: Date.parse(x.time), text: `${x.strategy} v${x.version} ${x.loaded ? "loaded" : "refused"}`, color: x.loaded ? "--accent" : "--down" }));
    merge();
  } });
  for (const kind of ["halt", "liquidation"]) session.on(kind, (e) => {
    const why = e.data?.reason || e.data?.instrument || "";
    halts = [...halts, { t: Date.parse(e.time), text: kind + (why ? ": " + why : ""), color: "--down" }].slice(-100);
    merge();
  });
  session.watch((_, restarted) => { if (restarted) { points = []; halts = []; dirty = true; } });

  session.onFlush(() => {
    if (!dirty || !p.seen()) return;
    dirty = false;
    const { t, a, b } = joined(points, aligned(beside, points));
    let peak = -Infinity;
    const fall = a.map((v) => { if (v == null) return null; peak = Math.max(peak, v); return peak > 0 ? v / peak - 1 : 0; });
    top.set([t, a, b], events.map((e) => ({ ...e, kind: "line" })));
    low.set([t, fall]);
    list.replaceChildren(...events.slice(0, 4).map((e) => h("li", {}, h("time", {}, new Date(e.t).toISOString().slice(5, 16).replace("T", " ")), " " + e.text)));
    list.hidden = !events.length;
  });
  // overlay draws another run; of another period, from the beginning of this one.
  function overlay(line) { beside = line; dirty = true; }
  return { el: p.el, overlay };
}

const money2 = (v) => (Math.abs(v) < 1000 ? figure(v) : money(v.toFixed(2), Math.abs(v) >= 1e5 ? 0 : 2));

// aligned is a line as it is where it shares time with another, and else from its beginning.
function aligned(line, to) {
  if (!line.length || !to.length) return line;
  const apart = line[line.length - 1].t < to[0].t || line[0].t > to[to.length - 1].t, by = to[0].t - line[0].t;
  return apart ? line.map((p) => ({ t: p.t + by, v: p.v })) : line;
}

// joined puts two lines on one axis of time.
function joined(one, two) {
  if (!two.length) return { t: one.map((p) => p.t), a: one.map((p) => p.v), b: one.map(() => null) };
  const at = new Map(one.map((p) => [p.t, [p.v, null]]));
  for (const p of two) { const x = at.get(p.t); if (x) x[1] = p.v; else at.set(p.t, [null, p.v]); }
  const t = [...at.keys()].sort((x, y) => x - y);
  return { t, a: t.map((x) => at.get(x)[0]), b: t.map((x) => at.get(x)[1]) };
}
