// Elements are made here and nowhere else. What comes from a session is text: it is set
// as textContent or as an attribute's value, and never read as markup.

// h makes an element: h("td", {class: "num", title: exact}, text, otherElement).
// A property that begins with "on" is a listener; false, null and undefined leave it out.
export function h(tag, props, ...kids) {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(props || {})) {
    if (v === false || v == null) continue;
    if (k.startsWith("on")) el.addEventListener(k.slice(2), v);
    else el.setAttribute(k, v === true ? "" : String(v));
  }
  append(el, kids);
  return el;
}

function append(el, kids) {
  for (const kid of kids) {
    if (kid == null || kid === false) continue;
    if (Array.isArray(kid)) append(el, kid);
    else el.append(kid instanceof Node ? kid : String(kid));
  }
}

export const $ = (id) => document.getElementById(id);

// text, attr and toggle touch the page only where something changed.
export function text(el, s) {
  s = s == null ? "" : String(s);
  if (el.textContent !== s) el.textContent = s;
}

export function attr(el, name, value) {
  if (value == null || value === false || value === "") el.removeAttribute(name);
  else if (el.getAttribute(name) !== String(value)) el.setAttribute(name, value);
}

export function show(el, yes) { if (el.hidden === !!yes) el.hidden = !yes; }

// keyed makes the children of a parent those of a list, one for each key, in its order.
// Children whose key stays are kept, with the focus and the selection in them.
export function keyed(parent, list, key, make, update) {
  const kept = parent.keptChildren || (parent.keptChildren = new Map());
  const gone = new Set(kept.keys());
  let at = parent.firstChild;
  for (const item of list) {
    const k = key(item);
    let el = kept.get(k);
    if (!el) kept.set(k, el = make(item));
    else if (!gone.delete(k)) continue; // a key twice: the first stands
    gone.delete(k);
    update(el, item);
    if (el === at) at = at.nextSibling;
    else parent.insertBefore(el, at);
  }
  for (const k of gone) { kept.get(k).remove(); kept.delete(k); }
}

// options makes a select offer values, and keeps what is chosen.
export function options(select, values, any) {
  const want = [...(any == null ? [] : [["", any]]), ...values.map((v) => [v, v])];
  if (select.wanted === JSON.stringify(want)) return;
  select.wanted = JSON.stringify(want);
  const chosen = select.value;
  select.replaceChildren(...want.map(([value, label]) => h("option", { value }, label)));
  if (want.some(([v]) => v === chosen)) select.value = chosen;
}
