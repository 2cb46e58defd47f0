"use strict";

// The console. Twice a second it asks for the state, and shows what changed. Whatever it does, it does by a line of the command line.
// Texts from the wire are only ever set as text, never as HTML.

const $ = (id) => document.getElementById(id);
const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* it is then forgotten with the page */ } };

// -- words --

let language = kept("language") ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
const word = (key, n, m) => (WORDS[language][key] ?? key).replace("{n}", n).replace("{m}", m);

// What cannot be seen, or turns the text around, is shown by its number: a number that is read from right to left is another number.
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const plain = (text) => String(text).replace(HIDDEN, (c) => `⟨${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

// Whole numbers alone: no float ever holds yuan.
const yuan = (fen) => `${Math.trunc(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;

// -- the page --

function make(tag, texts = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(texts)) {
    if (name === "text") element.textContent = plain(value);
    else if (name === "click") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Elements of a list stay where their key stays: what is open stays open, what has the focus keeps it.
function list(parent, items, key, draw) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const item of items) {
    const name = key(item);
    const drawn = JSON.stringify([item, language]);
    let child = known.get(name);
    if (child?.dataset.drawn !== drawn) {
      const anew = draw(item, child);
      anew.dataset.key = name;
      anew.dataset.drawn = drawn;
      if (child && child !== anew) child.replaceWith(anew);
      child = anew;
    }
    known.delete(name);
    const place = before ? before.nextSibling : parent.firstChild;
    if (child !== place) parent.insertBefore(child, place);
    before = child;
  }
  for (const child of known.values()) child.remove();
}

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-word]")) set(element, word(element.dataset.word));
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", word(element.dataset.label));
  set(document.querySelector("th[data-word=refunded]"), word("refunded_column"));
  set($("language"), word("language"));
  $("language").setAttribute("aria-label", word("language_label"));
  set($("theme"), word(isDark() ? "theme_light" : "theme_dark"));
  $("qr").alt = word("qr_alt");
  $("bars").alt = word("bars_alt");
  for (const option of document.querySelectorAll("option[data-name]")) set(option, word(option.dataset.name));
}

const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function options(select, names, prefix) {
  select.replaceChildren(...names.map((name) => {
    const option = make("option", { value: name, text: name });
    if (prefix) option.dataset.name = prefix + name;
    return option;
  }));
}

// -- the simulator --

async function ask(path, request) {
  const reply = await fetch(path, { cache: "no-store", ...request });
  if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
  return reply;
}

// One line after the other, as a person chose them: requests under way together arrive in any order, and the last to arrive would stand.
let before = Promise.resolve();
function obey(line) {
  return (before = before.then(() => send(line)));
}

async function send(line) {
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ line }) };
  try {
    const said = (await (await ask("do", request)).text()).trimEnd();
    await look();
    return said;
  } catch {
    lost(true);
    return "";
  }
}

function lost(is) {
  $("gone").hidden = !is;
}

let asked = 0;
let shown = 0;
async function look() {
  const mine = ++asked;
  try {
    const find = $("find").value.trim();
    const state = await (await ask(find ? `state?${new URLSearchParams({ find })}` : "state")).json();
    lost(false);
    // An answer that was overtaken by a later one is old.
    if (mine < shown) return;
    shown = mine;
    show(state);
  } catch {
    lost(true);
  }
}

async function watch() {
  await look();
  setTimeout(watch, document.hidden ? 2000 : 500);
}

// -- what is shown --

let last = null;
function show(state) {
  last = state;
  showPhone(state.phone, state.open);
  showTotals(state.totals);
  list($("rows"), state.rows, (row) => `${row.gateway} ${row.number}`, drawRow);
  $("no-rows").hidden = state.rows.length > 0;
  $("more-rows").hidden = $("find").value.trim() !== "" || state.rows.length >= state.totals.orders;
  set($("more-rows"), word("more_rows", state.rows.length, state.totals.orders));
  showWire(state.wire);
  showPlan(state.plan);
  const { now, ahead } = state.clock;
  set($("clock"), ahead > 0 ? word("ahead", now, ahead) : word("now", now));
  if (!$("day").value) choose(now.slice(0, 10));
}

