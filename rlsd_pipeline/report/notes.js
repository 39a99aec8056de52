// What is said about one token: a note beside it, and a table below the stream.

// The token the note belongs to.
let noted = null;

function tokenFacts(token) {
  const one = rollout();
  return [
    ["student log π", digits(one.student[token])],
    ["teacher log π", digits(one.teacher?.[token])],
    ["Δ, nats", signed(one.gain?.[token])],
    ["w", digits(one.weights?.[token])],
    ["A", signed(one.advantage)],
  ];
}

function tokenTitle(token) {
  const one = rollout();
  const word = make("span", "word", visible(one.tokens[token].replaceAll("\n", "↵")));
  const segment = SEGMENTS[one.segments[token]];
  return [word, ` token ${token} of 0–${one.tokens.length - 1}, ${segment}`];
}

function drawDetail() {
  const box = part("token-detail");
  box.replaceChildren();
  if (state.token === null) return;
  const heads = ["method", "credit Â", "on its scale", "minus mean", "sign"];
  const body = data.methods.map((name, method) => {
    const credit = rollout().credit[method];
    const value = credit?.[state.token];
    const agrees = Number(value) * Number(rollout().advantage);
    const sign = !agrees ? "–" : agrees > 0 ? "as A" : "against A";
    const scale = state.shared ? Math.max(...data.scales.credit) : data.scales.credit[method];
    const deviation = credit && deviations(credit)[state.token];
    const cells = [marked(value), bar(value, scale), signed(deviation), sign];
    return make("tr", "", make("th", "", name), ...cells.map((cell) => make("td", "n", cell)));
  });
  const head = heads.map((name, column) => make("th", column ? "n" : "", name));
  const table = make("table", "", make("thead", "", make("tr", "", ...head)));
  table.append(make("tbody", "", ...body));
  box.append(make("h3", "", ...tokenTitle(state.token)), make("dl", "facts", ...tokenFacts(
    state.token,
  ).map(([term, value]) => make("div", "", make("dt", "", term), make("dd", "", value)))));
  const frame = make("div", "scroll", table);
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", "credit of this token by method");
  box.append(frame);
}

function showTooltip(span) {
  const token = Number(span.dataset.token);
  const method = Number(span.closest(".row").dataset.method);
  const credit = data.methods.map((name, index) => {
    return [name, marked(rollout().credit[index]?.[token]), index === method];
  });
  const own = ["Â", marked(rollout().credit[method]?.[token]), true];
  tooltip.replaceChildren(...tokenTitle(token), pairs([...tokenFacts(token), own]), pairs(credit));
  hideTooltip();
  noted = span;
  span.setAttribute("aria-describedby", "tooltip");
  tooltip.hidden = false;
  moveTooltip();
}

// Beside its token, wherever that has gone; below it if there is room.
function moveTooltip() {
  if (!noted) return;
  const target = noted.getClientRects()[0] ?? noted.getBoundingClientRect();
  const { width, height } = tooltip.getBoundingClientRect();
  const left = Math.max(8, Math.min(target.left, innerWidth - width - 8));
  const below = target.bottom + 10;
  const top = below + height > innerHeight ? Math.max(8, target.top - height - 10) : below;
  tooltip.style.left = `${left}px`;
  tooltip.style.top = `${top}px`;
}

function hideTooltip() {
  tooltip.hidden = true;
  noted?.removeAttribute("aria-describedby");
  noted = null;
}
