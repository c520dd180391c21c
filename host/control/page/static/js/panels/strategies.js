// Strategies: how each is, which version runs, and what can be changed of it.
import { h, text, attr, show, keyed } from "../dom.js";
import { signed, count, micros, moment, minute, sense, precise, known } from "../format.js";
import { panel } from "../panel.js";
import { ask, words } from "../api.js";

export default function strategies({ session, acts, confirm }) {
  const p = panel("strategies", "Strategies", "Scripts that trade: save the file and the running one is replaced", 4);
  const list = h("div", { class: "cards" }), none = h("p", { class: "soft" }, "No strategies.");
  p.body.append(list, none);
  session.watch((s, restarted) => {
    if (!s.status) return;
    if (restarted) keyed(list, [], () => 0);
    keyed(list, s.status.strategies, (x) => x.name, () => card({ session, acts, confirm }), (el, x) => el.told(x));
    show(none, !s.status.strategies.length);
  });
  return { el: p.el };
}

// What a person lets go on: one that is not called, or that halted itself.
const stopped = (s) => s.state === "paused" || s.state === "halted";

function card({ session, acts, confirm }) {
  let now = null;
  const name = h("h3"), version = h("span", { class: "chip" }), state = h("span", { class: "chip" });
  const why = h("p", { class: "soft", hidden: true }), refused = h("pre", { class: "failed", hidden: true });
  const last = h("p", { class: "failed", hidden: true });
  const facts = {};
  const fact = (id, label, tip) => h("div", { title: tip }, h("dt", {}, label), facts[id] = h("dd"));
  const dl = h("dl", { class: "facts" },
    fact("pnl", "Booked", "Profit and loss that is booked, after fees, with funding"), fact("pairs", "Pairs", "Pairs that are open"),
    fact("orders", "Orders", "Working orders"), fact("errors", "Errors", "Errors of its callbacks in this run: each is rolled back whole"),
    fact("p99", "Handler p99", "99 of 100 callbacks took less than this"), fact("loaded", "Loaded", "When this version was loaded, UTC"));
  const pause = h("button", { type: "button", onclick: () => confirm(stopped(now) ? acts.wake(now.name) : acts.pause(now.name)) });
  const reload = h("button", { type: "button", title: "Load the file again", onclick: () => confirm(acts.reload(now.name)) }, "Reload");
  const flat = h("button", { type: "button", class: "danger", onclick: () => confirm(acts.flatten(now.name)) }, "Flatten");
  const params = parameters({ session, acts, confirm }), past = versions({ session, acts, confirm });
  const el = h("article", { class: "card" }, h("header", {}, name, version, state), why, refused, last, dl,
    h("div", { class: "buttons" }, pause, reload, flat), params.el, past.el);

  el.told = (s) => {
    now = s;
    text(name, s.name);
    attr(name, "title", s.path);
    text(version, "v" + s.version);
    attr(version, "title", s.hash ? "hash " + s.hash.slice(0, 12) : null);
    text(state, s.state);
    attr(state, "data-state", s.state);
    text(why, s.why);
    show(why, s.why);
    text(refused, s.refused ? `The last save was refused, v${s.version} goes on:\n${s.refused}` : "");
    show(refused, s.refused);
    text(last, s.last_error ? "Last error: " + s.last_error : "");
    show(last, s.last_error);
    text(facts.pnl, signed(s.pnl));
    attr(facts.pnl, "class", sense(s.pnl));
    text(facts.pairs, count(s.pairs));
    text(facts.orders, count(s.orders));
    text(facts.errors, count(s.errors));
    attr(facts.errors, "class", s.errors ? "down" : "");
    text(facts.p99, micros(s.handler_p99_us));
    text(facts.loaded, minute(s.loaded));
    attr(facts.loaded, "title", precise(s.loaded));
    text(pause, stopped(s) ? "Resume" : "Pause");
    attr(pause, "title", stopped(s) ? "Call its callbacks again, and let it open" : "Call none of its callbacks until it is resumed");
    for (const b of [pause, reload, flat]) b.disabled = !session.steerable;
    show(reload, s.path);
    params.told(s);
    past.told(s);
  };
  return el;
}

// parameters are fields for what can be changed while the strategy runs.
function parameters({ session, acts, confirm }) {
  let now = null;
  const rows = h("div", { class: "params" });
  const apply = h("button", { type: "button", class: "primary", disabled: true, onclick: send }, "Change");
  const undo = h("button", { type: "button", onclick: () => { for (const r of rows.children) r.reset(); fit(); } }, "Undo");
  const sum = h("summary"), el = h("details", {}, sum, rows, h("div", { class: "buttons" }, undo, apply));
  const changed = () => [...rows.children].map((r) => r.change()).filter(Boolean);
  const bad = () => [...rows.children].some((r) => r.wrong());
  function fit() {
    const n = changed().length;
    text(apply, n ? `Change ${n}…` : "Change…");
    apply.disabled = !n || bad() || !session.steerable;
    undo.disabled = !n;
  }
  async function send() {
    if (await confirm(acts.set(now.name, changed()))) { for (const r of rows.children) r.settle(); fit(); }
  }
  return { el, told(s) {
    now = s;
    show(el, s.params.length);
    text(sum, `Parameters (${s.params.length})`);
    if (el.open || !rows.firstChild) keyed(rows, s.params, (x) => x.name, (x) => field(x, fit), (r, x) => r.told(x));
    fit();
  } };
}

