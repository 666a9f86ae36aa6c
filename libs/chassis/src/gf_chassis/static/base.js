"use strict";
/* What the pages do beyond plain HTML. Pages read and post without this file; with it nothing typed is lost.
   - form[data-act]      sent in the background: the answer comes at once, what is wrong is shown at its field, the typed
                         text stays after a refusal, an expired session or a colleague who was faster
   - [data-confirm]      on a submit button: says what will happen and asks first (data-confirm-title, .danger)
   - form[data-guard]    asks before the page with unsaved input is left
   - form[data-check]    live errors from the fields' own conditions (required, min, max, pattern, data-message)
   - textarea[maxlength] shows how much is left
   - .scroll > table     becomes a list of cards on a phone; .scroll.keep scrolls sideways and can be focused
   - table[data-select]  ticks: one for all, the number chosen in [data-selected], [data-needs-selection] enabled by it
   - .subnav             marks the section that is being read
   Server side of data-act: gf_chassis.web.act_answer. */
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

/* --- short messages ---------------------------------------------------------------------------------------------- */
const toast = (text, seconds = 6) => {
  const region = document.querySelector(".toasts");
  const one = make("p", { textContent: text });
  region.append(one);
  setTimeout(() => one.remove(), seconds * 1000);
};

/* --- dialogs ----------------------------------------------------------------------------------------------------- */
// Resolves to the value of the button that closed it, "" for Escape. The first button has the focus.
const ask = (title, text, buttons) => new Promise((resolve) => {
  const dialog = make("dialog", { className: "ask" });
  const heading = make("h2", { textContent: title, id: "ask-title" });
  const body = make("p", { textContent: text, id: "ask-text" });
  const actions = make("div", { className: "actions" });
  dialog.setAttribute("aria-labelledby", "ask-title");
  dialog.setAttribute("aria-describedby", "ask-text");
  for (const [value, label, kind] of buttons) {
    actions.append(make("button", { type: "button", textContent: label, className: kind || "", onclick: () => dialog.close(value) }));
  }
  dialog.append(heading, body, actions);
  document.body.append(dialog);
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before && before.isConnected) before.focus();
    resolve(dialog.returnValue);
  });
  dialog.showModal();
  actions.querySelector("button").focus();
});

const confirmed = async (button) => {
  const question = button && button.dataset.confirm;
  if (!question) return true;
  const danger = button.classList.contains("danger");
  const answer = await ask(button.dataset.confirmTitle || "请确认", question, [
    ["no", "返回"],
    ["yes", button.textContent.trim(), danger ? "main danger" : "main"],
  ]);
  return answer === "yes";
};

/* --- what was typed, kept in this tab until it is sent -------------------------------------------------------------- */
const person = document.body.dataset.person || "";
const draftKey = (form) => `draft:${person}:${new URL(form.action).pathname}:${form.dataset.draft || ""}`;
const typed = (form) => $$("input, select, textarea", form).filter(
  (one) => one.name && !["hidden", "file", "password"].includes(one.type));
