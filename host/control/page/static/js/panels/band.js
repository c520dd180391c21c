// The band at the top: which money this is, how the session stands, how fresh the page is.
import { $, text, attr, show } from "../dom.js";
import { stamp, lasting, known } from "../format.js";

const meaning = {
  live: "real orders, real money",
  paper: "no real orders: fills are modelled on real books",
  simulated: "a made-up market: no real orders, no real money",
  ended: "the session has ended: this is its ledger",
};
const states = {
  connecting: "Connecting", live: "Connected", ended: "Ended ledger",
  stale: "Stale", lost: "Disconnected", unauthorized: "Not signed in",
};

export default function band({ session, acts, confirm, help }) {
  $("halt").addEventListener("click", () => confirm(session.status?.state === "halted" ? acts.resume() : acts.halt()));
  $("help").addEventListener("click", help);
  $("retry").addEventListener("click", () => session.tryNow());
  $("notice-close").addEventListener("click", () => show($("notice"), false));

  session.watch((s, other) => {
    const id = s.identity, st = s.status;
    const mode = id ? (id.live ? id.mode : "ended") : "";
    attr(document.body, "data-mode", mode);
    attr(document.body, "data-connection", s.state);
    text($("mode"), mode ? mode.toUpperCase() : "…");
    text($("meaning"), meaning[mode] || "");
    text($("who"), id ? id.session : "");
    text($("market"), id ? [`${id.market} market`, ...id.venues].join(" · ") : "");
    document.title = id ? `${mode.toUpperCase()} ${id.session} – Perilune` : "Perilune";
    text($("connection"), states[s.state] + (s.state === "stale" || s.state === "lost" ? " " + lasting(Math.floor((Date.now() - s.since) / 1000) * 1000) : ""));
    attr($("connection"), "data-state", s.state);
    text($("clock"), st && known(st.time) ? stamp(st.time) + " UTC" : "");
    problem(s);
    if (other) notice(`The session was restarted: this page now follows the one started ${stamp(s.restarted)} UTC.`);
    if (!st) return;
    text($("state"), st.state);
    attr($("state"), "data-state", st.state);
    const halted = st.state === "halted";
    text($("halted"), halted ? "Halted: " + (st.halted || "only orders that reduce pass") : "");
    show($("halted"), halted);
    const held = [...st.held.map((x) => "Held back: " + x), ...st.late.map((x) => "Late: " + x),
      ...(st.loop.ledger_failing ? ["The ledger can't be written: " + st.loop.ledger_failing] : []),
      ...(st.loop.beat_age_ms > 5000 && id.live ? ["The session's loop has not moved for " + lasting(st.loop.beat_age_ms)] : [])];
    for (const beside of [st.shadow, st.twin]) if (beside) held.push("On paper: " + beside);
    text($("held"), held.slice(0, 4).join(" · ") + (held.length > 4 ? ` · and ${held.length - 4} more` : ""));
    show($("held"), held.length > 0);
    text($("halt"), halted ? "Resume" : "Halt");
    attr($("halt"), "class", halted ? "" : "danger");
    $("halt").disabled = !s.steerable;
    attr($("halt"), "title", s.steerable ? null : id.live ? "Not connected" : "This session has ended: it can be read and not told anything");
  });

  function problem(s) {
    const words = {
      unauthorized: "This page is not signed in, or its token has changed. Open the address that the session printed when it started, with its token.",
      lost: (s.problem?.message || "The session can't be reached") + ". What you see is as it was; the page tries again by itself.",
      stale: "The session does not answer. What you see is as it was " + lasting(Math.floor((Date.now() - s.since) / 1000) * 1000) + " ago.",
    }[s.state];
    text($("problem-text"), words || "");
    show($("problem"), !!words);
  }
}

// notice says something that goes away by itself.
let timer;
export function notice(s) {
  text($("notice-text"), s);
  show($("notice"), true);
  clearTimeout(timer);
  timer = setTimeout(() => show($("notice"), false), 12000);
}
