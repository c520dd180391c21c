// Working orders, and the ladder of a book with ours in it.
import { h, text, attr, keyed } from "../dom.js";
import { exact, digits, lasting } from "../format.js";
import { panel, table, search } from "../panel.js";

const depth = 8;

export function orders({ session, acts, confirm, inspect, pick, shared }) {
  const cancel = h("button", { type: "button", class: "danger", disabled: true, onclick: () => confirm(acts.cancelAll()) }, "Cancel all…");
  const p = panel("orders", "Working orders", "Orders that wait at a venue, how much is before them at their price, and those that this program holds: they do nothing while nothing runs", 7, search("Search orders", (s) => t.find(s)), cancel);
  const age = (r) => (session.status ? Date.parse(session.status.time) - Date.parse(r.created) : 0);
  const t = table({
    label: "Working orders", key: (r) => r.id, empty: "No orders are working.", find: (r) => [r.id, r.strategy, r.instrument, r.side, r.status].join(" "),
    columns: [
      { head: "Order", text: (r) => "#" + r.id, act: (r) => inspect("order", r.id), title: (r) => `Explain order ${r.id}${r.client_id ? ", " + r.client_id : ""}`, sort: (r) => r.id },
      { head: "Instrument", text: (r) => r.instrument, act: (r) => pick(r.instrument), title: (r) => r.instrument, sort: (r) => r.instrument },
      { head: "Side", text: (r) => r.side, cls: (r) => (r.side === "buy" ? "up" : "down"), sort: (r) => r.side },
      { head: "Price", num: true, text: (r) => (Number(r.price) ? exact(r.price) : "market") + (r.trigger ? ` (${r.trigger_source} ${exact(r.trigger)})` : ""), title: (r) => `${r.when ? r.when + ": " : ""}${r.type} ${r.tif}${r.post_only ? " post only" : ""}${r.reduce_only ? " reduce only" : ""}`, sort: (r) => Number(r.price) },
      { head: "Filled / quantity", num: true, text: (r) => exact(r.filled) + " / " + exact(r.qty), bar: (r) => r.filled / r.qty, sort: (r) => Number(r.qty) },
      { head: "Ahead", num: true, tip: "Quantity before it in the queue at its price, as far as it is known or modelled", text: (r) => exact(r.ahead), sort: (r) => Number(r.ahead) },
      { head: "Status", text: (r) => r.status, title: (r) => r.reason, sort: (r) => r.status },
      { head: "Age", num: true, min: "m", text: (r) => lasting(age(r)), sort: (r) => -Date.parse(r.created) },
      { head: "Strategy", min: "x", text: (r) => r.strategy, sort: (r) => r.strategy },
      { head: "", name: "Cancel", text: (r) => (session.steerable && !r.pair && !r.schedule && !r.parent ? "Cancel" : ""), act: (r) => confirm(acts.cancel(r)), title: () => "Take this order back" },
    ],
  });
  p.body.append(t.el);
  session.need({ op: "orders", every: 2000, seen: () => p.seen() || shared.ladderSeen?.(), failed: p.failed, got: (v) => { p.fine(); shared.orders = v; t.set(v); } });
  session.watch((s) => { cancel.disabled = !s.steerable; });
  return { el: p.el };
}

export function ladder({ session, shared, onPick, instrument }) {
  const p = panel("ladder", "Order book", "Best prices of one instrument; bars are sizes, marks are your orders", 5, instrument());
  const state = h("p", { class: "soft" }), body = h("tbody");
  p.body.append(h("table", { class: "ladder" }, h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "num" }, "Price"), h("th", { scope: "col", class: "num" }, "Quantity"), h("th", { scope: "col" }, "Yours"))), body), state);
  shared.ladderSeen = p.seen;
  const view = session.need({ op: "books", every: 500, seen: () => p.seen() && !!shared.instrument, args: () => ({ instrument: shared.instrument, depth }), failed: p.failed, got: (v) => {
    p.fine();
    const b = v[0];
    if (!b) { keyed(body, [], () => 0); return text(state, "There is no book of it."); }
    draw(b);
  } });
  onPick(() => view.again());

  function draw(b) {
    const own = (shared.orders || []).filter((o) => o.instrument === b.instrument);
    const level = (side) => ([price, qty]) => ({ side, price, qty, own: own.filter((o) => Number(o.price) === Number(price)) });
    const asks = b.asks.slice(0, depth).map(level("ask")).reverse(), bids = b.bids.slice(0, depth).map(level("bid"));
    const most = Math.max(...[...asks, ...bids].map((l) => Number(l.qty)), 0);
    const gap = b.asks[0] && b.bids[0] ? [{ side: "gap", price: String(b.mark ?? b.last ?? ""), qty: "", wide: (b.asks[0][0] - b.bids[0][0]) / b.bids[0][0] }] : [];
    keyed(body, [...asks, ...gap, ...bids], (l) => l.side + (l.side === "gap" ? "" : l.price), row, (el, l) => el.told(l, most));
    text(state, `${b.state}${b.integrity ? ", " + b.integrity : ""}, ${lasting(b.age_ms)} old`);
  }
  return { el: p.el };
}

function row(first) {
  if (first.side === "gap") {
    const td = h("td", { colspan: "3", class: "gap" }), tr = h("tr", {}, td);
    tr.told = (l) => text(td, `spread ${digits((l.wide * 1e4).toFixed(2))} bp` + (l.price ? `, mark ${exact(l.price)}` : ""));
    return tr;
  }
  const price = h("td", { class: "num " + (first.side === "ask" ? "down" : "up") }), qty = h("td", { class: "num bar" }), yours = h("td", { class: "own" });
  const tr = h("tr", { "data-side": first.side }, price, qty, yours);
  tr.told = (l, most) => {
    text(price, exact(l.price));
    text(qty, exact(l.qty));
    qty.style.setProperty("--part", most ? l.qty / most : 0);
    text(yours, l.own.map((o) => exact(String(o.qty)) + (o.ahead != null ? ` behind ${exact(o.ahead)}` : "")).join(", "));
    attr(tr, "data-own", l.own.length ? "yes" : null);
  };
  return tr;
}
