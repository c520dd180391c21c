// A section of the page, and tables in it.
import { h, text, attr, show, keyed } from "./dom.js";

const watched = new IntersectionObserver((entries) => {
  for (const e of entries) e.target.seen = e.isIntersecting;
}, { rootMargin: "200px" });

// panel makes a section: its title, one sentence on what it shows, tools at the right.
export function panel(id, title, caption, width, ...tools) {
  const body = h("div", { class: "body" });
  const note = h("p", { class: "note", role: "status", hidden: true });
  const el = h("section", { id, class: "panel w" + width, "aria-labelledby": id + "-title", tabindex: "-1" },
    h("header", {}, h("div", { class: "heading" }, h("h2", { id: id + "-title" }, title), h("p", {}, caption)),
      tools.length ? h("div", { class: "tools" }, tools) : null),
    note, body);
  watched.observe(el);
  return {
    el, body, seen: () => el.seen !== false,
    failed: (e) => { text(note, e.message); show(note, e.code !== "unreachable" && e.code !== "late"); },
    fine: () => show(note, false),
  };
}

// search is a field that narrows a table as somebody types.
export function search(label, changed) {
  return h("input", { type: "search", class: "search", placeholder: label, "aria-label": label, oninput: (e) => changed(e.target.value) });
}

// table shows rows, keyed, so that only cells that changed are touched. A column is
//   {head, tip, text(row)} and perhaps title(row), cls(row), num, sort(row), act(row) for
// a cell that is pressed, bar(row) for a part of 1 behind the text, and min, the width of
// the page in px below which it is left out.
export function table({ label, columns, key, cap = 200, empty = "Nothing here.", find }) {
  const heads = columns.map((c, i) => h("th", { scope: "col", class: cellClass(c), "data-min": c.min },
    c.sort ? h("button", { type: "button", class: "sort", title: c.tip, onclick: () => order(i) }, c.head)
      : c.tip ? h("span", { title: c.tip }, c.head) : c.head || h("span", { class: "sr" }, c.name)));
  const body = h("tbody"), note = h("p", { class: "soft", hidden: true });
  const el = h("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" },
    h("table", {}, h("thead", {}, h("tr", {}, heads)), body), note);
  let rows = [], wanted = "", by = -1, down = true, asked = false;

  function order(i) {
    down = by === i ? !down : true;
    by = i;
    heads.forEach((th, j) => attr(th, "aria-sort", j === by ? (down ? "descending" : "ascending") : null));
    draw();
  }

  function make(row) {
    const tr = h("tr");
    tr.cells_ = columns.map((c) => {
      const td = h("td", { class: cellClass(c), "data-min": c.min });
      const inner = c.act ? td.appendChild(h("button", { type: "button", class: "link", onclick: () => c.act(tr.row) })) : td;
      tr.append(td);
      return { td, inner };
    });
    return tr;
  }

  function update(tr, row) {
    tr.row = row;
    columns.forEach((c, i) => {
      const { td, inner } = tr.cells_[i];
      text(inner, c.text(row));
      if (c.title) attr(inner, "title", c.title(row));
      if (c.cls) attr(td, "class", cellClass(c) + " " + (c.cls(row) || ""));
      if (c.bar) td.style.setProperty("--part", Math.max(0, Math.min(1, c.bar(row) || 0)));
      if (c.act) show(inner, inner.textContent !== "");
    });
  }

  function draw() {
    let list = wanted && find ? rows.filter((r) => find(r).toLowerCase().includes(wanted)) : rows;
    const found = list.length;
    if (by >= 0) {
      const f = columns[by].sort;
      list = list.map((r) => [f(r), r]).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1)).map(([, r]) => r);
    }
    list = list.slice(0, cap);
    keyed(body, list, key, make, update);
    text(note, !asked ? "Loading…" : !rows.length ? empty : !found ? "Nothing matches." : found > cap ? `${cap} of ${found} are shown: search to narrow them.` : "");
    show(note, note.textContent !== "");
    show(el.firstChild, list.length > 0);
  }

  draw();
  return {
    el,
    set(list) { rows = list; asked = true; draw(); },
    find(s) { wanted = s.trim().toLowerCase(); draw(); },
  };
}

const cellClass = (c) => (c.num ? "num" : "") + (c.bar ? " bar" : "");