function field(param, fit) {
  let now = param, shown = param.value;
  const label = h("span", { class: "name" }), doc = h("span", { class: "doc" });
  const choices = param.choices || (param.type === "boolean" ? ["true", "false"] : null);
  const input = choices ? h("select", {}, choices.map((c) => h("option", { value: c }, c)))
    : h("input", { type: "text", inputmode: param.type === "string" ? "text" : "decimal", autocomplete: "off", spellcheck: "false" });
  input.value = param.value;
  input.addEventListener("input", () => { check(); fit(); });
  const el = h("label", { class: "param" }, label, input, doc);
  const numeric = () => !choices && now.type !== "string" && now.min + now.max !== "";
  el.wrong = () => {
    const v = input.value.trim();
    if (v === shown || !numeric()) return "";
    if (v === "" || !isFinite(v)) return "not a number";
    if (now.min && Number(v) < Number(now.min)) return "below " + now.min;
    return now.max && Number(v) > Number(now.max) ? "above " + now.max : "";
  };
  const check = () => {
    const w = el.wrong();
    attr(input, "aria-invalid", w ? "true" : null);
    const range = now.min || now.max ? `${now.min || "−∞"} to ${now.max || "∞"}` : now.type;
    text(doc, w || [now.doc, range, "default " + now.default].filter(Boolean).join(" · "));
    el.toggleAttribute("data-changed", input.value.trim() !== shown);
  };
  el.change = () => { const v = input.value.trim(); return v !== shown ? { name: now.name, from: shown, to: v } : null; };
  el.reset = () => { input.value = shown; check(); };
  el.settle = () => { shown = input.value.trim(); check(); };
  el.told = (x) => {
    const mine = input.value.trim() !== shown; // somebody types: it stays
    now = { min: "", max: "", ...x };
    if (!mine) { shown = x.value; if (input.value !== x.value) input.value = x.value; }
    text(label, x.name);
    check();
  };
  return el;
}

// versions are those of before, what changed, and the way back.
function versions({ session, acts, confirm }) {
  let now = null, of = -1, loading = false;
  const list = h("div", { class: "versions" }), note = h("p", { class: "soft" }, "Loading…");
  const el = h("details", {}, h("summary", {}, "Versions and changes"), note, list);
  el.addEventListener("toggle", () => { if (el.open) load(); });
  async function load() {
    if (loading) return;
    loading = true;
    const want = mark(now);
    try {
      const { result } = await ask("versions", { strategy: now.name, limit: 20 });
      of = want;
      text(note, result.length ? "" : "No version is known.");
      keyed(list, result, (v) => v.version + v.hash + v.time, make, (r, v) => r.told(v));
    } catch (e) { text(note, words(e)); }
    loading = false;
    show(note, note.textContent);
  }
  function make() {
    let v = null;
    const head = h("span", { class: "name" }), when = h("span", { class: "soft" });
    const back = h("button", { type: "button", onclick: () => confirm(acts.rollBack(now.name, v.version, now.version)) });
    const problem = h("pre", { class: "failed" }), diff = h("pre", { class: "diff", tabindex: "0", "aria-label": "What changed" });
    const row = h("div", { class: "version" }, h("div", { class: "row" }, head, when, back), problem, diff);
    row.told = (x) => {
      v = x;
      text(head, "v" + x.version + (x.running ? " runs now" : x.undone ? " rolled back" : x.loaded ? "" : " refused"));
      text(when, [known(x.time) ? moment(x.time) : "", x.by, x.took_ms ? x.took_ms.toFixed(1) + " ms" : ""].filter(Boolean).join(" · "));
      attr(when, "title", precise(x.time));
      text(back, `Roll back to v${x.version}`);
      show(back, x.loaded && !x.running);
      row.back = back;
      const why = x.problem || x.undone || x.why;
      text(problem, why);
      show(problem, why);
      if (diff.raw !== x.diff) {
        diff.raw = x.diff;
        diff.replaceChildren(...(x.diff || "").split("\n").slice(0, 400).map((l) => h("span", { class: l[0] === "+" ? "add" : l[0] === "-" ? "del" : "" }, l + "\n")));
      }
      show(diff, x.diff);
    };
    return row;
  }
  const mark = (s) => s.version + s.hash + s.refused + s.loaded;
  return { el, told(s) {
    now = s;
    show(el, s.path);
    for (const r of list.children) if (r.back) r.back.disabled = !session.steerable;
    if (el.open && of !== mark(s)) load();
  } };
}
