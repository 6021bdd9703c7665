// Small helps for every page. All of them work without this script as well.

document.documentElement.classList.add('js');

// An (i) closes when another is opened, on Escape, and on a click elsewhere.
const open = () => document.querySelectorAll('details.tip[open]');
document.addEventListener('click', (e) => {
  for (const tip of open()) if (!tip.contains(e.target)) tip.open = false;
});
document.addEventListener('keydown', (e) => {
  if (e.key !== 'Escape') return;
  for (const tip of open()) { tip.open = false; tip.querySelector('summary').focus(); }
});
// Near the right edge it opens to the left.
document.addEventListener('toggle', (e) => {
  const tip = e.target;
  if (!tip.matches?.('details.tip') || !tip.open) return;
  tip.classList.remove('right');
  const note = tip.querySelector('.note').getBoundingClientRect();
  tip.classList.toggle('right', note.right > document.documentElement.clientWidth - 8);
}, true);

// A list that can be narrowed down as one types: data-filter names the lists,
// their entries carry their words in data-words.
for (const input of document.querySelectorAll('input[data-filter]')) {
  const lists = input.dataset.filter.split(' ').map((id) => document.getElementById(id));
  input.addEventListener('input', () => {
    const words = input.value.trim().toLowerCase().split(/\s+/);
    for (const entry of lists.flatMap((list) => [...list.querySelectorAll('[data-words]')])) {
      const has = entry.dataset.words.toLowerCase();
      entry.classList.toggle('hidden', !words.every((w) => has.includes(w)));
    }
  });
}