const store = (form) => {
  const rows = typed(form).map((one) => ["checkbox", "radio"].includes(one.type)
    ? [one.name, one.value, one.checked]
    : [one.name, one.multiple ? [...one.selectedOptions].map((option) => option.value) : one.value, null]);
  try { sessionStorage.setItem(draftKey(form), JSON.stringify(rows)); } catch { /* storage full or refused: the page still has it */ }
};
const forget = (form) => sessionStorage.removeItem(draftKey(form));
const recall = (form) => {
  const kept = sessionStorage.getItem(draftKey(form));
  if (!kept) return false;
  const fields = typed(form);
  for (const [name, value, checked] of JSON.parse(kept)) {
    const place = fields.findIndex((one) => one.name === name && (checked === null || one.value === value));
    if (place < 0) continue;
    const [field] = fields.splice(place, 1); // several fields of one name are filled in their order
    if (checked !== null) field.checked = checked;
    else if (field.multiple) for (const option of field.options) option.selected = value.includes(option.value);
    else field.value = value;
  }
  for (let box = form.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  return true;
};

/* --- errors at the fields ------------------------------------------------------------------------------------------ */
const words = (field) => {
  const state = field.validity;
  if (state.valid) return "";
  if (field.dataset.message && !state.valueMissing) return field.dataset.message;
  if (state.valueMissing) return field.type === "radio" ? "请选择一项。" : field.type === "file" ? "请选择文件。" : "请填写此项。";
  if (state.badInput || state.typeMismatch) return "格式不正确，请检查。";
  if (state.patternMismatch) return "格式不符合要求。";
  if (state.rangeUnderflow) return `不能小于 ${field.min}。`;
  if (state.rangeOverflow) return `不能大于 ${field.max}。`;
  if (state.tooLong) return `最多 ${field.maxLength} 个字。`;
  return "内容不符合要求。";
};
const mark = (field, text) => {
  const box = field.closest(".field, fieldset, td") || field.parentElement;
  const id = `e-${field.id || field.name}`.replace(/[^\w-]/g, "_");
  let place = box.querySelector(`#${CSS.escape(id)}`);
  if (!text) {
    if (place) place.remove();
    field.removeAttribute("aria-invalid");
    return;
  }
  if (!place) {
    place = make("p", { className: "error", id });
    box.append(place);
    const described = new Set((field.getAttribute("aria-describedby") || "").split(" ").filter(Boolean)).add(id);
    field.setAttribute("aria-describedby", [...described].join(" "));
  }
  place.textContent = text;
  field.setAttribute("aria-invalid", "true");
};
const valid = (form) => {
  const wrong = typed(form).concat($$("input[type=file]", form)).filter((field) => {
    const text = field.disabled ? "" : words(field);
    mark(field, text);
    return text;
  });
  if (wrong.length) wrong[0].focus();
  return !wrong.length;
};

/* --- acts ---------------------------------------------------------------------------------------------------------- */
const failure = (form, text, rows = []) => {
  form.querySelector(":scope > .failure")?.remove();
  const box = make("div", { className: "failure", tabIndex: -1 });
  box.setAttribute("role", "alert");
  box.append(make("p", { textContent: text }));
  if (rows.length) box.append(make("ul", {}, ...rows.map((row) => make("li", { textContent: row }))));
  form.prepend(box);
  box.scrollIntoView({ block: "nearest" });
  box.focus({ preventScroll: true });
  return box;
};

const onward = (form, address) => {
  form.dataset.sent = "yes";
  const target = new URL(address, location.href);
  if (target.pathname === location.pathname && target.search === location.search) {
    history.replaceState(null, "", target);
    location.reload();
  } else location.assign(target);
};

const signIn = async (form) => {
  store(form);
  const answer = await ask("登录已过期", "本次操作没有办理。已填写的内容保留在本窗口，重新登录后会自动恢复，请核对后再次提交。", [
    ["login", "重新登录", "main"], ["stay", "留在本页"],
  ]);
  if (answer !== "login") return;
  form.dataset.sent = "yes";
  location.assign(`${document.body.dataset.login}?next=${encodeURIComponent(location.pathname + location.search)}`);
};

const receive = async (form, status, body) => {
  if (status < 300 && body.to) {
    forget(form);
    return onward(form, body.to);
  }
  if (status === 401) return signIn(form);
  const rows = [];
  for (const { field, detail } of body.errors || []) {
    const place = field && [...form.elements].find((one) => one.name === field && one.type !== "hidden");
    if (place) mark(place, detail);
    else if (detail && detail !== body.detail) rows.push(detail);
  }
  if (status === 412 || body.code === "csrf") {
    store(form);
    const box = failure(form, body.detail, (body.changed || []).concat(rows));
    box.append(make("button", { type: "button", textContent: "查看最新内容（已填内容保留）",
      onclick: () => onward(form, body.to || location.href) }));
    return undefined;
  }
  const code = body.traceId && status >= 500 ? `（编号 ${body.traceId}）` : "";
  failure(form, (body.detail || "未能办理，请稍后再试。") + code, rows);
  return undefined;
};

// XMLHttpRequest, because it tells how much of a file has gone.
const post = (form, data, progress) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "text";
  request.timeout = 120000;
  if (progress) request.upload.onprogress = (event) => progress(event.loaded, event.total);
  request.onload = () => {
    let body = {};
    try { body = JSON.parse(request.responseText); } catch { /* not ours: a gateway's page */ }
    resolve([request.status, body]);
  };
  request.onerror = request.ontimeout = () => reject(new Error("network"));
  request.send(data);
});

const carryOut = async (form, button) => {
  if (form.dataset.busy || !valid(form) || !(await confirmed(button))) return;
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  const data = new FormData(form);
  if (button && button.name) data.append(button.name, button.value);
  form.querySelector(":scope > .failure")?.remove();
  if (button) button.setAttribute("aria-busy", "true");
  let gone;
  if ($$("input[type=file]", form).some((one) => one.files.length)) {
    const meter = make("progress", { max: 100, value: 0 });
    meter.setAttribute("aria-label", "上传进度");
    const said = make("span", { className: "small", textContent: "0 %" });
    gone = make("div", { className: "upload" }, meter, said);
    (button || form).after(gone);
    gone.update = (done, all) => { meter.value = Math.round(100 * done / all); said.textContent = meter.value < 100 ? `${meter.value} %` : "已传完，正在检查……"; };
  }
  try {
    await receive(form, ...(await post(form, data, gone && gone.update)));
  } catch {
    store(form);
    failure(form, "网络不通，不能确定是否已办理。请稍后用同一按钮再提交一次：不会重复办理。");
  } finally {
    if (gone) gone.remove();
    if (!form.dataset.sent) {
      delete form.dataset.busy;
      if (button) button.removeAttribute("aria-busy");
    }
  }
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.dataset.asked) { delete form.dataset.asked; form.dataset.sent = "yes"; return; }
  if (form.matches("[data-act]")) {
    event.preventDefault();
    await carryOut(form, button);
  } else if (form.matches("[data-check]") && !valid(form)) {
    event.preventDefault();
  } else if (button && button.dataset.confirm) {
    event.preventDefault();
    if (await confirmed(button)) { form.dataset.asked = "yes"; form.requestSubmit(button); }
  } else if (form.method === "post" && form.dataset.sent) {
    event.preventDefault(); // the second click of a double click
  } else form.dataset.sent = "yes";
});
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form) return;
  if (form.matches("[data-guard]")) form.dataset.changed = "yes";
  if (form.matches("[data-act]")) store(form);
  if (event.target.getAttribute("aria-invalid")) mark(event.target, words(event.target));
});
document.addEventListener("focusout", (event) => {
  const field = event.target;
  if (field.form && field.form.matches("[data-act], [data-check]") && field.value) mark(field, words(field));
});
window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-guard][data-changed]:not([data-sent])")) event.preventDefault();
});
// A page out of the browser's memory may be long out of date.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

