// Reads a value off a chart under the pointer. The numbers are those of the
// drawn line itself, so the page carries its data only once.
for (const chart of document.querySelectorAll(".chart")) {
  const plot = chart.querySelector(".plot");
  const out = chart.querySelector("output");
  const at = chart.dataset;
  const points = [...chart.querySelector(".line").getAttribute("d").matchAll(/([\d.-]+),([\d.-]+)/g)].map((m) => [+m[1], +m[2]]);
  const value = new Intl.NumberFormat("en", { maximumFractionDigits: +at.digits });
  const length = { 1000: 19, 86400000: 10 }[at.round] ?? 16;
  const cursor = document.createElement("i");
  cursor.className = "cursor";
  const nearest = (x) => {
    let low = 0;
    let high = points.length - 1;
    while (high - low > 1) {
      const mid = (low + high) >> 1;
      if (points[mid][0] < x) low = mid;
      else high = mid;
    }
    return x - points[low][0] < points[high][0] - x ? points[low] : points[high];
  };
  plot.addEventListener("pointermove", (ev) => {
    const box = plot.getBoundingClientRect();
    const [x, y] = nearest(((ev.clientX - box.left) / box.width) * 1000);
    const time = Math.round((+at.t0 + (x / 1000) * (at.t1 - at.t0)) / at.round) * at.round;
    out.textContent = `${new Date(time).toISOString().slice(0, length).replace("T", " ")}  ${value.format(+at.v1 - (y / 400) * (at.v1 - at.v0))} ${at.unit}`;
    cursor.style.left = `${x / 10}%`;
    cursor.style.setProperty("--y", `${y / 4}%`);
    plot.append(cursor);
  });
  plot.addEventListener("pointerleave", () => {
    cursor.remove();
    out.textContent = "";
  });
}
