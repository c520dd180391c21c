// Lines over time, drawn by uPlot. Values here are to be looked at: exact ones are in the
// tables. The read-out above a chart is text, so that it is read aloud and copied.
import { h, text } from "./dom.js";
import { digits, stamp, none } from "./format.js";

const uPlot = window.uPlot;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const dark = matchMedia("(prefers-color-scheme: dark)");
const utc = (ms) => uPlot.tzDate(new Date(ms), "Etc/UTC");
const font = "11px system-ui, sans-serif";

// chart makes one of lines {name, color, fill, dash, width} of which the first is told of
// in the read-out. format(v) words a value; marks are {t, v, color, kind, text}, kind
// "line", "buy" or "sell". sync is the name of charts that share a cursor.
export function chart({ label, height, lines, format, sync, axis = true }) {
  const read = h("output", { class: "readout" });
  const host = h("div", { class: "plot", role: "img" });
  const el = h("div", { class: "chart" }, h("div", { class: "chart-head" }, h("span", { class: "chart-name" }, label), read), host);
  let data = [[], ...lines.map(() => [])], marks = [], plot = null;

  const stroke = (line) => () => css(line.color);
  const grid = { stroke: () => css("--grid"), width: 1 };
  const ticks = { show: false };
  const options = () => ({
    width: Math.max(host.clientWidth, 120), height, ms: 1, tzDate: utc, legend: { show: false },
    padding: [8, 8, axis ? 0 : 8, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 }, ...(sync ? { sync: { key: sync } } : {}) },
    scales: { x: { time: true }, y: { range: (u, lo, hi) => span(lo, hi) } },
    axes: [
      { show: axis, stroke: () => css("--soft"), font, grid, ticks, size: 24, space: 76, values: (u, at, i, space, step) => at.map((t) => clock(t, step)) },
      { stroke: () => css("--soft"), font, grid, ticks, size: 64, space: 34, values: (u, vs) => vs.map((v) => (v == null ? "" : format(v))) },
    ],
    series: [{}, ...lines.map((l) => ({
      label: l.name, stroke: stroke(l), width: l.width || 1.5, dash: l.dash, points: { show: false }, spanGaps: true,
      ...(l.fill ? { fill: () => css(l.fill) } : {}),
    }))],
    hooks: { setCursor: [tell], draw: [drawMarks] },
  });

  function tell(u) {
    const i = u?.cursor.idx ?? data[0].length - 1;
    if (i < 0 || !data[0].length) return text(read, "");
    const parts = lines.map((l, k) => (data[k + 1][i] == null ? "" : (lines.length > 1 ? l.name + " " : "") + format(data[k + 1][i])));
    const near = u?.cursor.idx != null ? nearest(u, data[0][i]) : "";
    text(read, stamp(data[0][i]) + "   " + parts.filter(Boolean).join("   ") + (near ? "   " + near : ""));
  }

  function nearest(u, t) {
    const reach = (u.scales.x.max - u.scales.x.min) / 150;
    return marks.filter((m) => Math.abs(m.t - t) <= reach).slice(0, 3).map((m) => m.text).join("; ");
  }

  function drawMarks(u) {
    const { ctx, bbox } = u, px = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const m of marks) {
      const x = u.valToPos(m.t, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = ctx.fillStyle = css(m.color);
      ctx.lineWidth = px;
      ctx.beginPath();
      if (m.kind === "line") {
        ctx.setLineDash([2 * px, 3 * px]);
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        ctx.setLineDash([]);
        ctx.beginPath();
        ctx.arc(x, bbox.top + 4 * px, 3 * px, 0, 7);
        ctx.fill();
        continue;
      }
      const y = u.valToPos(m.v, "y", true), s = 4 * px, way = m.kind === "buy" ? 1 : -1;
      ctx.moveTo(x, y + way * px);
      ctx.lineTo(x - s, y + way * (px + 2 * s));
      ctx.lineTo(x + s, y + way * (px + 2 * s));
      ctx.fill();
    }
    ctx.restore();
  }

  function draw() {
    if (!host.clientWidth) return;
    if (plot) plot.setData(data);
    else plot = new uPlot(options(), data, host);
    tell(null);
    host.setAttribute("aria-label", about());
  }

  function about() {
    const t = data[0], v = data[1].filter((x) => x != null);
    if (!v.length) return label + ": nothing yet";
    return `${label}, ${stamp(t[0])} to ${stamp(t[t.length - 1])} UTC: between ${format(Math.min(...v))} and ${format(Math.max(...v))}, last ${format(v[v.length - 1])}`;
  }

  new ResizeObserver(() => {
    if (plot && host.clientWidth) plot.setSize({ width: host.clientWidth, height });
    else draw();
  }).observe(host);
  dark.addEventListener("change", () => plot?.redraw());

  return {
    el,
    set(columns, at = []) { data = columns; marks = at; draw(); },
    destroy() { plot?.destroy(); plot = null; },
  };
}

// span leaves a little room above and below, and some where a line is flat.
function span(lo, hi) {
  if (lo == null || hi == null) return [0, 1];
  const room = (hi - lo) * 0.08 || Math.abs(hi) * 0.001 || 1;
  return [lo - room, hi + room];
}

// clock words a mark of the axis of time, in UTC: a day where one begins.
function clock(t, step) {
  const s = new Date(t).toISOString();
  return step >= 864e5 * 28 ? s.slice(0, 7) : t % 864e5 === 0 ? s.slice(5, 10) : s.slice(11, step < 6e4 ? 19 : 16);
}

// figure words a value of unknown size with as many digits as tell it apart.
export function figure(v) {
  if (v == null || !isFinite(v)) return none;
  const a = Math.abs(v);
  return digits(String(Number(v.toFixed(a >= 1e5 ? 0 : a >= 1e3 ? 2 : a >= 1 ? 4 : 8))));
}
