// The state of the token view, its controls, and the address that keeps it.

const data = JSON.parse(document.getElementById("token-data").textContent);
const part = (id) => document.getElementById(id);
const rows = part("token-rows");
const tooltip = part("tooltip");
const state = { rollout: data.first, method: 0, all: false, show: "credit", shared: false, token: null };

const rollout = () => data.rollouts[state.rollout];

// What the colour shows of each token: its credit, or how far that is from the response's mean.
function shownValues(method) {
  const credit = rollout().credit[method];
  return credit && state.show === "deviation" ? deviations(credit) : credit;
}

function fullScale(method) {
  const scales = data.scales[state.show];
  return state.shared ? Math.max(...scales) : scales[method];
}

function readAddress() {
  const address = location.hash.slice(1);
  if (!address.includes("=")) return false;
  const wanted = new URLSearchParams(address);
  const id = wanted.get("rollout");
  const named = data.rollouts.findIndex((one) => one.id === id);
  const place = named >= 0 ? named : Number(id ?? data.first + 1) - 1;
  state.rollout = place in data.rollouts ? place : data.first;
  state.method = Math.max(0, data.methods.indexOf(wanted.get("method")));
  state.all = wanted.get("view") === "all";
  state.show = wanted.get("show") === "deviation" ? "deviation" : "credit";
  state.shared = wanted.get("scale") === "shared";
  const token = wanted.has("token") ? Number(wanted.get("token")) : null;
  state.token = token !== null && token in rollout().tokens ? token : null;
  return true;
}

function writeAddress() {
  const wanted = new URLSearchParams({ rollout: rollout().id });
  if (state.all) wanted.set("view", "all");
  else if (data.methods.length) wanted.set("method", data.methods[state.method]);
  if (state.show !== "credit") wanted.set("show", state.show);
  if (state.shared) wanted.set("scale", "shared");
  if (state.token !== null) wanted.set("token", state.token);
  try {
    history.replaceState(null, "", `#${wanted}`);
  } catch {
    // A page inside a page may have no address of its own; the view works all the same.
  }
}

function drawControls() {
  part("rollout").value = state.rollout;
  part("previous").disabled = state.rollout === 0;
  part("next").disabled = state.rollout === data.rollouts.length - 1;
  const method = state.all ? "all" : String(state.method);
  for (const radio of document.querySelectorAll("#method input")) {
    radio.checked = radio.value === method;
  }
  for (const radio of document.querySelectorAll("#show input")) {
    radio.checked = radio.value === state.show;
  }
  part("shared").checked = state.shared;
}

function drawLegend() {
  const own = state.all && !state.shared;
  const whose = state.shared ? "the same scale for all methods" : own
    ? "each method on its own scale, given beside it"
    : `the scale of ${data.methods[state.method]}`;
  const credit = state.show === "credit";
  const what = credit ? "credit Â" : "Â minus the response’s mean";
  const bars = credit
    ? "bar above ▲ raises the token, bar below ▼ lowers it"
    : "bar above ▲ more than the mean, bar below ▼ less";
  const meaning = `${what}, ${whose}; full strength at the 95th percentile of its size here`;
  part("legend").replaceChildren(...legend(own ? null : fullScale(state.method), meaning, bars));
}

function drawRows() {
  const shown = state.all ? [...data.methods.keys()] : [state.method];
  rows.className = state.all ? "all" : "";
  // V stands below the measured advantages, which are the first row.
  rows.after(part("token-values"));
  rows.replaceChildren(...shown.map((method) => {
    const name = data.methods[method];
    const values = shownValues(method);
    const full = fullScale(method);
    const row = make("div", "row", stream(rollout(), values, full, `tokens by ${name}`));
    row.dataset.method = method;
    if (state.all || !values) {
      const none = state.show === "credit" ? "no token has credit" : "the same for every token";
      const scale = full ? `full strength at ±${digits(full)}` : none;
      const note = values ? scale : "has no credit for this rollout";
      row.prepend(make("p", "row-head", make("b", "", name), make("small", "", note)));
    }
    return row;
  }));
  if (shown.length > 1) rows.children[0].after(part("token-values"));
}

