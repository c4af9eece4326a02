
// Answers are kept in this browser as they are given, and leave it only as a file that the person saves.

const main = find("#main");
const who = find("#who");
const questions = all(".question");
const choices = new Map(questions.map((question) => [question, all("fieldset input", question)]));
const [WHO, ANSWERS] = ["hibi who", `hibi labels ${main.dataset.key}`];
const alone = new Set(["none", "?"]);
let answers = new Map(); // post_id -> [label, time]

// Some browsers lend no storage to files: then a person is told, and saving still works.
function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    tell(main.dataset.forgets);
  }
}

function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function tell(text) {
  const told = find("#told");
  told.textContent = text;
  told.hidden = text === "";
}

function chosen(question) {
  return choices.get(question).filter((input) => input.checked).map((input) => input.value);
}

function show(question) {
  const answered = answers.has(question.dataset.id);
  question.classList.toggle("answered", answered);
  find("#progress").textContent = fill(main.dataset.done, { done: answers.size, all: questions.length });
}

function record(question) {
  const labels = chosen(question);
  if (labels.length === 0) answers.delete(question.dataset.id);
  else answers.set(question.dataset.id, [labels.join("|"), new Date().toISOString()]);
  remember(ANSWERS, JSON.stringify([...answers]));
  show(question);
}

// "none" and "cannot tell" stand alone.
function settle(question, changed) {
  if (changed.type !== "checkbox" || !changed.checked) return;
  for (const input of choices.get(question)) {
    if (input !== changed && (alone.has(changed.value) || alone.has(input.value))) input.checked = false;
  }
}

let current = 0;
function mark() {
  questions.forEach((question, place) => {
    if (place === current) question.setAttribute("aria-current", "true");
    else question.removeAttribute("aria-current");
  });
}

function go(place) {
  current = Math.min(Math.max(place, 0), questions.length - 1);
  mark();
  questions[current].focus({ preventScroll: true });
  questions[current].scrollIntoView({ block: "center" });
}

function press(key) {
  const question = questions[current];
  const place = choices.get(question).findIndex((input) => input.closest("label").querySelector("kbd")?.textContent === key);
  if (place < 0) return false;
  const input = choices.get(question)[place];
  input.checked = input.type === "radio" || !input.checked;
  settle(question, input);
  record(question);
  if (input.type === "radio" || alone.has(input.value)) go(current + 1);
  return true;
}

function clear() {
  const question = questions[current];
  for (const input of choices.get(question)) input.checked = false;
  record(question);
}

document.addEventListener("keydown", (event) => {
  if (questions.length === 0 || event.target === who || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const inChoice = event.target.matches("fieldset input");
  const moves = inChoice ? { Enter: 1 } : { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, Enter: event.target.matches("button, a") ? 0 : 1 };
  if (moves[event.key]) go(current + moves[event.key]);
  else if (event.key === "Backspace") clear();
  else if (!press(event.key)) return;
  event.preventDefault();
});

for (const [place, question] of questions.entries()) {
  question.addEventListener("change", ({ target }) => {
    settle(question, target);
    record(question);
  });
  question.addEventListener("focusin", () => {
    current = place;
    mark();
  });
}

// Files
function rows() {
  return questions.filter(({ dataset }) => answers.has(dataset.id)).map(({ dataset }) => {
    const [label, labelled_at] = answers.get(dataset.id);
    return { post_id: dataset.id, label, labelled_at };
  });
}

const asJson = (person) =>
  JSON.stringify({ kind: "hibi labels", format: 1, task: main.dataset.task, queue: main.dataset.date, who: person, answers: rows() }, null, 1) + "\n";

// What a spreadsheet would run is guarded by an apostrophe, as in all our sheets: the pattern is that of csv_tables.py.
const formula =
  /^(?:[\s\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]*[=+\-@＝＋－＠﹦﹢﹣﹫−]|[\t\r\n])/u;
const inert = (text) => (formula.test(text) ? `'${text}` : text);
const cell = (text) => `"${inert(text).replaceAll('"', '""')}"`;
const asCsv = (person) =>
  "\ufeff" +
  [
    ["post_id", "task", "label", "who", "labelled_at"],
    ...rows().map(({ post_id, label, labelled_at }) => [post_id, main.dataset.task, label, person, labelled_at]),
  ].map((row) => row.map(cell).join(",") + "\r\n").join("");

function save(ending, kind, content) {
  const person = who.value.trim();
  if (person === "") {
    tell(main.dataset.nobody);
    who.focus();
    return;
  }
  const address = URL.createObjectURL(new Blob([content(person)], { type: kind }));
  const parts = [main.dataset.task, main.dataset.date, person].map((part) => part.replace(/[^\p{L}\p{N}_-]+/gu, "_"));
  Object.assign(document.createElement("a"), { href: address, download: `labels-${parts.join("-")}.${ending}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  tell(fill(main.dataset.saved, { answers: answers.size }));
}

find("#save-json").addEventListener("click", () => save("json", "application/json", asJson));
find("#save-csv").addEventListener("click", () => save("csv", "text/csv", asCsv));
who.addEventListener("input", () => remember(WHO, who.value));

function start() {
  who.value = recall(WHO) ?? "";
  try {
    answers = new Map(JSON.parse(recall(ANSWERS) ?? "[]"));
  } catch {
    answers = new Map();
  }
  for (const question of questions) {
    const label = answers.get(question.dataset.id)?.[0];
    for (const input of choices.get(question)) {
      input.checked = input.type === "radio" ? label === input.value : (label?.split("|").includes(input.value) ?? false);
    }
    show(question);
  }
  const open = questions.findIndex((question) => !answers.has(question.dataset.id));
  if (questions.length > 0) go(open < 0 ? 0 : open);
}

start();
