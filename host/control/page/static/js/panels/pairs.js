// Pairs: two legs against each other, so that the price does not matter and what is
// between them is earned.
import { h } from "../dom.js";
import { money, signed, bp, lasting, moment, sense, exact, precise, known, none } from "../format.js";
import { panel, table, search } from "../panel.js";

const leg = (l) => `${l.side} ${exact(l.qty.replace("-", ""))} ${l.instrument}`;

export default function pairs({ session, inspect }) {
  const closed = h("input", { type: "checkbox", onchange: () => view.again() });
  const find = search("Search pairs", (s) => t.find(s));
  const p = panel("pairs", "Pairs", "Two legs against each other: the price cancels out, funding and basis are what is earned", 12,
    h("label", { class: "check" }, closed, h("span", {}, "closed ones too")), find);
  const left = (r) => (r.next_settlement && session.status ? Date.parse(r.next_settlement) - Date.parse(session.status.time) : null);
  const t = table({
    label: "Pairs", key: (r) => r.id, empty: "No pairs are open.", cap: 200,
    find: (r) => [r.id, r.strategy, r.state, r.tag, ...r.legs.map((l) => l.instrument)].join(" "),
    columns: [
      { head: "Pair", text: (r) => "#" + r.id, act: (r) => inspect("pair", r.id), title: (r) => `Explain pair ${r.id} of ${r.strategy}`, sort: (r) => r.id },
      { head: "Legs", text: (r) => r.legs.map(leg).join("\n"), title: (r) => r.legs.map((l) => `${l.side} ${l.qty} ${l.instrument}, cost ${l.cost}`).join("\n"), cls: () => "legs" },
      { head: "State", text: (r) => r.state, title: (r) => r.why, sort: (r) => r.state },
      { head: "Strategy", min: "x", text: (r) => r.strategy, sort: (r) => r.strategy },
      { head: "Notional", num: true, tip: "Value of one leg", text: (r) => money(r.notional, 0), title: (r) => r.notional, sort: (r) => Number(r.notional) },
      { head: "Unhedged", num: true, tip: "Value by which the legs differ now, and for how long", text: (r) => money(r.unhedged) + (r.unhedged_ms ? " · " + lasting(r.unhedged_ms) : ""),
        title: (r) => `most so far ${r.max_unhedged}, longest ${lasting(r.max_unhedged_ms)}`, cls: (r) => (r.unhedged_ms ? "warn" : ""), sort: (r) => Number(r.unhedged) },
      { head: "Funding", num: true, tip: "Funding received so far, and in how many settlements", text: (r) => signed(r.funding), cls: (r) => sense(r.funding), title: (r) => `${r.funding} in ${r.settlements} settlements`, sort: (r) => Number(r.funding) },
      { head: "Basis in", num: true, min: "m", tip: "Difference of the legs' prices at entry, in basis points (0.01 %)", text: (r) => bp(r.basis_entry), sort: (r) => r.basis_entry },
      { head: "Basis now", num: true, min: "m", tip: "The same difference now: below the entry's is a gain", text: (r) => bp(r.basis_now), sort: (r) => r.basis_now ?? 0 },
      { head: "Next", num: true, tip: "When funding is settled next, and what the pair receives then as things stand", text: (r) => (known(r.closed) ? "closed " + moment(r.closed) : left(r) == null ? none : (left(r) > 0 ? "in " + lasting(left(r)) : "now") + (r.next_rate != null ? " · " + bp(r.next_rate, 2) : "")),
        title: (r) => precise(r.next_settlement), sort: (r) => Date.parse(r.next_settlement) || 0 },
      { head: "Realized", num: true, min: "m", tip: "Price result that is booked, less fees", text: (r) => signed(r.realised), cls: (r) => sense(r.realised), title: (r) => `${r.realised}; fees ${r.fees}; interest ${r.interest}`, sort: (r) => Number(r.realised) },
      { head: "Opened", min: "x", text: (r) => moment(r.opened), title: (r) => precise(r.opened), sort: (r) => Date.parse(r.opened) },
    ],
  });
  p.body.append(t.el);
  const view = session.need({ op: "pairs", every: 2000, seen: p.seen, args: () => (closed.checked ? { closed: true, limit: 500 } : { limit: 1000 }), got: (v) => { p.fine(); t.set(v); }, failed: p.failed });
  return { el: p.el };
}
