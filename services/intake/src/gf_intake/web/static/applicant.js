"use strict";
/* The applicant's form: checks while typing, saves by itself, keeps what is typed in this tab until it is saved,
   uploads with progress. The form works without this file: every act is a button that posts. */
(() => {
  const form = document.querySelector("form[data-form]");
  if (!form) return;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const saved = document.getElementById("saved");
  const left = document.getElementById("left");
  const key = `form:${form.dataset.person}:${form.dataset.save}`;
  const CHECK_AFTER = 700;
  const SAVE_AFTER = 4000;
  const autosaves = form.dataset.autosave === "yes";
  let changed = form.hasAttribute("data-unsaved");
  let stopped = false;
  let checking = 0;
  let saving = null;
  let checkTimer = 0;
  let saveTimer = 0;

  const fields = () => all("input, select, textarea", form).filter((one) => one.name && !["hidden", "file", "submit"].includes(one.type));
  const typed = () => {
    const data = new FormData(form);
    for (const name of [...data.keys()]) if (name.startsWith("file:")) data.delete(name);
    return data;
  };
  const say = (text) => { saved.textContent = text; };
  const clock = () => new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
  const showChanged = (yes) => { changed = yes; };

  /* --- kept in this tab: survives an expired sign-in, a closed network, a reload ------------------------------------ */
  const keep = () => {
    const rows = fields().map((one) => ["checkbox", "radio"].includes(one.type) ? [one.name, one.value, one.checked] : [one.name, one.value, null]);
    try { sessionStorage.setItem(key, JSON.stringify({ version: form.dataset.version, rows })); } catch { /* full: the page still has it */ }
  };
  const forget = () => sessionStorage.removeItem(key);
  const recall = () => {
    const kept = JSON.parse(sessionStorage.getItem(key) || "null");
    if (!kept || form.hasAttribute("data-unsaved")) return;
    const now = fields();
    let restored = 0;
    for (const [name, value, checked] of kept.rows) {
      const field = now.find((one) => one.name === name && (checked === null || one.value === value));
      if (!field) continue;
      if (checked === null ? field.value !== value : field.checked !== checked) restored += 1;
      if (checked === null) field.value = value; else field.checked = checked;
    }
    if (!restored) { forget(); return; }
    for (const one of all(".remark textarea", form)) if (one.value) one.closest("details").open = true;
    if (kept.version !== form.dataset.version) {
      // Somebody saved meanwhile: the person decides, not the timer.
      tell("已恢复您上次尚未保存的内容。这份表单在此期间已被保存过，请核对后自行暂存；放弃恢复的内容请点击右侧按钮。", [["载入已保存的内容", reload]]);
      stopped = true;
    } else tell("已恢复您上次尚未保存的内容，请核对后暂存。", [["放弃，载入已保存的内容", reload]]);
    showChanged(true);
    say("恢复的内容尚未保存");
  };
  const reload = () => { forget(); changed = false; location.assign(location.pathname); };

  /* --- messages above the form --------------------------------------------------------------------------------------- */
  const tell = (text, buttons = [], rows = []) => {
    document.getElementById("told")?.remove();
    const box = element("div", { id: "told", className: "note", tabIndex: -1 }, element("p", { textContent: text }));
    box.setAttribute("role", "alert");
    if (rows.length) box.append(element("ul", {}, ...rows.map((row) => element("li", { textContent: row }))));
    const actions = element("p", { className: "actions" });
    for (const [label, act] of buttons) actions.append(element("button", { type: "button", textContent: label, onclick: act }));
    if (buttons.length) box.append(actions);
    form.before(box);
    return box;
  };
  const signIn = () => {
    keep();
    stopped = true;
    say("登录已过期，尚未保存");
    const box = tell("登录已过期。您填写的内容保留在本窗口，重新登录后自动恢复。", [["重新登录", () => {
      changed = false;
      location.assign(`${document.body.dataset.login || "/intake/ui/login"}?next=${encodeURIComponent(location.pathname)}`);
    }]]);
    box.scrollIntoView({ block: "nearest" });
  };

  /* --- what the server says of the values ---------------------------------------------------------------------------- */
  const closed = new Set();
  const show = (place, name, errors, warnings) => {
    place.replaceChildren(...errors.map((text) => element("p", { className: "error", textContent: text })),
      ...warnings.map((text) => {
        const box = element("details", { className: "warning", open: !closed.has(name + text) },
          element("summary", { textContent: "警告（可收起）" }), element("p", { textContent: text }));
        box.addEventListener("toggle", () => { if (box.open) closed.delete(name + text); else closed.add(name + text); });
        return box;
      }));
    const cell = place.closest(".cell");
    if (!cell) return;
    cell.classList.toggle("wrong", errors.length > 0);
    for (const one of all("input:not([type=checkbox], [type=radio]), textarea", cell)) {
      if (errors.length) one.setAttribute("aria-invalid", "true"); else one.removeAttribute("aria-invalid");
    }
  };
  const present = (found) => {
    for (const place of all("[data-said]", form)) {
      const name = place.dataset.said;
      show(place, name, found.errors[name] || [], (found.warnings || {})[name] || []);
    }
    for (const place of all("[data-converted]", form)) place.textContent = (found.converted || {})[place.dataset.converted] || "";
    if ("left" in found) left.textContent = found.left ? `还有 ${found.left} 项必填未填` : "必填项已填完";
  };
  const post = async (address, options = {}) => {
    const answer = await fetch(address, { method: "POST", body: typed(), headers: { Accept: "application/json" }, ...options });
    let body = {};
    try { body = await answer.json(); } catch { /* a gateway's page */ }
    return [answer.status, body];
  };
  const check = async () => {
    const mine = ++checking;
    try {
      const [status, body] = await post(form.dataset.live);
      if (status === 401 || body.code === "csrf") signIn();
      else if (status === 200 && mine === checking) present(body);
    } catch { /* the next keystroke asks again */ }
  };

  /* --- saving by itself ----------------------------------------------------------------------------------------------- */
  const save = async (options) => {
    if (!changed || stopped || !autosaves) return;
    if (saving) { await saving; return; }
    const edits = form.dataset.edits;
    saving = (async () => {
      try {
        say("正在保存……");
        const [status, body] = await post(form.dataset.save, options);
        if (status === 200) {
          form.dataset.version = body.version;
          form.elements.seen.value = body.version;
          if (form.dataset.edits === edits) { showChanged(false); forget(); }
          say(`已自动保存 ${clock()}`);
        } else if (status === 401 || body.code === "csrf") signIn();
        else if (status === 412) {
          stopped = true;
          say("尚未保存：表单已在别处修改");
          tell(`${body.detail}不同之处如下。`, [
            ["以本页内容为准，保存", () => {
              form.dataset.version = body.version;
              form.elements.seen.value = body.version;
              stopped = false;
              document.getElementById("told")?.remove();
              save();
            }],
            ["载入已保存的内容", reload],
          ], body.changed || []).scrollIntoView({ block: "nearest" });
        } else if (status === 422 && body.errors && !Array.isArray(body.errors)) say("有内容格式不对，改正后自动保存");
        else say(`尚未保存：${body.detail || "请稍后再试"}`);
      } catch { say("网络不通，内容保留在本窗口，恢复后自动保存"); later(10000); }
    })();
    await saving;
    saving = null;
    if (form.dataset.edits !== edits) later();
  };
  const later = (wait = SAVE_AFTER) => { clearTimeout(saveTimer); saveTimer = setTimeout(save, wait); };

  form.addEventListener("input", (event) => {
    if (event.target.type === "file") return;
    const choices = event.target.closest(".choices.stacked");
    if (choices && event.target.checked) {
      // "none of them" and any of them exclude each other.
      for (const one of all("input", choices)) if (("none" in one.dataset) !== ("none" in event.target.dataset)) one.checked = false;
    }
    form.dataset.edits = String(Number(form.dataset.edits || 0) + 1);
    showChanged(true);
    keep();
    say(autosaves && !stopped ? "有未保存的修改" : "有未保存的修改，请暂存");
    clearTimeout(checkTimer);
    checkTimer = setTimeout(check, CHECK_AFTER);
    later();
  });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save({ keepalive: true }); });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  form.addEventListener("submit", () => {
    keep(); // until the next page shows that it was saved
    clearTimeout(saveTimer);
    stopped = true;
    changed = false;
  });
  if (document.querySelector(".flash.done")) forget();

  /* --- files ----------------------------------------------------------------------------------------------------------- */
  const limit = Number(form.dataset.maxBytes);
  const size = (bytes) => bytes < 1048576 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
  const send = (slot, file) => new Promise((resolve) => {
    const line = element("li", { className: "sending" });
    const meter = element("progress", { max: 100, value: 0 });
    meter.setAttribute("aria-label", `上传进度：${file.name}`);
    const state = element("span", { className: "small", textContent: "0 %" });
    line.append(element("span", { textContent: file.name }), meter, state);
    slot.querySelector(".files").append(line);
    const fail = (text) => {
      meter.remove();
      state.className = "error";
      state.setAttribute("role", "alert");
      state.textContent = text;
      line.append(element("button", { type: "button", className: "plain", textContent: "知道了", onclick: () => line.remove() }));
      resolve(false);
    };
    if (file.size > limit) { fail(`文件 ${size(file.size)}，超过 ${size(limit)}，请压缩或拆分后上传。`); return; }
    const data = new FormData();
    data.append("csrf_token", form.elements.csrf_token.value);
    data.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", slot.dataset.address);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      meter.value = Math.round(100 * event.loaded / event.total);
      state.textContent = meter.value < 100 ? `${meter.value} %` : "已传完，正在检查……";
    };
    request.onerror = () => fail("网络不通，未能上传，请重试。");
    request.onload = () => {
      let body = {};
      try { body = JSON.parse(request.responseText); } catch { /* a gateway's page */ }
      if (request.status < 300) { line.remove(); resolve(true); return; }
      if (request.status === 401 || body.code === "csrf") signIn();
      fail(body.detail || (request.status === 413 ? `文件超过 ${size(limit)}。` : "未能上传，请稍后再试。"));
    };
    request.send(data);
  });
  // The list of files comes from the server, as the page itself shows it.
  const refresh = async (slot) => {
    const answer = await fetch(location.pathname);
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(slot.id);
    if (!fresh) return;
    const waiting = all(".sending", slot);
    slot.querySelector(".files").replaceChildren(...fresh.querySelector(".files").children, ...waiting);
    slot.querySelector(".slot-label").replaceChildren(...fresh.querySelector(".slot-label").childNodes);
  };
  const upload = async (slot, files) => {
    let done = 0;
    for (const file of files) if (await send(slot, file)) done += 1;
    if (done) { await refresh(slot); say(`已上传 ${done} 个文件`); }
  };
  for (const slot of all(".slot", form)) {
    const input = slot.querySelector("input[type=file]");
    input.addEventListener("change", async () => {
      const files = [...input.files];
      input.value = "";
      await upload(slot, files);
    });
    slot.addEventListener("dragover", (event) => { event.preventDefault(); slot.classList.add("over"); });
    slot.addEventListener("dragleave", () => slot.classList.remove("over"));
    slot.addEventListener("drop", async (event) => {
      event.preventDefault();
      slot.classList.remove("over");
      await upload(slot, [...event.dataTransfer.files]);
    });
    slot.addEventListener("click", async (event) => {
      const button = event.target.closest("[data-remove]");
      if (!button) return;
      event.preventDefault();
      const data = new FormData();
      data.append("csrf_token", form.elements.csrf_token.value);
      const answer = await fetch(button.getAttribute("formaction"), { method: "POST", body: data, headers: { Accept: "application/json" } });
      if (answer.status === 401) { signIn(); return; }
      await refresh(slot);
      say(answer.ok ? `已移除 ${button.dataset.name}` : "未能移除，请稍后再试");
      input.focus();
    });
  }

  recall();
  document.getElementById("refused")?.focus();
})();
