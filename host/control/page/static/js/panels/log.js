// The log: the last lines, and those to come.
import { h, options, show } from "../dom.js";
import { moment, precise } from "../format.js";
import { panel } from "../panel.js";

const most = 600; // lines kept
const ranks = ["debug", "info", "warn", "error"];

export default function log({ session }) {
  const level = h("select", { "aria-label": "Lowest level", onchange: again }, ranks.map((l) => h("option", { value: l, selected: l === "info" }, l)));
  const strategy = h("select", { "aria-label": "Strategy", onchange: again });
  options(strategy, [], "all strategies");
  const grep = h("input", { type: "search", class: "search", placeholder: "Text", "aria-label": "Lines with this text", oninput: () => { clearTimeout(timer); timer = setTimeout(again, 300); } });
  const follow = h("input", { type: "checkbox", checked: true, id: "log-follow", onchange: () => end() });
  const p = panel("log", "Log", "What the session and its strategies say", 7, level, strategy, grep, h("label", { class: "check" }, follow, h("span", {}, "follow")));
  const list = h("ol"), empty = h("p", { class: "soft" }, "Nothing was said.");
  const box = h("div", { class: "log", role: "region", "aria-label": "Lines of the log", tabindex: "0" }, list, empty);
  p.body.append(box);
  box.addEventListener("wheel", () => { follow.checked = atEnd(); }, { passive: true });

  let timer, waiting = [];
  const atEnd = () => box.scrollTop + box.clientHeight >= box.scrollHeight - 30;
  const end = () => { if (follow.checked) box.scrollTop = box.scrollHeight; };
  const view = session.need({ op: "log", every: 60000, seen: p.seen, failed: p.failed,
    args: () => ({ level: level.value, strategy: strategy.value, grep: grep.value, limit: 300 }),
    got: (v) => {
      p.fine();
      // What was heard while the answer came is not all in it.
      const told = new Set(v.slice(-100).map(same)), last = v.length ? v[v.length - 1].time : "";
      waiting = waiting.filter((l) => l.time >= last && !told.has(same(l)));
      list.replaceChildren(...v.slice(-most).map(line));
      done();
    } });
  function again() { view.again(); }

  const wanted = (l) => ranks.indexOf(l.level) >= ranks.indexOf(level.value) && (!strategy.value || l.strategy === strategy.value) && (!grep.value || l.text.includes(grep.value));
  session.on("log", (e) => {
    if (!e.data || !wanted(e.data)) return;
    waiting.push(e.data);
    if (waiting.length > most) waiting.shift();
  });
  session.onFlush(() => {
    if (!waiting.length) return;
    list.append(...waiting.map(line));
    waiting = [];
    while (list.childElementCount > most) list.firstChild.remove();
    done();
  });
  function done() { show(empty, !list.firstChild); end(); }

  session.watch((s) => { if (s.status) options(strategy, s.status.strategies.map((x) => x.name), "all strategies"); });
  return { el: p.el, toggle() { follow.checked = !follow.checked; end(); } };
}

const same = (l) => [l.time, l.level, l.strategy, l.text].join("\n");
const line = (l) => h("li", { "data-level": l.level }, h("time", { title: precise(l.time) }, moment(l.time)), h("b", {}, l.level), h("span", { class: "by" }, l.strategy), h("span", { class: "what", title: l.where }, l.text));
