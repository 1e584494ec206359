(() => {
  "use strict";
  const NEAR = 22, CLOSE = 1.2, STEP = 1.6, LEAST = 1 / 24;
  const byId = (id) => document.getElementById(id);
  const map = byId("map"), svg = byId("view"), card = byId("card"), detail = byId("detail");
  const box = svg.viewBox.baseVal, W = box.width, H = box.height;
  document.documentElement.classList.add("scripted");

  // ---- the boats: row, mark and chip of each, by rank
  const boats = new Map();
  for (const row of document.querySelectorAll("#boats tbody tr")) {
    const { boat, x, y, size } = row.dataset;
    boats.set(+boat, { rank: +boat, row, x: +x, y: +y, size: +size, score: +row.cells[1].dataset.v });
  }
  for (const mark of svg.querySelectorAll(".boat")) boats.get(+mark.dataset.boat).mark = mark;
  for (const chip of document.querySelectorAll(".chip")) boats.get(+chip.dataset.boat).chip = chip;
  let selected = null;

  // ---- the view: a centre in scene pixels, and scene pixels per pixel of the screen
  const view = { x: W / 2, y: H / 2, u: 0 };
  let moving = 0, isWhole = true;
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const whole = () => Math.max(W / map.clientWidth, H / map.clientHeight);
  const centred = (value, half, end) => (2 * half >= end ? end / 2 : clamp(value, half, end - half));

  function show(x, y, u) {
    const wide = map.clientWidth, high = map.clientHeight, changed = u !== view.u;
    if (!wide || !high) return;
    view.u = clamp(u, LEAST, whole());
    isWhole = view.u === whole();
    view.x = centred(x, (view.u * wide) / 2, W);
    view.y = centred(y, (view.u * high) / 2, H);
    const left = view.x - (view.u * wide) / 2, top = view.y - (view.u * high) / 2;
    svg.setAttribute("viewBox", `${left} ${top} ${view.u * wide} ${view.u * high}`);
    if (!changed) return;
    svg.style.setProperty("--u", view.u);
    svg.classList.toggle("close", view.u < CLOSE);
    for (const { mark, size } of boats.values()) mark.classList.toggle("near", size / view.u > NEAR);
    drawScale();
  }

  function zoom(factor, x = view.x, y = view.y) {
    stop();
    const u = clamp(view.u * factor, LEAST, whole()), share = u / view.u;
    show(x + (view.x - x) * share, y + (view.y - y) * share, u);
  }

  function glide(x, y, u) {
    stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return show(x, y, u);
    const from = { ...view }, start = performance.now();
    const step = (now) => {
      const t = clamp((now - start) / 320, 0, 1), s = t * t * (3 - 2 * t);
      show(from.x + (x - from.x) * s, from.y + (y - from.y) * s, from.u * (u / from.u) ** s);
      moving = t < 1 ? requestAnimationFrame(step) : 0;
    };
    moving = requestAnimationFrame(step);
  }

  function stop() {
    cancelAnimationFrame(moving);
    moving = 0;
  }

  function drawScale() {
    const gsd = +map.dataset.gsd, bar = byId("scale");
    if (!gsd) return;
    const most = gsd * view.u * 130, power = 10 ** Math.floor(Math.log10(most));
    const length = power * [5, 2, 1].find((step) => step * power <= most);
    bar.hidden = false;
    bar.style.width = `${length / (gsd * view.u)}px`;
    bar.textContent = length >= 1000 ? `${length / 1000} km` : `${+length.toPrecision(1)} m`;
  }

  const place = (event) => {
    const frame = map.getBoundingClientRect();
    return {
      x: view.x + (event.clientX - frame.left - frame.width / 2) * view.u,
      y: view.y + (event.clientY - frame.top - frame.height / 2) * view.u,
    };
  };

  // ---- wheel, drag, pinch, keys
  map.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = place(event);
    zoom(2 ** ((event.deltaMode ? 30 : 1) * event.deltaY * 0.003), x, y);
  }, { passive: false });

  const fingers = new Map();
  let dragged = 0;
  map.addEventListener("pointerdown", (event) => {
    if (event.target.closest("button, .card") || event.button) return;
    if (!fingers.size) dragged = 0;
    fingers.set(event.pointerId, event);
    stop();
  });
  map.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    dragged += Math.abs(dx) + Math.abs(dy);
    if (dragged > 4 && !map.hasPointerCapture(event.pointerId)) {
      map.setPointerCapture(event.pointerId);
      map.classList.add("held");
    }
    const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
    fingers.set(event.pointerId, event);
    if (!other) return show(view.x - dx * view.u, view.y - dy * view.u, view.u);
    const apart = (finger) =>
      Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
    const middle = place({
      clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2,
    });
    zoom(apart(before) / Math.max(apart(event), 1), middle.x, middle.y);
    show(view.x - (dx / 2) * view.u, view.y - (dy / 2) * view.u, view.u);
  });
  const release = (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) map.classList.remove("held");
  };
  for (const kind of ["pointerup", "pointercancel"]) map.addEventListener(kind, release);
  map.addEventListener("dblclick", (event) => {
    if (event.target.closest("button, .card")) return;
    const { x, y } = place(event);
    zoom(1 / STEP, x, y);
  });
  map.addEventListener("click", (event) => {
    const mark = event.target.closest(".boat");
    if (mark && dragged <= 4) select(+mark.dataset.boat);
  });

  const KEYS = {
    ArrowLeft: () => pan(-1, 0), ArrowRight: () => pan(1, 0),
    ArrowUp: () => pan(0, -1), ArrowDown: () => pan(0, 1),
    "+": () => zoom(1 / STEP), "=": () => zoom(1 / STEP), "-": () => zoom(STEP),
    0: () => glide(W / 2, H / 2, whole()),
  };
  const pan = (right, down) => show(view.x + right * 80 * view.u, view.y + down * 80 * view.u, view.u);
  map.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    stop();
    KEYS[event.key]();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && deselect());
  byId("zoom-in").addEventListener("click", () => zoom(1 / STEP));
  byId("zoom-out").addEventListener("click", () => zoom(STEP));
  byId("zoom-fit").addEventListener("click", KEYS[0]);
  const refit = () => (isWhole ? show(W / 2, H / 2, whole()) : show(view.x, view.y, view.u));
  new ResizeObserver(refit).observe(map);
  addEventListener("beforeprint", () => show(W / 2, H / 2, whole()));

  // ---- layers
  for (const input of document.querySelectorAll("[data-layer]")) {
    const update = () => byId(`layer-${input.dataset.layer}`).classList.toggle("off", !input.checked);
    input.addEventListener("change", update);
    update();
  }

  // ---- a boat: its row, its mark, its chip, and the view on it
  const make = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });
  const makeSvg = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const parts = ({ row, mark, chip }) => [row, mark, chip].filter(Boolean);

  function deselect() {
    if (!selected) return;
    for (const part of parts(selected)) part.classList.remove("selected");
    selected = null;
    card.hidden = true;
    detail.replaceChildren();
  }

  function select(rank) {
    deselect();
    selected = boats.get(rank);
    for (const part of parts(selected)) part.classList.add("selected");
    const frame = map.getBoundingClientRect();
    if (frame.bottom < 120 || frame.top > innerHeight - 120) map.scrollIntoView({ block: "center" });
    keepInTable(selected.row);
    fillCard(selected);
    if (selected.chip) drawDetail(selected.chip.querySelector("svg"));
    const span = Math.max(7 * selected.size, 170);
    glide(selected.x, selected.y, span / Math.min(map.clientWidth, map.clientHeight));
  }

  function keepInTable(row) {
    const rows = byId("rows"), head = row.closest("table").tHead.offsetHeight;
    if (row.offsetTop < rows.scrollTop + head) rows.scrollTop = row.offsetTop - head;
    const below = row.offsetTop + row.offsetHeight - rows.clientHeight;
    if (below > rows.scrollTop) rows.scrollTop = below;
  }

  function drawDetail(chip) {
    const frame = { ...chip.dataset }, image = chip.querySelector("image");
    const href = image.getAttribute("href");
    detail.append(makeSvg("image", { ...frame, href, preserveAspectRatio: "none" }), makeSvg("rect", frame));
  }

  function fillCard({ rank, row, chip }) {
    const header = make("header");
    header.append(make("h3", `Boat ${rank}`));
    const actions = [
      ["‹", "Previous boat", () => neighbour(-1)], ["›", "Next boat", () => neighbour(1)],
      ["×", "Close", () => { deselect(); map.focus({ preventScroll: true }); }],
    ];
    for (const [sign, label, act] of actions) {
      const button = Object.assign(make("button", sign), { type: "button", title: label });
      button.setAttribute("aria-label", label);
      button.addEventListener("click", act);
      header.append(button);
    }
    const list = make("dl");
    const labels = row.closest("table").tHead.rows[0].cells;
    for (const cell of [...row.cells].slice(1)) {
      const pair = make("div");
      pair.append(make("dt", labels[cell.cellIndex].textContent), make("dd", cell.textContent));
      list.append(pair);
    }
    const picture = chip ? chip.querySelector("svg").cloneNode(true) : make("p", "No chip: only the best boats have one.");
    picture.style.setProperty("--c", row.style.getPropertyValue("--c"));
    card.replaceChildren(header, picture, list);
    card.hidden = false;
  }

  function neighbour(step) {
    const rows = [...body.rows].filter((row) => !row.hidden);
    const next = rows[rows.indexOf(selected.row) + step];
    if (!next) return;
    select(+next.dataset.boat);
    card.querySelectorAll("button")[step < 0 ? 0 : 1].focus({ preventScroll: true });
  }

  // ---- the table: sorting, choosing, the least score
  if (!boats.size) return;
  const table = byId("boats"), body = table.tBodies[0], headings = [...table.tHead.rows[0].cells];
  for (const [column, heading] of headings.entries()) {
    heading.querySelector("button").addEventListener("click", () => {
      const was = heading.getAttribute("aria-sort");
      const first = column ? "descending" : "ascending";
      const order = was ? (was === "ascending" ? "descending" : "ascending") : first;
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", order);
      sortBy(column, order === "ascending" ? 1 : -1);
    });
  }

  function sortBy(column, sign) {
    const value = (row) => row.cells[column].dataset.v;
    body.append(...[...body.rows].sort((a, b) => {
      const [left, right] = [value(a), value(b)];
      if (left === undefined || right === undefined) return (left === undefined) - (right === undefined);
      return sign * (left - right) || a.dataset.boat - b.dataset.boat;
    }));
  }

  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) select(+row.dataset.boat);
  });
  for (const { chip, rank } of boats.values()) {
    if (chip) chip.querySelector("button").addEventListener("click", () => select(rank));
  }

  const least = byId("least");
  const limit = () => {
    let shown = 0;
    for (const boat of boats.values()) {
      const out = boat.score < +least.value;
      shown += !out;
      boat.row.hidden = out;
      if (boat.chip) boat.chip.hidden = out;
      boat.mark.classList.toggle("off", out);
    }
    byId("least-value").textContent = (+least.value).toFixed(2);
    byId("shown").textContent = `${shown} of ${boats.size}`;
  };
  least.addEventListener("input", limit);
  limit();
})();
