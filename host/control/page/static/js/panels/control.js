// Limits of the risk gate, the means to intervene, and who did.
import { h, text, show } from "../dom.js";
import { moment, precise } from "../format.js";
import { panel, table } from "../panel.js";

export default function control({ session, acts, confirm }) {
  const p = panel("limits", "Limits and control", "What the risk gate allows, and the means to intervene", 5);
  const closed = h("p", { class: "soft", id: "control-closed" });
  const button = (label, tip, act, danger) => h("button", { type: "button", class: danger ? "danger" : "", title: tip, "aria-describedby": "control-closed", onclick: () => confirm(act()) }, label);
  const halt = button("Halt", "No new risk: only orders that reduce pass", acts.halt, true);
  const resume = button("Resume", "Lift the kill latch", acts.resume);
  const others = [
    button("Flatten…", "Close all that strategies hold", () => acts.flatten(), true),
    button("Cancel all…", "Take back working orders", () => acts.cancelAll(), true),
    button("Stop session…", "End the session in good order", acts.stop, true),
  ];
  const used = (r) => { const u = Number(r.used), v = Number(r.value); return u > 0 && v > 0 ? u / v : 0; };
  const limits = table({
    label: "Limits", key: (r) => r.name, empty: "No limits are set.", cap: 100, columns: [
      { head: "Limit", text: (r) => r.name, title: (r) => r.doc },
      { head: "Used", num: true, text: (r) => r.used || "", bar: used, cls: (r) => (used(r) > 0.9 ? "warn" : "") },
      { head: "Allowed", num: true, text: (r) => r.value },
      { head: "What it bounds", min: "m", text: (r) => r.doc, cls: () => "doc" },
    ],
  });
  const told = table({
    label: "Who told the session what", key: (r) => r.seq, empty: "Nobody has told it anything.", cap: 20, columns: [
      { head: "Time", text: (r) => moment(r.time), title: (r) => precise(r.time) },
      { head: "What", text: (r) => r.op, title: (r) => r.args },
      { head: "By", text: (r) => r.by },
      { head: "Outcome", text: (r) => r.outcome, cls: (r) => (r.outcome === "done" ? "" : "warn") },
    ],
  });
  p.body.append(h("div", { class: "buttons control" }, halt, resume, others), closed, limits.el, h("h3", {}, "Told"), told.el);
  session.need({ op: "limits", every: 5000, seen: p.seen, failed: p.failed, got: (v) => { p.fine(); limits.set(v); } });
  session.need({ op: "commands", every: 15000, seen: p.seen, args: () => ({ limit: 20 }), got: (v) => told.set(v) });
  session.watch((s) => {
    const halted = s.status?.state === "halted";
    halt.disabled = !s.steerable || halted;
    resume.disabled = !s.steerable || !halted;
    for (const b of others) b.disabled = !s.steerable;
    const why = s.identity && !s.identity.live ? "The session has ended: its ledger can be read, and nothing can be told." : s.steerable ? "" : "Not connected: nothing can be told now.";
    text(closed, why);
    show(closed, why);
  });
  return { el: p.el };
}
