// The heat map is one stop for Tab; inside it the arrows move, Home and End go to the ends of a row.
const grids = document.querySelectorAll('[data-grid]');
const prepare = (grid) => {
  const cells = [...grid.querySelectorAll('a.cell')];
  const first = cells.find((cell) => cell.matches('[aria-current]')) ?? cells[0];
  cells.forEach((cell) => { cell.tabIndex = cell === first ? 0 : -1; });
};
grids.forEach(prepare);
document.addEventListener('htmx:afterSwap', () => document.querySelectorAll('[data-grid]').forEach(prepare));

// An opened cell is marked; Escape in what it opened goes back to it.
document.addEventListener('htmx:afterSwap', (event) => {
  const opened = event.detail.requestConfig?.elt?.closest?.('[data-grid] .cell');
  if (!opened) return;
  opened.closest('[data-grid]').querySelectorAll('.cell[aria-current]').forEach((cell) => cell.removeAttribute('aria-current'));
  opened.setAttribute('aria-current', 'true');
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && event.target.closest?.('.drill')) document.querySelector('[data-grid] .cell[aria-current]')?.focus();
});

document.addEventListener('keydown', (event) => {
  const cell = event.target.closest?.('[data-grid] .cell');
  if (!cell) return;
  const row = cell.closest('tr');
  const column = cell.parentElement.cellIndex;
  const rows = [...cell.closest('table').querySelectorAll('tbody tr:not(.region)')];
  const at = rows.indexOf(row);
  const places = {
    ArrowRight: [row, column + 1, 1], ArrowLeft: [row, column - 1, -1],
    ArrowDown: [rows[at + 1], column, 0], ArrowUp: [rows[at - 1], column, 0],
    Home: [row, 1, 1], End: [row, row.cells.length - 1, -1],
  };
  if (!places[event.key]) return;
  let [target, index, step] = places[event.key];
  let next = target?.cells[index]?.querySelector('a.cell');
  while (!next && step && target.cells[index + step]) next = target.cells[index += step].querySelector('a.cell');
  event.preventDefault();
  if (!next) return;
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});
