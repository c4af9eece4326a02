
// The page can be read without this. It sorts, filters, and opens the posts of a word, all from the page's own data.
// Text reaches the page through textContent alone.

const collator = new Intl.Collator("ja", { numeric: true });

// Sorting: the value of a cell is a number where its column is one; empty cells stay last either way.
function cellValue(row, column, numeric) {
  const cell = row.cells[column];
  const text = (cell.dataset.v ?? cell.textContent).trim();
  if (text === "") return null;
  return numeric ? Number(text.replaceAll(",", "")) : text;
}

function sort(head, body, direction) {
  const column = head.cellIndex;
  const numeric = head.classList.contains("n");
  const sign = direction === "ascending" ? 1 : -1;
  const keyed = [...body.rows].map((row) => ({ row, value: cellValue(row, column, numeric) }));
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
    return sign * (numeric ? a.value - b.value : collator.compare(a.value, b.value));
  });
  body.append(...keyed.map((entry) => entry.row));
  for (const cell of head.parentElement.cells) cell.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
}

function makeSortable(table) {
  for (const head of all("thead th", table)) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const next = now === null ? head.dataset.first : now === "ascending" ? "descending" : "ascending";
      sort(head, table.tBodies[0], next);
    });
  }
}

// Filtering: literal, without regard to case, width, or hiragana against katakana.
const plain = (text) =>
  text.normalize("NFKC").toLowerCase().replace(/[ぁ-ゖ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) + 0x60));

function makeFilterable(section, table) {
  const input = find("input", section);
  const output = find("output", section);
  const rows = [...table.tBodies[0].rows];
  const texts = rows.map((row) => plain([...row.cells].filter((c) => !c.classList.contains("n")).map((c) => c.textContent).join("\n")));
  input.addEventListener("input", () => {
    const wanted = plain(input.value.trim());
    let shown = 0;
    rows.forEach((row, place) => {
      row.hidden = !texts[place].includes(wanted);
      shown += row.hidden ? 0 : 1;
    });
    output.textContent = wanted === "" ? "" : fill(output.dataset.text, { shown, all: rows.length });
  });
}

// The posts of a word.
let parsed = null;
const contexts = () => (parsed ??= JSON.parse(find("#contexts").textContent));
function wordOf({ dataset }) {
  const { words } = contexts();
  if (dataset.pos !== undefined) return words[`${dataset.pos}\t${dataset.word}`];
  const keys = Object.keys(words).filter((key) => key.endsWith(`\t${dataset.word}`)); // charts and models name words alone
  return words[keys.find((key) => !key.startsWith("\t")) ?? keys[0]]; // rather the word than a hashtag of that name
}

function marked(text, surfaces) {
  const parts = document.createDocumentFragment();
  let from = 0;
  while (from < text.length) {
    let at = -1;
    let hit = "";
    for (const surface of surfaces) {
      const place = text.indexOf(surface, from);
      if (place >= 0 && (at < 0 || place < at || (place === at && surface.length > hit.length))) [at, hit] = [place, surface];
    }
    if (at < 0) break;
    parts.append(text.slice(from, at));
    parts.append(Object.assign(document.createElement("mark"), { textContent: hit }));
    from = at + hit.length;
  }
  parts.append(text.slice(from));
  return parts;
}

function postItem([clock, author, text, link], surfaces) {
  const item = find("#post").content.cloneNode(true);
  find("time", item).textContent = clock;
  find("bdi", item).textContent = author ?? "";
  const anchor = find("a", item);
  if (link !== null && /^https?:\/\//i.test(link)) anchor.href = link;
  else anchor.remove();
  find(".text", item).append(marked(text, surfaces));
  return item;
}

function showPosts(element) {
  const { posts } = contexts();
  const word = wordOf(element);
  if (word === undefined) return;
  const panel = find("#panel");
  const surfaces = word.surfaces.filter((surface) => surface !== "");
  find("#panel-title").textContent = element.dataset.word;
  const counted = [
    fill(panel.dataset.times, { count: word.count }),
    fill(panel.dataset.shown, { posts: word.in_posts, shown: word.posts.length }),
  ];
  find("#panel-about").textContent = [word.pos, word.reading, ...(word.count === null ? [] : counted)].filter(Boolean).join("　");
  find("#panel-posts").replaceChildren(...word.posts.map((place) => postItem(posts[place], surfaces)));
  panel.showModal();
  panel.scrollTop = 0;
  find("#panel-title").focus();
}

for (const section of all(".ranked")) {
  const table = find("table", section);
  if (table === null) continue;
  makeSortable(table);
  makeFilterable(section, table);
}

document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-word]");
  if (element !== null) showPosts(element);
});
setTimeout(() => {
  for (const word of all("g[data-word]")) word.classList.toggle("opens", wordOf(word) !== undefined);
});
find("#panel-close").addEventListener("click", () => find("#panel").close());
find("#panel").addEventListener("click", (event) => {
  const panel = event.currentTarget;
  const box = panel.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (event.target === panel && !inside) panel.close();
});
