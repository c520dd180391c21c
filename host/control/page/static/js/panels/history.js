// Fills and funding, page by page.
import { h, show } from "../dom.js";
import { exact, brief, signed, bp, moment, precise, sense } from "../format.js";
import { panel, table } from "../panel.js";

const size = 25;

// paged is a table of rows of the ledger, newest first, a page at a time: nothing grows.
function paged({ session, op, id, title, caption, width, columns, key, label }) {
  // One event can have several rows of one number: a page begins before the number after
  // the last one shown, and leaves out the rows of it that were shown.
  const newest = { before: 0, skip: 0 }, back = [];
  let at = newest, rows = [];
  const newer = h("button", { type: "button", onclick: () => go(back.pop() || newest) }, "Newer");
  const older = h("button", { type: "button", onclick: () => { back.push(at); go(next()); } }, "Older");
  function next() {
    const seq = rows[size - 1].seq, same = rows.slice(0, size).filter((r) => r.seq === seq).length;
    return { before: seq + 1, skip: same + (at.before === seq + 1 ? at.skip : 0) };
  }
  const p = panel(id, title, caption, width, newer, older);
  const t = table({ label, key, empty: "None yet.", columns, cap: size });
  p.body.append(t.el);
  const fit = () => {
    newer.disabled = !back.length;
    older.disabled = rows.length <= size;
    show(newer, back.length || rows.length > size);
    show(older, back.length || rows.length > size);
  };
  function go(to) { at = to; view.again(); }
  const view = session.need({ op, every: 5000, seen: p.seen, args: () => ({ limit: size + 1 + at.skip, ...(at.before ? { before: at.before } : {}) }), failed: p.failed,
    got: (v) => { p.fine(); rows = v.slice(at.skip); t.set(rows); fit(); } });
  session.watch((_, restarted) => { if (restarted) { back.length = 0; go(newest); } });
  fit();
  return { el: p.el };
}

const when = { head: "Time", text: (r) => moment(r.time), title: (r) => precise(r.time) };
const what = { head: "Instrument", text: (r) => r.instrument, title: (r) => r.instrument };

export const fills = ({ session, inspect }) => paged({
  session, op: "fills", id: "fills", title: "Fills", caption: "Executions, newest first", width: 7, label: "Fills", key: (r) => r.seq + r.trade_id,
  columns: [
    { ...when, act: (r) => inspect("fill", r.trade_id) }, what,
    { head: "Side", text: (r) => r.side, cls: (r) => (r.side === "buy" ? "up" : "down") },
    { head: "Price", num: true, text: (r) => exact(r.price) },
    { head: "Quantity", num: true, text: (r) => exact(r.qty) },
    { head: "Fee", num: true, min: "m", text: (r) => brief(r.fee, 5) + " " + r.fee_asset, title: (r) => r.fee + " " + r.fee_asset },
    { head: "", name: "Maker or taker", min: "m", text: (r) => (r.maker ? "maker" : "taker"), title: (r) => (r.maker ? "It rested in the book" : "It took from the book") },
    { head: "Order", text: (r) => (r.order ? "#" + r.order : ""), act: (r) => inspect("order", r.order) },
    { head: "Pair", min: "m", text: (r) => (r.pair ? "#" + r.pair : ""), act: (r) => inspect("pair", r.pair) },
    { head: "Strategy", min: "x", text: (r) => r.strategy },
  ],
});

export const funding = ({ session, inspect }) => paged({
  session, op: "funding", id: "funding", title: "Funding", caption: "Payments between longs and shorts; above 0 was received", width: 5, label: "Funding payments",
  key: (r) => r.seq + r.instrument + r.strategy + (r.pair || ""),
  columns: [
    { ...when, act: (r) => inspect("seq", r.seq) }, what,
    { head: "Rate", num: true, tip: "Of the position's value, for the interval", text: (r) => bp(r.rate, 2) },
    { head: "Amount", num: true, text: (r) => signed(r.amount, 4), cls: (r) => sense(r.amount), title: (r) => r.amount + " " + r.asset },
    { head: "Asset", min: "m", text: (r) => r.asset },
    { head: "Pair", text: (r) => (r.pair ? "#" + r.pair : ""), act: (r) => inspect("pair", r.pair) },
  ],
});
