// Positions, and balances by venue and wallet with the distance to liquidation.
import { h, text, keyed, attr, show } from "../dom.js";
import { money, signed, exact, brief, percent, sense, none } from "../format.js";
import { panel, table, search } from "../panel.js";

export function positions({ session, pick }) {
  const p = panel("positions", "Positions", "What is held, long (+) or short (−), at the market's price", 7, search("Search positions", (s) => t.find(s)));
  const away = (r) => (r.liquidation && r.mark && Number(r.mark) ? Math.abs(r.liquidation / r.mark - 1) : null);
  const t = table({
    label: "Positions", key: (r) => r.instrument + "\n" + (r.strategy || ""), empty: "Nothing is held.", find: (r) => r.instrument + " " + (r.strategy || ""),
    columns: [
      { head: "Instrument", text: (r) => r.instrument, act: (r) => pick(r.instrument), title: (r) => r.instrument + ": show its book and price", sort: (r) => r.instrument },
      { head: "Quantity", num: true, tip: "Coins or contracts; below 0 is short", text: (r) => exact(r.qty), cls: (r) => sense(r.qty), sort: (r) => Number(r.qty) },
      { head: "Entry", num: true, min: "m", tip: "Average price", text: (r) => brief(r.entry), title: (r) => r.entry, sort: (r) => Number(r.entry) },
      { head: "Mark", num: true, tip: "The price it is valued at", text: (r) => brief(r.mark), title: (r) => r.mark, sort: (r) => Number(r.mark) },
      { head: "Value", num: true, tip: "Notional at the mark price", text: (r) => money(r.notional), title: (r) => r.notional, sort: (r) => Number(r.notional) },
      { head: "Unrealized", num: true, tip: "Result if it were closed at the mark price", text: (r) => signed(r.unrealised), cls: (r) => sense(r.unrealised), title: (r) => r.unrealised, sort: (r) => Number(r.unrealised) },
      { head: "Realized", num: true, min: "l", text: (r) => signed(r.realised), cls: (r) => sense(r.realised), title: (r) => r.realised, sort: (r) => Number(r.realised) },
      { head: "Liquidation", num: true, tip: "Price at which the venue would close it, and how far that is", text: (r) => (r.liquidation ? brief(r.liquidation, 6) + (away(r) == null ? "" : " · " + percent(away(r), 0)) : none), sort: (r) => away(r) ?? Infinity },
    ],
  });
  p.body.append(t.el);
  session.need({ op: "positions", every: 2000, seen: p.seen, got: (v) => { p.fine(); t.set(v); }, failed: p.failed });
  return { el: p.el };
}

export function accounts({ session }) {
  const p = panel("accounts", "Balances", "What each wallet holds, and how far it is from liquidation", 5);
  const list = h("div", { class: "wallets" }), empty = h("p", { class: "soft" }, "No balances are known.");
  p.body.append(list, empty);
  session.need({ op: "accounts", every: 3000, seen: p.seen, failed: p.failed, got: (v) => {
    p.fine();
    show(empty, !v.length);
    keyed(list, v.slice(0, 100), (a) => a.venue + "\n" + a.wallet, wallet, (el, a) => el.told(a));
  } });
  return { el: p.el };
}

function wallet() {
  const name = h("h3"), left = h("span", { class: "soft" }), fill = h("i"), bar = h("span", { class: "meter", role: "img" }, fill);
  const margin = h("div", { class: "margin", title: "Maintenance margin as a part of the wallet's equity: at 100 % the venue liquidates" }, left, bar);
  const t = table({
    label: "Balances of a wallet", key: (b) => b.asset, empty: "Empty.", cap: 50, columns: [
      { head: "Asset", text: (b) => b.asset },
      { head: "Total", num: true, text: (b) => money(b.total, Math.abs(b.total) >= 1000 ? 2 : 6), title: (b) => b.total },
      { head: "Free", num: true, min: "m", tip: "Not held for orders or margin", text: (b) => (b.free == null ? none : money(b.free, Math.abs(b.free) >= 1000 ? 2 : 6)), title: (b) => b.free },
      { head: "Borrowed", num: true, min: "l", text: (b) => (Number(b.borrowed) ? exact(b.borrowed) : none) },
      { head: "Value", num: true, tip: "In the account's currency", text: (b) => money(b.value), title: (b) => b.value },
    ],
  });
  const el = h("div", { class: "wallet" }, h("div", { class: "row" }, name, margin), t.el);
  el.told = (a) => {
    text(name, a.venue + " " + a.wallet);
    attr(t.el, "aria-label", "Balances of " + a.venue + " " + a.wallet);
    t.set(a.balances);
    show(margin, a.margin);
    if (!a.margin) return;
    const part = Math.max(0, Math.min(1, a.margin.ratio));
    text(left, `margin used ${percent(a.margin.ratio, 1)}`);
    bar.style.setProperty("--part", part);
    attr(bar, "data-level", part > 0.8 ? "bad" : part > 0.5 ? "warn" : "good");
    attr(bar, "aria-label", `${percent(1 - part, 0)} to liquidation`);
    attr(margin, "data-exact", a.margin.maintenance + " of " + a.margin.equity);
  };
  return el;
}
