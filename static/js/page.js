// Small comforts of every page. Without this file each of them still works, one page load slower.
const root = document.documentElement;

// Theme: the form posts to the server; here the colours change at once and the cookie is written directly.
document.addEventListener('submit', (event) => {
  if (!event.target.matches('[data-theme-form]')) return;
  event.preventDefault();
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme:dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  const secure = location.protocol === 'https:' ? ';secure' : '';
  document.cookie = `theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax${secure}`;
});

// Menus close on a click elsewhere and on Escape, which gives the focus back to their button.
const closeMenus = (except) => document.querySelectorAll('details[data-menu][open]').forEach((menu) => {
  if (!menu.contains(except)) menu.open = false;
});
document.addEventListener('click', (event) => closeMenus(event.target));
document.addEventListener('keydown', (event) => {
  const menu = event.key === 'Escape' && event.target.closest?.('details[data-menu][open]');
  if (menu) { menu.open = false; menu.querySelector('summary').focus(); }
});

// Toasts: closed by hand; good news leaves by itself unless the pointer or the focus is on it.
document.addEventListener('click', (event) => {
  if (event.target.closest('[data-toast-close]')) event.target.closest('[data-toast]').remove();
});
const leave = (toast) => setTimeout(() => (toast.matches(':hover,:focus-within') ? leave(toast) : toast.remove()), 8000);
const toasts = document.getElementById('toasts');
if (toasts) {
  toasts.querySelectorAll('[data-v=ok]').forEach(leave);
  new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => {
    if (node.matches?.('[data-v=ok]')) leave(node);
  }))).observe(toasts, { childList: true });
}
const say = (words) => {
  const toast = document.createElement('div');
  toast.className = 'toast';
  toast.dataset.toast = '';
  toast.dataset.v = 'no';
  const close = document.createElement('button');
  close.className = 'icon-btn';
  close.dataset.toastClose = '';
  close.ariaLabel = document.body.dataset.close;
  close.textContent = '×';
  const text = document.createElement('p');
  text.textContent = words;
  toast.append(document.createElement('span'), text, close);
  toasts?.append(toast);
};
document.addEventListener('htmx:responseError', () => say(document.body.dataset.failed));
document.addEventListener('htmx:sendError', () => say(document.body.dataset.failed));

// While an answer is on its way the old one dims; polls of a hidden tab wait.
const busy = (event, on) => event.detail.target?.setAttribute('aria-busy', on);
document.addEventListener('htmx:beforeRequest', (event) => {
  const poll = event.detail.requestConfig?.triggeringEvent === undefined && event.detail.elt.matches('[hx-trigger*="every"]');
  if (poll && document.hidden) event.preventDefault();
  else if (!poll) busy(event, true);
});
document.addEventListener('htmx:afterRequest', (event) => busy(event, false));

// Date fields say the day of the week back.
document.addEventListener('input', (event) => {
  const field = event.target;
  const echo = field.type === 'date' && field.id && document.querySelector(`output.echo[for="${CSS.escape(field.id)}"]`);
  if (!echo) return;
  const day = field.valueAsDate;
  const year = day && day.getUTCFullYear() !== new Date().getFullYear() ? { year: 'numeric' } : {};
  const parts = { weekday: 'short', day: 'numeric', month: 'long', timeZone: 'UTC', ...year };
  echo.textContent = day ? new Intl.DateTimeFormat('en-GB', parts).format(day).replace(',', '') : '';
});

// Where the browser cannot force a folded part open on wide screens, open it.
if (!CSS.supports('selector(::details-content)') && matchMedia('(min-width:40.01rem)').matches) {
  document.querySelectorAll('details.promise,details.open-wide').forEach((fold) => { fold.open = true; });
}
