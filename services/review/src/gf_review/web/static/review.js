"use strict";
/* What the case page does beyond base.js: evidence in a window over the page, a field's finding with one click. */
const open = async (link) => {
  // A framed sign-in would be refused: ask first whether intake knows this person.
  let answer;
  try { answer = await fetch(link.href, { redirect: "manual", headers: { Accept: "text/html" } }); } catch { /* said below */ }
  if (answer && answer.type === "opaqueredirect") {
    const back = encodeURIComponent(location.pathname + location.search);
    const chosen = await ask("需要先登录申报系统", "佐证材料由申报系统保管，按您的权限提供。登录一次后回到本页即可预览。", [
      ["login", "登录申报系统", "main"], ["no", "返回"]]);
    if (chosen === "login") location.assign(`${new URL(link.href).origin}/intake/ui/login?next=${back}`);
    return;
  }
  if (!answer || !answer.ok) {
    await ask("暂时不能预览", answer && answer.status === 404 ? "没有找到这份材料，或您在申报系统的账号无权查看。" : "申报系统没有应答，请稍后再试。", [["no", "知道了", "main"]]);
    return;
  }
  const dialog = make("dialog", { className: "viewer" });
  dialog.setAttribute("aria-label", link.dataset.name);
  const close = make("button", { type: "button", textContent: "关闭", onclick: () => dialog.close() });
  const frame = make("iframe", { src: link.href, title: link.dataset.name });
  dialog.append(make("div", { className: "head" }, make("h2", { textContent: link.dataset.name }), close), frame);
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
};
document.addEventListener("click", (event) => {
  const preview = event.target.closest("a.preview");
  if (preview && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    open(preview);
  }
  const field = event.target.closest("a.to-field");
  if (field) {
    const select = document.querySelector("#f-pointer");
    select.value = field.dataset.pointer;
    setTimeout(() => document.querySelector("#f-pointer_note").focus(), 50);
  }
});
// Further fields of a return come one after the other.
const more = $$(".pair[data-more]");
for (const one of more) one.hidden = !$$("select, input", one).some((field) => field.value);
if (more.some((one) => one.hidden)) {
  const button = make("button", { type: "button", className: "plain", textContent: "再加一个字段" });
  button.onclick = () => {
    const next = more.find((one) => one.hidden);
    if (next) { next.hidden = false; next.querySelector("select").focus(); }
    button.hidden = !more.some((one) => one.hidden);
  };
  more[more.length - 1].after(button);
}
// Many filters in few lines: on a phone they are folded, so that the cases come first.
const phone = matchMedia("(max-width: 700px)");
const foldOnPhone = () => { for (const one of $$("details.fold")) one.open = !phone.matches; };
phone.addEventListener("change", foldOnPhone);
foldOnPhone();