function showPhone(phone, open) {
  const code = phone.code ?? "";
  $("code").dataset.habit = phone.habit;
  if ($("code").dataset.code !== code) {
    $("code").dataset.code = code;
    set($("code"), code.replace(/(\d{4})(?=\d)/g, "$1 "));
    const text = new URLSearchParams({ text: code });
    $("qr").src = `qr.svg?${text}`;
    $("bars").src = `bars.svg?${text}`;
  }
  set($("seconds"), word("seconds", phone.seconds ?? 0));
  if (document.activeElement !== $("habit")) $("habit").value = phone.habit;
  const asks = phone.dialog;
  $("dialog").hidden = !asks;
  if (asks && $("dialog").dataset.number !== asks.number) {
    $("dialog").dataset.number = asks.number;
    set($("dialog-merchant"), plain(asks.merchant));
    set($("dialog-amount"), `¥${yuan(asks.amount)}`);
    set($("dialog-number"), plain(asks.number));
  }
  if (!asks) delete $("dialog").dataset.number;
  const messages = phone.messages.length ? phone.messages : [{ kind: "no_messages" }];
  list($("messages"), messages, (m) => `${m.number} ${m.kind} ${m.amount} ${m.at}`, drawMessage);
  list($("open-orders"), open.length ? open : [{ none: true }], (order) => `${order.gateway} ${order.number}`, drawOpen);
}

function drawMessage(message) {
  if (!message.number) return make("li", { text: word(message.kind), class: "quiet" });
  return make("li", { class: message.kind },
    make("strong", { text: `${word(message.kind)} ¥${yuan(message.amount)}` }),
    make("span", { text: message.merchant, dir: "auto" }),
    make("span", { text: message.at, class: "quiet" }));
}

function drawOpen(order) {
  if (order.none) return make("li", { text: word("no_open_orders"), class: "quiet" });
  const open = () => scan(order.number);
  return make("li", {},
    make("span", { text: `¥${yuan(order.amount)} ${order.kind}` }),
    make("span", { text: order.merchant, dir: "auto" }),
    make("span", { text: order.number, class: "quiet number" }),
    make("button", { type: "button", text: word("open_this"), "data-number": order.number, click: open }));
}

function showTotals(totals) {
  const shown = [
    ["orders", totals.orders], ["open", totals.open], ["paid", totals.paid], ["sum", yuan(totals.paid_fen)],
    ["refunded", yuan(totals.refunded_fen)], ["reversed", totals.reversed], ["twice", totals.twice],
  ];
  list($("totals"), shown, ([name]) => name, ([name, value]) => make("div", { class: name === "twice" && value > 0 ? "twice" : "" },
    make("dt", { text: word(`total_${name}`) }), make("dd", { text: value, "data-total": name })));
}

// On a phone a row is a card, and each cell says what it is.
const cell = (name, texts, ...children) => make("td", { "data-label": word(name), ...texts }, ...children);

function drawRow(row) {
  const twice = row.charges > 1;
  const moved = cell("moved", { class: "right moved" }, make("span", { text: word("times", row.charges) }));
  if (twice) moved.append(make("strong", { text: word("twice", row.charges) }));
  if (row.twin) moved.append(make("strong", { text: word("twin"), class: "twin" }));
  if (row.reversed > 0) moved.append(make("span", { text: word("reversed"), class: "quiet" }));
  const refunds = cell("refunded_column", { class: "right refunded", text: row.refunded > 0 ? yuan(row.refunded) : "" });
  for (const refund of row.refunds) {
    refunds.append(make("span", { class: "quiet", text: `${yuan(refund.amount)} ${refund.state}`, title: plain(refund.number) }));
    if (refund.state !== "PROCESSING") continue;
    const arrive = () => obey(`end-refund ${refund.number} SUCCESS`);
    refunds.append(make("button", { type: "button", text: word("arrive"), "data-refund": plain(refund.number), click: arrive }));
  }
  const state = cell("state", { class: "state" }, make("span", { text: row.state }));
  if (row.attempts > 1) state.append(make("span", { class: "quiet", text: word("attempts", row.attempts) }));
  return make("tr", { class: twice ? "twice" : row.twin ? "like" : "", "data-number": plain(row.number) },
    cell("at", { class: "quiet at", text: row.at.slice(11), title: row.at }),
    cell("gateway", { class: "gateway", text: row.gateway }),
    cell("number", { class: "number" }, make("span", { text: row.number }), make("span", { class: "quiet", text: row.subject, dir: "auto" })),
    cell("terminal", { class: "terminal", text: row.terminal, dir: "auto" }),
    cell("amount", { class: "right amount-cell", text: yuan(row.amount) }),
    state, moved, refunds);
}

function showWire(wire) {
  const exchanges = wire.length ? wire : [{ none: true }];
  list($("exchanges"), exchanges, (exchange) => `${exchange.serial}`, drawExchange);
}

// Elements of XML one below the other.
const lines = (text) => text.replaceAll("><", ">\n<");

