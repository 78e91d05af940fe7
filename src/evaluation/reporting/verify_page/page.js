/* The page itself: what is dropped or chosen, and the answers in both languages. All names are shown as text. */

const VERDICTS = {
  valid: say("valido", "valid"), invalid: say("non valido", "invalid"), none: say("non disponibile", "not available"),
};
const byId = id => document.getElementById(id);

function speak(language) {
  document.documentElement.lang = language;
  document.documentElement.dataset.shown = language;
  for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", String(button.dataset.language === language));
}

function bilingual(tag, words) {
  const element = document.createElement(tag);
  for (const language of ["it", "en"]) {
    const part = document.createElement("span");
    part.lang = language;
    part.textContent = words[language];
    element.append(part);
  }
  return element;
}

function show(answers) {
  for (const [question, { verdict, lines }] of Object.entries(answers)) {
    const row = byId(question);
    row.dataset.verdict = verdict;
    row.querySelector(".verdict").replaceChildren(...bilingual("span", VERDICTS[verdict]).childNodes);
    row.querySelector(".evidence").replaceChildren(...lines.map(line => bilingual("li", line)));
  }
}

function status(words) { byId("status").replaceChildren(...bilingual("p", words).childNodes); }

async function verify(files) {
  byId("answers").hidden = false;
  status(say("Sto leggendo…", "Reading…"));
  try {
    show(await examine(files, (done, total) => status(say(`${done} di ${total} file`, `${done} of ${total} files`))));
    status(say(`${files.length} file letti, nessuno inviato.`, `${files.length} files read, none sent anywhere.`));
  } catch (error) {
    status(say(`Non si può leggere: ${error.message}`, `Cannot be read: ${error.message}`));
  }
}

/** Return the files below what was dropped, folder by folder. */
async function dropped(transfer) {
  const waiting = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!waiting.length) return [...transfer.files].map(file => ({ path: file.name, file }));
  const found = [];
  while (waiting.length && found.length <= MOST) {
    const entry = waiting.pop();
    if (entry.isFile) found.push({ path: entry.fullPath.replace(/^\//, ""), file: await new Promise((done, failed) => entry.file(done, failed)) });
    else for (const reader = entry.createReader(); ;) {
      const part = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!part.length) break;
      waiting.push(...part);
    }
  }
  return found;
}

const chosen = input => [...input.files].map(file => ({ path: file.webkitRelativePath || file.name, file }));

for (const button of document.querySelectorAll("[data-language]")) button.addEventListener("click", () => speak(button.dataset.language));
for (const id of ["folder", "pdf"]) byId(id).addEventListener("change", event => verify(chosen(event.target)));
addEventListener("dragover", event => { event.preventDefault(); byId("drop").classList.add("over"); });
addEventListener("dragleave", () => byId("drop").classList.remove("over"));
addEventListener("drop", async event => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  verify(await dropped(event.dataTransfer));
});
for (const hidden of document.querySelectorAll(".scripted")) hidden.hidden = false;
speak(navigator.language.startsWith("it") ? "it" : "en");
