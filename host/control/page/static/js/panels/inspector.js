// How something came about: the event, the handler, the order, the acknowledgement, the
// fill, and what passed between them.
import { h, text, show } from "../dom.js";
import { lasting, precise, stamp, known } from "../format.js";
import { panel } from "../panel.js";
import { ask, words } from "../api.js";

const most = 300;

export default function inspector({ session }) {
  const kind = h("select", { "aria-label": "What to explain" }, ["order", "pair", "fill", "seq"].map((k) => h("option", { value: k }, k === "seq" ? "event" : k)));
  const id = h("input", { type: "text", "aria-label": "Its number", placeholder: "number", autocomplete: "off", size: "12" });
  const form = h("form", { class: "inline", onsubmit: (e) => { e.preventDefault(); explain(kind.value, id.value.trim()); } }, kind, id, h("button", { type: "submit" }, "Explain"));
  const p = panel("inspector", "Event inspector", "Why an order, a fill or a pair came about, step by step with the time between", 12, form);
  const note = h("p", { class: "soft" }, "Press the number of an order, a pair or a fill in any table, or enter one here."), list = h("ol", { class: "trace" });
  p.body.append(note, list);
  let turn = 0;

  async function explain(k, value) {
    const mine = ++turn;
    if (!value) return;
    kind.value = k;
    id.value = value;
    if (k !== "fill" && !/^[1-9]\d{0,17}$/.test(value)) return say("A number above 0 is needed.");
    say("Looking…");
    try {
      const { result } = await ask("explain", { [k]: k === "fill" ? value : Number(value) });
      if (mine === turn) draw(result);
    } catch (e) { if (mine === turn) say(words(e)); }
  }
  function say(s) { text(note, s); show(note, true); list.replaceChildren(); }

  function draw(trace) {
    const steps = trace.steps.slice(0, most), whole = steps.reduce((n, s) => n + s.after_us, 0);
    text(note, `${trace.subject}: ${trace.steps.length} steps in ${lasting(whole / 1000)}${trace.steps.length > most ? `, the first ${most} are shown` : ""}`);
    show(note, true);
    list.replaceChildren(...steps.map((s, i) => h("li", { "data-kind": s.kind },
      h("span", { class: "chip" }, s.kind), h("span", { class: "what" }, s.text),
      h("span", { class: "after num", title: "since the step before" }, i ? "+" + lasting(s.after_us / 1000) : ""),
      h("time", { class: "soft", title: precise(s.time) }, known(s.time) ? stamp(s.time).slice(5) : ""),
      s.seq ? h("button", { type: "button", class: "link", title: "Explain this event of the journal", onclick: () => explain("seq", String(s.seq)) }, "event " + s.seq) : null)));
  }

  return { el: p.el, inspect(k, value) {
    if (!value) return;
    explain(k, String(value));
    p.el.scrollIntoView({ block: "nearest" });
    p.el.focus({ preventScroll: true });
  } };
}
