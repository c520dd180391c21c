// What the page tells a session goes through one dialog, that says what will happen
// before it does. Real orders, or an end, are confirmed by a word that is typed.
import { h, text, show, attr } from "./dom.js";
import { tell, newKey, words } from "./api.js";

// teller shows the dialog. act is
//   {op, args, title, does: [sentence], button, severe: bool, word}
// A severe one needs a second step: on real money its word is typed, elsewhere a box is
// ticked. It resolves to whether it was done.
export function teller(session, announce) {
  const title = h("h2", { id: "tell-title" }), does = h("ul", { class: "does" });
  const hint = h("span"), typed = h("input", { type: "text", autocomplete: "off", spellcheck: "false", "aria-labelledby": "tell-word" });
  const word = h("label", { id: "tell-word", class: "field" }, hint, typed);
  const sure = h("input", { type: "checkbox" });
  const tick = h("label", { class: "check" }, sure, h("span", {}, "I have read what it does"));
  const why = h("input", { type: "text", maxlength: "200", placeholder: "for the journal, if you like" });
  const note = h("p", { class: "failed", role: "alert", hidden: true });
  const yes = h("button", { type: "submit", class: "primary" }), no = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const form = h("form", { method: "dialog" }, title, does, word, tick, h("label", { class: "field" }, h("span", {}, "Why"), why), note,
    h("div", { class: "buttons" }, no, yes));
  const dialog = h("dialog", { "aria-labelledby": "tell-title", class: "tell" }, form);
  document.body.append(dialog);

  let act = null, key = "", busy = false, finish = () => {};
  const live = () => session.identity?.mode === "live";
  const ready = () => !act?.severe || (live() ? typed.value.trim() === act.word : sure.checked);
  const fit = () => { yes.disabled = busy || !ready() || !session.steerable; };
  typed.addEventListener("input", fit);
  sure.addEventListener("change", fit);
  dialog.addEventListener("close", () => finish(false));
  session.watch(() => { if (dialog.open) fit(); }); // the connection comes and goes

  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    if (busy || !ready()) return;
    busy = true;
    fit();
    show(note, false);
    try {
      await tell(act.op, act.args, why.value.trim(), key);
      announce(act.done || act.title + ": done");
      const done = finish;
      finish = () => {};
      dialog.close();
      done(true);
    } catch (err) {
      text(note, err.code === "unreachable" || err.code === "late"
        ? words(err) + ". It may have been done: try again does it once at most." : words(err));
      show(note, true);
    } finally {
      busy = false;
      fit();
    }
  });

  return function confirm(a) {
    act = a;
    key = newKey();
    typed.value = why.value = "";
    sure.checked = false;
    text(title, a.title);
    does.replaceChildren(...a.does.map((s) => h("li", {}, s)));
    text(yes, a.button);
    attr(yes, "class", a.severe ? "primary danger" : "primary");
    text(hint, `Real orders. Type ${a.word || ""} to confirm`);
    show(word, a.severe && live());
    show(tick, a.severe && !live());
    show(note, false);
    fit();
    return new Promise((resolve) => {
      finish = resolve;
      dialog.showModal();
      (a.severe ? (live() ? typed : sure) : yes).focus();
    });
  };
}
