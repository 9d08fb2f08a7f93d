// Keys: one-letter shortcuts never fire while typing, and <html data-keys="off"> switches them off (WCAG 2.1.4).
const typing = (target) => target.closest?.('input:not([type=radio],[type=checkbox]),textarea,select,[contenteditable]');
const plain = (event) => !(event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target));
const seen = (element) => element.checkVisibility?.() ?? true;
const press = (element) => { element.focus(); element.click(); };
let going = 0;

// J and K walk the nearest list, [data-list], whose entries are [data-item]; Enter opens as usual.
const walk = (step) => {
  const items = [...document.querySelectorAll('[data-list] [data-item]')].filter(seen);
  const here = items.findIndex((item) => item === document.activeElement || item.contains(document.activeElement));
  const from = here >= 0 ? here : items.findIndex((item) => item.matches('[aria-current]'));
  const next = items[Math.min(Math.max(from + step, 0), items.length - 1)];
  const target = next?.matches('a,button') ? next : next?.querySelector('a,button');
  target?.focus();
  return Boolean(target);
};

document.addEventListener('keydown', (event) => {
  // Ctrl Enter sends the form one is writing in, through its own button so that its checks run.
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.('form');
    if (form) { event.preventDefault(); form.requestSubmit(); }
    return;
  }
  if (document.documentElement.dataset.keys === 'off' || !plain(event)) return;
  const key = event.key.toLowerCase();
  if (going && event.timeStamp - going < 1200) {
    going = 0;
    const page = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (page) { event.preventDefault(); page.click(); return; }
  }
  if (key === 'g') { going = event.timeStamp; return; }
  if (document.querySelector('.dialog:popover-open') && key !== '?') return;
  if ((key === 'j' || key === 'k') && walk(key === 'j' ? 1 : -1)) { event.preventDefault(); return; }
  const candidates = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
  const element = candidates.find(seen) ?? (key === '?' ? candidates[0] : undefined);
  if (element) { event.preventDefault(); press(element); }
});