function place(token, method) {
  return rows.querySelector(`[data-method="${method}"] [data-token="${token}"]`);
}

function markToken() {
  for (const old of rows.querySelectorAll(".same")) {
    old.classList.remove("same");
    old.removeAttribute("aria-selected");
  }
  for (const old of rows.querySelectorAll('[tabindex="0"]')) old.tabIndex = -1;
  const token = state.token ?? 0;
  for (const row of rows.children) {
    const span = row.querySelector(`[data-token="${token}"]`);
    if (!span) continue;
    span.tabIndex = 0;
    if (state.token === null) continue;
    span.classList.add("same");
    span.setAttribute("aria-selected", "true");
  }
  drawValues();
}

function drawValues() {
  const box = part("token-values");
  const ends = tokenEnds(rows.children[0], rows.clientWidth);
  box.replaceChildren(...valueCurve(rollout(), state.token, ends));
}

function draw() {
  hideTooltip();
  drawControls();
  part("rollout-head").replaceChildren(rolloutHead(rollout(), data.images));
  drawLegend();
  drawRows();
  markToken();
  drawDetail();
}

function change(values) {
  Object.assign(state, values);
  if (!(state.token in rollout().tokens)) state.token = null;
  draw();
  writeAddress();
}

function select(token, method) {
  if (!state.all && method !== state.method) change({ method });
  state.token = token;
  markToken();
  drawDetail();
  writeAddress();
  place(token, method)?.focus();
}

function onKey(event) {
  const span = event.target.closest(".token");
  if (!span || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") return hideTooltip();
  const token = Number(span.dataset.token);
  const method = Number(span.closest(".row").dataset.method);
  const last = rollout().tokens.length - 1;
  const target = {
    ArrowLeft: [token - 1, method], ArrowRight: [token + 1, method],
    ArrowUp: [token, method - 1], ArrowDown: [token, method + 1],
    Home: [0, method], End: [last, method], Enter: [token, method], " ": [token, method],
  }[event.key];
  if (!target) return;
  event.preventDefault();
  if (target[0] in rollout().tokens && target[1] in data.methods) select(...target);
}

function listen() {
  part("rollout").addEventListener("change", (e) => change({ rollout: Number(e.target.value) }));
  part("previous").addEventListener("click", () => change({ rollout: state.rollout - 1 }));
  part("next").addEventListener("click", () => change({ rollout: state.rollout + 1 }));
  part("method").addEventListener("change", ({ target }) => {
    change(target.value === "all" ? { all: true } : { all: false, method: Number(target.value) });
  });
  part("show").addEventListener("change", (e) => change({ show: e.target.value }));
  part("shared").addEventListener("change", (e) => change({ shared: e.target.checked }));
  rows.addEventListener("keydown", onKey);
  rows.addEventListener("click", ({ target }) => {
    const span = target.closest(".token");
    if (span) select(Number(span.dataset.token), Number(span.closest(".row").dataset.method));
  });
  for (const [enter, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    rows.addEventListener(enter, ({ target }) => {
      const span = target.closest(".token");
      if (span) showTooltip(span);
    });
    rows.addEventListener(leave, hideTooltip);
  }
  addEventListener("scroll", moveTooltip, { passive: true });
  addEventListener("resize", drawValues);
  addEventListener("hashchange", () => readAddress() && draw());
  // Paper has no controls: there all methods stand below each other.
  let chosen = state.all;
  addEventListener("beforeprint", () => { chosen = state.all; state.all = true; draw(); });
  addEventListener("afterprint", () => { state.all = chosen; draw(); });
}

try {
  const linked = readAddress();
  listen();
  draw();
  if (linked) part("tokens").scrollIntoView();
} catch (error) {
  part("token-error").hidden = false;
  part("token-error").textContent = `The token view could not be drawn: ${error.message}`;
  throw error;
}
document.documentElement.dataset.ready = "1";
