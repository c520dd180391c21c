// The price of an instrument with our fills on it, and what a strategy plots.
import { h, keyed, options, show, text } from "../dom.js";
import { exact } from "../format.js";
import { panel } from "../panel.js";
import { chart, figure } from "../chart.js";

const most = 4; // plots of a strategy at a time

export default function price({ session, shared, instrument, onPick }) {
  const strategy = h("select", { "aria-label": "Strategy whose plots are shown", onchange: () => { plots.again(); } });
  const p = panel("price", "Price", "Price with fills (▲ bought, ▼ sold), and what the strategy draws with chart.plot", 12, instrument(), strategy);
  const main = chart({ label: "Price", height: 230, format: figure, sync: "price", lines: [{ name: "price", color: "--accent", width: 1.5 }] });
  const more = h("div", { class: "plots" }), note = h("p", { class: "soft", hidden: true });
  p.body.append(main.el, more, note);

  let line = [], fills = [], drawn = "";
  const draw = () => {
    const near = line.length ? line[0].t : 0;
    main.set([line.map((x) => x.t), line.map((x) => x.v)], fills.filter((f) => Date.parse(f.time) >= near).map((f) => ({
      t: Date.parse(f.time), v: Number(f.price), kind: f.side === "buy" ? "buy" : "sell", color: f.side === "buy" ? "--up" : "--down", text: `${f.side} ${exact(f.qty)} at ${exact(f.price)}`,
    })));
  };
  const chosen = () => p.seen() && !!shared.instrument;
  const prices = session.need({ op: "series", every: 3000, seen: chosen, args: () => ({ instrument: shared.instrument, points: 800 }), failed: p.failed, got: (v) => {
    p.fine();
    line = (v.find((s) => s.name === "price") || v[0])?.points || [];
    draw();
  } });
  const own = session.need({ op: "fills", every: 5000, seen: chosen, args: () => ({ instrument: shared.instrument, limit: 500 }), got: (v) => { fills = v; draw(); } });
  onPick(() => { line = fills = []; draw(); prices.again(); own.again(); });

  const plots = session.need({ op: "series", every: 3000, seen: () => p.seen() && strategy.value !== "", args: () => ({ strategy: strategy.value, points: 600 }), got: (v) => {
    const list = v.filter((s) => s.points.length && s.name !== "price");
    if (drawn !== strategy.value) { keyed(more, [], () => 0); drawn = strategy.value; }
    keyed(more, list.slice(0, most), (s) => s.name, (s) => {
      const c = chart({ label: s.name, height: 110, format: figure, sync: "price", lines: [{ name: s.name, color: "--second" }] });
      c.el.chart = c;
      return c.el;
    }, (el, s) => el.chart.set([s.points.map((x) => x.t), s.points.map((x) => x.v)]));
    text(note, list.length > most ? `${list.length - most} more plots are not shown.` : "");
    show(note, note.textContent);
  } });
  session.watch((s) => { if (s.status) options(strategy, s.status.strategies.map((x) => x.name)); });
  return { el: p.el };
}