function drawExchange(exchange) {
  if (exchange.none) return make("p", { text: word("no_exchanges"), class: "quiet" });
  const summary = make("summary", {},
    make("span", { text: exchange.at.slice(11), class: "quiet" }),
    make("span", { text: exchange.path }),
    make("span", { text: exchange.number, class: "number" }));
  if (exchange.wrong) summary.append(make("strong", { text: exchange.wrong, class: "bad" }));
  if (exchange.said) summary.append(make("span", { text: exchange.said, class: "said" }));
  if (exchange.fault) summary.append(make("strong", { text: word("struck", exchange.fault), class: "fault" }));
  const verdict = [exchange.wrong || word("right"),
    exchange.certificate ? word("certificate", exchange.certificate) : word("no_certificate"),
    exchange.status ? word("status", exchange.status) : word("no_reply")].join(" · ");
  const details = make("details", { class: "exchange" }, summary, make("p", { text: verdict, class: "quiet" }));
  const part = (title, text) => details.append(make("h4", { text: word(title) }), make("pre", { text, tabindex: "0" }));
  for (const signed of exchange.signed) part("signed", signed);
  if (exchange.request) part("request", lines(exchange.request));
  if (exchange.reply) part("reply", lines(exchange.reply));
  return details;
}

function showPlan(plan) {
  const planned = [...plan.faults, ...plan.behaviours];
  if (plan.delay > 0 || plan.loss > 0) planned.push(word("way_is", plan.delay, plan.loss));
  const shown = planned.length ? planned : [word("nothing_planned")];
  list($("planned"), shown.map((text, at) => [at, text]), ([at]) => `${at}`, ([, text]) => make("li", { text }));
}

const say = (element, text) => set(element, plain(text));

// -- what a person does --

function choose(day) {
  $("day").value = day;
  const date = day.replaceAll("-", "");
  $("bill").href = `bill.csv?${new URLSearchParams({ date, type: $("bill-type").value })}`;
  $("fund-flow").href = `fund-flow.csv?${new URLSearchParams({ date })}`;
}

function on(id, event, act) {
  $(id).addEventListener(event, (what) => {
    if (event === "submit") what.preventDefault();
    act(what);
  });
}

async function scan(text) {
  const said = await obey(`scan ${text}`);
  say($("scan-said"), said.startsWith("order ") ? word("scanned", said.slice(6)) : said);
}

const KEYED = ["amount", "order", "query", "reversal"];
function planFault() {
  const [when, name] = [$("fault-when").value, $("fault-name").value];
  return obey(KEYED.includes(when) ? `fault ${when}=${$("fault-value").value.trim()}:${name}` : `${when} ${name}`);
}

function wire() {
  on("language", "click", () => {
    language = language === "zh" ? "en" : "zh";
    keep("language", language);
    speak();
    if (last) show(last);
  });
  on("theme", "click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    keep("theme", document.documentElement.dataset.theme);
    speak();
  });
  on("copy", "click", async () => {
    await navigator.clipboard.writeText($("code").dataset.code).then(() => set($("copy"), word("copied")), () => {});
    setTimeout(() => set($("copy"), word("copy")), 1500);
  });
  on("renew", "click", () => obey("renew"));
  on("habit", "change", () => obey(`customer ${$("habit").value}`));
  on("dialog-pay", "click", async () => say($("scan-said"), await obey(`pay ${$("dialog").dataset.number}`)));
  on("dialog-refuse", "click", async () => say($("scan-said"), await obey(`refuse ${$("dialog").dataset.number}`)));
  on("scan", "submit", async () => {
    const text = $("scan-text").value.trim();
    if (!text) return;
    await scan(text);
    $("scan-text").value = "";
  });
  on("find", "input", look);
  on("day", "change", () => choose($("day").value));
  on("bill-type", "change", () => choose($("day").value));
  on("fault-when", "change", () => { $("fault-of").hidden = !KEYED.includes($("fault-when").value); });
  on("fault", "submit", async () => say($("fault-said"), await planFault()));
  on("behave", "submit", async () => say($("fault-said"), await obey(`behave ${$("behaviour").value}`)));
  on("way", "submit", async () => say($("fault-said"), [await obey(`delay ${$("delay").value}`), await obey(`loss ${$("loss").value}`)].join(" ")));
  on("advance", "submit", async () => say($("fault-said"), await obey(`advance ${$("seconds-ahead").value}`)));
  for (const button of document.querySelectorAll("[data-ahead]")) {
    button.addEventListener("click", () => obey(`advance ${button.dataset.ahead}`));
  }
  on("clear", "click", async () => {
    say($("fault-said"), await obey("clear"));
    $("delay").value = $("loss").value = 0;
  });
  on("command", "submit", async () => {
    say($("answer"), await obey($("line").value) || "·");
    $("line").select();
  });
}

async function begin() {
  const theme = kept("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  try {
    const names = await (await ask("names")).json();
    options($("habit"), names.habits, "habit_");
    options($("fault-name"), names.faults);
    options($("behaviour"), names.behaviours);
  } catch {
    lost(true);
  }
  options($("fault-when"), ["next", "next-refund", "next-query", "next-reversal", ...KEYED], "when_");
  speak();
  wire();
  watch();
}

begin();
