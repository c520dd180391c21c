// Two runs side by side, where the page was opened on two ledgers.
import { h, text } from "../dom.js";
import { money, signed, signedPercent, percent, count, stamp, sense, none } from "../format.js";
import { panel, table } from "../panel.js";

const rows = [
  ["Session", (s) => s.identity.session], ["Mode", (s) => s.identity.mode], ["Ledger", (s) => s.identity.ledger.split(/[/\\]/).pop()],
  ["Until", (s) => stamp(s.time)],
  ["Equity at start", (s) => s.equity_start, money], ["Equity", (s) => s.equity, money], ["Result", (s) => s.pnl, signed],
  ["Return", (s) => (Number(s.equity_start) ? s.pnl / s.equity_start : null), signedPercent],
  ["Worst drawdown", (s) => s.max_drawdown, percent], ["Funding", (s) => s.funding, signed], ["Fees", (s) => s.fees, money], ["Interest", (s) => s.interest, money],
  ["Unhedged", (s) => s.unhedged, money], ["Fills", (s) => s.fills, count], ["Orders", (s) => s.orders, count], ["Pairs", (s) => s.pairs, count], ["Errors", (s) => s.errors, count],
];

// compare asks once whether there is another run. overlay(points) draws its equity.
export default function compare({ session, overlay }) {
  const p = panel("compare", "Compared", "This run beside the other, whose equity is the dashed line above; of another period, it is drawn from this one's beginning", 12);
  const word = (f, v) => (v == null ? none : f ? f(v) : String(v));
  const diff = (r) => (r.f && r.a != null && r.b != null ? r.b - r.a : null);
  const t = table({
    label: "Differences of two runs", key: (r) => r.name, cap: 50, columns: [
      { head: "", name: "What", text: (r) => r.name },
      { head: "This run", num: true, text: (r) => word(r.f, r.a) },
      { head: "Other run", num: true, text: (r) => word(r.f, r.b) },
      { head: "Other less this", num: true, text: (r) => { const d = diff(r); return d == null ? "" : r.f === percent || r.f === signedPercent ? signedPercent(d) : r.f === count ? signed(d, 0) : signed(d.toFixed(8)); }, cls: (r) => (r.name === "Result" || r.name === "Return" ? sense(diff(r)) : "") },
    ],
  });
  const note = h("p", { class: "soft" });
  p.body.append(t.el, note);
  p.el.hidden = true;
  let other = null, absent = false;
  session.need({ op: "status", desk: "with/", every: 5000, seen: () => !absent, got: (s) => {
    if (!s) { absent = true; return; }
    other = s;
    p.el.hidden = false;
    draw();
  } });
  session.need({ op: "equity", desk: "with/", every: 30000, seen: () => !!other, args: () => ({ points: 1000 }), got: overlay });
  session.watch(() => { if (other) draw(); });
  function draw() {
    const mine = session.status;
    if (!mine) return;
    t.set(rows.map(([name, get, f]) => ({ name, f, a: get(mine), b: get(other) })));
    text(note, mine.identity.currency !== other.identity.currency ? `They are in different currencies: ${mine.identity.currency} and ${other.identity.currency}.` : "");
  }
  return { el: p.el };
}
