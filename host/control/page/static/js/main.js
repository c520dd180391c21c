// The page: its sections in the order in which a trader looks at them.
import { $, h, options } from "./dom.js";
import { Session } from "./session.js";
import { acts as actsOf } from "./steer.js";
import { teller } from "./tell.js";
import { help, sections } from "./help.js";
import band, { notice } from "./panels/band.js";
import { figures, equity } from "./panels/figures.js";
import strategies from "./panels/strategies.js";
import pairs from "./panels/pairs.js";
import { positions, accounts } from "./panels/holdings.js";
import { orders, ladder } from "./panels/orders.js";
import price from "./panels/price.js";
import { fills, funding } from "./panels/history.js";
import inspector from "./panels/inspector.js";
import log from "./panels/log.js";
import control from "./panels/control.js";
import compare from "./panels/compare.js";

const session = new Session(), acts = actsOf(session), confirm = teller(session, notice);
const shared = { instrument: "", orders: [] };

// The instrument that the book and the price are of is one, and each has a field for it.
const picked = [], fields = [], known = h("datalist", { id: "instruments" });
document.body.append(known);
function pick(key) {
  if (!key || key === shared.instrument) return;
  shared.instrument = key;
  for (const f of fields) f.value = key;
  for (const fn of picked) fn();
}
function instrument() {
  const f = h("input", { type: "text", list: "instruments", class: "instrument", "aria-label": "Instrument", placeholder: "venue.segment:symbol", autocomplete: "off", spellcheck: "false",
    onchange: (e) => pick(e.target.value.trim()), onfocus: (e) => e.target.select() });
  fields.push(f);
  return f;
}
const show = (key) => { pick(key); $("ladder").scrollIntoView({ block: "nearest" }); };
const offered = session.need({ op: "books", every: 60000, args: () => ({ depth: 1 }), got: (books) => {
  options(known, books.map((b) => b.instrument));
  // At first what is held is looked at, or what comes first.
  const held = session.status?.strategies.flatMap((s) => s.positions).map((x) => x.instrument);
  if (!shared.instrument && books[0]) pick(held?.find((k) => books.some((b) => b.instrument === k)) || books[0].instrument);
} });
session.watch((_, restarted) => { if (restarted) offered.soon(); });

const explainer = inspector({ session });
const inspect = explainer.inspect;
const onPick = (fn) => picked.push(fn);
const all = { session, acts, confirm, inspect, shared, instrument, onPick, pick: show };
const line = equity(all), lines = log(all), other = compare({ session, overlay: line.overlay });
$("desk").append(line.el, strategies(all).el, other.el, pairs(all).el, positions(all).el, accounts(all).el, orders(all).el, ladder(all).el,
  price(all).el, fills(all).el, funding(all).el, explainer.el, lines.el, control(all).el);
figures(all);

const jump = (id) => { $(id).scrollIntoView({ block: "start" }); $(id).focus({ preventScroll: true }); };
$("sections").append(...sections.map(([id, name]) => h("li", {}, h("a", { href: "#" + id }, name))));
const keys = {
  "?": ["this help", () => open()],
  "h": ["halt or resume", () => { if (session.steerable) $("halt").click(); }],
  "/": ["search pairs", () => $("pairs").querySelector("input[type=search]").focus()],
  "i": ["instrument of book and price", () => { jump("ladder"); fields[0].focus(); }],
  "l": ["follow the log, or stop", () => { jump("log"); lines.toggle(); }],
  "x": ["event inspector", () => { jump("inspector"); $("inspector").querySelector("input").focus(); }],
  ...Object.fromEntries(sections.slice(0, 9).map(([id, name], i) => [String(i + 1), ["go to " + name, () => jump(id)]])),
  "0": ["go to Limits and control", () => jump("limits")],
};
const open = help(keys);
band({ ...all, help: open });