/* --- tables -------------------------------------------------------------------------------------------------------- */
const stack = (table) => {
  const labels = $$(":scope > thead th", table).map((one) => one.textContent.trim());
  if (!labels.length) return;
  table.setAttribute("role", "table");
  for (const row of $$(":scope > tbody > tr", table)) {
    row.setAttribute("role", "row");
    [...row.children].forEach((cell, index) => {
      cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
      if (cell.colSpan > 1 || !labels[index]) return;
      cell.dataset.label = labels[index];
      // The heading takes the first column of the cell's grid, everything else the second.
      if (cell.childNodes.length) cell.replaceChildren(make("div", { className: "cell" }, ...cell.childNodes));
    });
  }
  for (const part of $$(":scope > tbody, :scope > thead", table)) part.setAttribute("role", "rowgroup");
  for (const row of $$(":scope > thead > tr", table)) row.setAttribute("role", "row");
  for (const head of $$(":scope > thead th", table)) head.setAttribute("role", "columnheader");
  table.classList.add("stacked");
};
const reachable = () => {
  for (const box of $$(".scroll, .sheet, pre")) {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      if (!box.hasAttribute("aria-label")) box.setAttribute("aria-label", box.querySelector("caption")?.textContent || "可左右滚动");
    } else if (box.getAttribute("role") === "region") {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  }
};

const selectable = (table) => {
  const all = table.querySelector("thead input[type=checkbox]");
  const rows = $$("tbody input[type=checkbox]", table);
  const show = () => {
    const chosen = rows.filter((one) => one.checked).length;
    for (const place of $$("[data-selected]")) place.textContent = String(chosen);
    for (const one of $$("[data-needs-selection]")) one.disabled = chosen === 0;
    if (all) { all.checked = chosen > 0 && chosen === rows.length; all.indeterminate = chosen > 0 && chosen < rows.length; }
  };
  if (all) all.addEventListener("change", () => { for (const one of rows) one.checked = all.checked; show(); });
  table.addEventListener("change", show);
  show();
};

/* --- start --------------------------------------------------------------------------------------------------------- */
document.body.append(make("div", { className: "toasts" }));
document.querySelector(".toasts").setAttribute("role", "status");
const recalled = $$("form[data-act]").filter(recall);
if (recalled.length) {
  toast("已恢复您尚未提交的内容，请核对后再提交。", 12);
  if (!location.hash) recalled[0].scrollIntoView({ block: "center" });
}
// Whoever goes on in the middle of a page does not see the message at its head.
const flash = document.querySelector(".flash");
if (flash && location.hash) toast(flash.textContent);
for (const form of $$("form[data-act], form[data-check]")) form.noValidate = true;
for (const area of $$("textarea[maxlength]")) {
  const count = make("p", { className: "count" });
  const show = () => { count.textContent = `${area.value.length} / ${area.maxLength}`; };
  area.addEventListener("input", show);
  area.after(count);
  show();
}
const narrow = window.matchMedia("(max-width: 700px)");
const arrange = () => { if (narrow.matches) for (const table of $$(".scroll:not(.keep) > table:not(.stacked)")) stack(table); };
narrow.addEventListener("change", arrange);
arrange();
for (const table of $$("table[data-select]")) selectable(table);
reachable();
window.addEventListener("resize", reachable);
document.addEventListener("toggle", reachable, true);
const sections = $$(".subnav a[href^='#']").map((link) => [link, document.querySelector(link.hash)]).filter(([, place]) => place);
if (sections.length) {
  const here = () => {
    const reading = sections.filter(([, place]) => place.getBoundingClientRect().top < 140).pop() || sections[0];
    for (const [link] of sections) {
      if (link === reading[0]) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  document.addEventListener("scroll", here, { passive: true });
  here();
}
// The link into a closed part opens it.
const reveal = () => {
  const place = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (place && place.tagName === "DETAILS") { place.open = true; place.querySelector("summary").focus(); }
};
window.addEventListener("hashchange", reveal);
document.addEventListener("click", (event) => { if (event.target.closest("a[href^='#']")) setTimeout(reveal); });
reveal();
const until = Number(document.body.dataset.expires || 0) * 1000;
const warnAt = until - Date.now() - 5 * 60000;
if (until && warnAt > 0 && warnAt < 2 ** 31) {
  setTimeout(() => toast("登录将在 5 分钟后过期，请先提交正在填写的内容。", 60), warnAt);
}
