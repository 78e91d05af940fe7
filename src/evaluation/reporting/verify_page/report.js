/* A report folder, or its PDF alone: the answers that a browser can give, each a verdict and what it rests on. */

const SUMS = "SHA256SUMS", SIGNED_SUMS = "SHA256SUMS.p7m", CRATE = "ro-crate-metadata.json", LOG = "run.log";
const SIGNED_PDF = /^evaluator-report\.(it|en)\.signed\.pdf$/, UNSIGNED_PDF = /^evaluator-report\.(it|en)\.pdf$/;
const KEYWORD = /crate-sha256:([0-9a-f]{64})/g, DROPPING = /(^|\/)(\.DS_Store|desktop\.ini|Thumbs\.db|\._[^/]*)$/i;
const LARGEST = 256 * 2 ** 20, MOST = 20000, NAMED = 50;
const say = (it, en) => ({ it, en });
const WRONG = {
  content: say("il contenuto non è quello firmato", "the content is not what was signed"),
  type: say("il tipo di contenuto non è quello firmato", "the type of content is not what was signed"),
  certificate: say("il certificato non è quello a cui la firma si lega", "the certificate is not the one the signature binds itself to"),
  signature: say("la firma non è di questa chiave", "the signature is not by this key"),
};

/** Take away the folder that was dropped: names count from where the list of sums lies; what lies elsewhere no list covers. */
function placed(dropped) {
  const lists = dropped.filter(({ path }) => path.split("/").pop() === SUMS).map(({ path }) => path.slice(0, -SUMS.length));
  const root = lists.sort((one, other) => one.length - other.length)[0] ?? "";
  const inside = dropped.filter(({ path }) => path.startsWith(root));
  const outside = dropped.filter(({ path }) => !path.startsWith(root)).map(({ path }) => path).sort();
  return { root, outside, files: new Map(inside.map(({ path, file }) => [path.slice(root.length), file])) };
}

async function read(files, name) {
  const file = files.get(name);
  if (!file) throw new Error(`${name}: missing`);
  if (file.size > LARGEST) throw new Error(`${name}: too large`);
  return new Uint8Array(await file.arrayBuffer());
}

/** Answer the questions, `progress(done, total)` while files are read. */
async function examine(dropped, progress) {
  if (dropped.length > MOST) throw new Error("too many files");
  const { root, outside, files } = placed(dropped);
  const pdfs = [...files.keys()].filter(name => name.toLowerCase().endsWith(".pdf") && !UNSIGNED_PDF.test(name) && !DROPPING.test(name));
  const signatures = [];
  for (const name of pdfs) signatures.push(...await guarded(name, () => pdfSignatures(files, name)));
  if (files.has(SIGNED_SUMS)) signatures.push(...await guarded(SIGNED_SUMS, () => sumsSignatures(files)));
  else if (files.has(SUMS) && pdfs.some(name => SIGNED_PDF.test(name))) signatures.push(fault(SIGNED_SUMS, say("manca, mentre il PDF è firmato", "missing, while the PDF report is signed")));
  if (files.has(SIGNED_SUMS) && !pdfs.length) signatures.push(fault("evaluator-report.it.signed.pdf", say(`manca, mentre ${SIGNED_SUMS} c’è`, `missing, while ${SIGNED_SUMS} is there`)));
  for (const name of [...pdfs.filter(each => SIGNED_PDF.test(each)), SIGNED_SUMS].filter(each => files.has(each)))
    if (!signatures.some(each => each.file === name && !each.stamp)) signatures.push(fault(name, say("nessuno l’ha firmato", "nobody signed it")));
  const elsewhere = uncovered(root, outside);
  return { signature: who(signatures), unchanged: unchanged(signatures), files: await listed(files, elsewhere, progress) };
}

/** Turn what cannot be read into an answer that says so. */
async function guarded(file, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unsupported) return [{ file, verdict: "none", lines: [say(`questa pagina non conosce: ${error.message}`, `this page does not know: ${error.message}`)] }];
    return [fault(file, say(`non si legge come firma (${error.message})`, `cannot be read as a signature (${error.message})`))];
  }
}

const fault = (file, words) => ({ file, verdict: "invalid", lines: [words] });

async function sumsSignatures(files) {
  const message = readMessage(await read(files, SIGNED_SUMS), false);
  if (!message.content) throw new Error("no content");
  if (message.type !== DATA) throw new Error("not a list of sums");
  const intact = files.has(SUMS) && same(message.content, await read(files, SUMS));
  return Promise.all(message.signers.map(async signer => {
    const found = await checkSigner(message, signer, message.content);
    const lines = intact ? [] : [say(`il contenuto firmato non è ${SUMS}`, `the signed content is not ${SUMS}`)];
    return { file: SIGNED_SUMS, ...found, ...judged([...found.wrong.map(each => WRONG[each]), ...lines]) };
  }));
}

const judged = lines => ({ verdict: lines.length ? "invalid" : "valid", lines });

/** Read every signature of a PDF: its range of bytes, the message in the hole, and what follows. */
async function pdfSignatures(files, name) {
  const bytes = await read(files, name);
  const text = new TextDecoder("latin1").decode(bytes);
  const ranges = [...text.matchAll(/\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]/g)].map(found => found.slice(1).map(Number));
  if (!ranges.length) return SIGNED_PDF.test(name) ? [fault(name, say("non contiene firme", "holds no signature"))] : [];
  const original = files.has(name.replace(".signed.pdf", ".pdf")) && name.endsWith(".signed.pdf") ? await read(files, name.replace(".signed.pdf", ".pdf")) : null;
  const reach = Math.max(...ranges.map(([, , start, length]) => start + length));
  const found = [];
  for (const range of ranges.sort((one, other) => one[2] + one[3] - other[2] - other[3]))
    found.push(...await guarded(name, () => rangeSignatures(name, bytes, text, range, reach, original)));
  return found;
}

async function rangeSignatures(name, bytes, text, [first, length, second, rest], reach, original) {
  const end = second + rest;
  const hole = text.slice(length, second);
  if (first !== 0 || length >= second || end > bytes.length || !/^<(?:[0-9a-f]+|[0-9A-F]+)>$/.test(hole) || hole.length % 2)
    throw new Error("the range leaves out more than the signature");
  const message = readMessage(Uint8Array.from(hole.slice(1, -1).match(/../g), pair => parseInt(pair, 16)), true);
  const covered = new Uint8Array(length + rest);
  covered.set(bytes.subarray(0, length));
  covered.set(bytes.subarray(second, end), length);
  const lines = [];
  const added = bytes.length - reach, stray = added ? unaccounted(text, reach) : null;
  if (stray !== null) lines.push(say(`${added} byte aggiunti dopo l’ultima firma, che nessuna tabella spiega (dal byte ${stray})`, `${added} bytes added after the last signature, which no table accounts for (from byte ${stray} on)`));
  if (original && !original.every((byte, at) => byte === bytes[at])) lines.push(say("il documento firmato non è quello non firmato di questa cartella", "the signed document is not the unsigned one of this folder"));
  const later = end < reach;
  return Promise.all(message.signers.map(async signer => {
    const stamp = message.type === TIME_STAMP ? readStamp(message.content) : null;
    const found = await checkSigner(message, signer, stamp ? message.content : covered);
    const wrong = [...found.wrong.map(each => WRONG[each]), ...lines];
    if (stamp && !(stamp.hash && same(stamp.hashed, await digest(stamp.hash, covered)))) wrong.push(WRONG.content);
    const time = stamp ? stamp.time : found.time ?? statedTime(text, length);
    const result = { file: name, stamp: Boolean(stamp), ...found, time, ...judged(wrong) };
    if (!later && added && result.verdict === "valid") {
      result.verdict = "none";
      result.lines = [say(`${added} byte aggiunti dopo l’ultima firma, come dati di convalida: che cosa mostrino, questa pagina non lo sa (evaluation verify)`, `${added} bytes added after the last signature, such as validation data: what they show, this page cannot tell (evaluation verify)`)];
    }
    if (later && result.verdict === "valid") {
      result.verdict = "none";
      result.lines = [say(`${reach - end} byte aggiunti dopo questa firma e coperti solo da una successiva: che cosa cambino, questa pagina non lo sa (evaluation verify)`, `${reach - end} bytes added after this signature and covered by a later one only: what they change, this page cannot tell (evaluation verify)`)];
    }
    return result;
  }));
}

/**
 * Return the first byte from `start` on that is no part of one well-formed update, null if there is none: objects one after the
 * other, each named at its place by one entry of the table, the table, its trailer, the table's place in digits, the end. Of what
 * was there before it may write the catalogue alone, and add nothing to it but the name of a validation store.
 */
function unaccounted(text, start) {
  const objects = new Map();
  let at = start + /^[\r\n]*/.exec(text.slice(start, start + 2))[0].length;
  for (let found; (found = /^(\d+) (\d+) obj\b/.exec(text.slice(at, at + 40)));) {
    const stream = /^(?:(?!endobj|stream)[^])*?\/Length (\d+)(?:(?!endobj|stream)[^])*?>>\s*stream\r?\n/.exec(text.slice(at, at + 4096));
    const body = stream ? at + stream[0].length + Number(stream[1]) : at;
    const end = text.indexOf("endobj", body);
    if (end < 0 || objects.has(found[1]) || (stream && !/^\s*endstream\s*endobj/.test(text.slice(body, body + 40)))) return at;
    if (/\/ObjStm\b/.test(text.slice(at, body)) || !mayWrite(text, start, found[1], text.slice(at, end))) return at;
    objects.set(found[1], [at, found[2]]);
    at = end + 6 + /^\s*/.exec(text.slice(end + 6, end + 16))[0].length;
  }
  const table = at, head = /^xref\r?\n/.exec(text.slice(at, at + 8));
  if (!head) return at;
  at += head[0].length;
  for (let found; (found = /^(\d+) (\d+) ?\r?\n/.exec(text.slice(at, at + 24)));) {
    at += found[0].length;
    for (let number = Number(found[1]), last = number + Number(found[2]); number < last; number++, at += 20) {
      const entry = /^(\d{10}) (\d{5}) ([nf])[ \r][\r\n]$/.exec(text.slice(at, at + 20)), place = objects.get(String(number));
      if (!entry) return at;
      if (entry[3] === "f" && number === 0) continue;
      if (entry[3] === "f" || !place || place[0] !== Number(entry[1]) || Number(place[1]) !== Number(entry[2])) return at;
      objects.delete(String(number));
    }
  }
  const [left] = [...objects.values()].map(([place]) => place).sort((one, other) => one - other);
  if (left !== undefined) return left;
  const end = /^trailer\s*<<[^]*?>>\s*startxref\r?\n(\d+)\r?\n%%EOF[\r\n]{0,2}$/.exec(text.slice(at));
  return end && Number(end[1]) === table && !/\bobj\b|\/XRefStm|\/Encrypt|xref[^]*xref/.test(end[0].replace("startxref", "")) ? null : at;
}

/** Tell whether an update after `start` may write this object: a new one, or the catalogue with a validation store. */
function mayWrite(text, start, number, written) {
  const trailer = text.slice(text.lastIndexOf("trailer", start), start);
  const size = /\/Size (\d+)/.exec(trailer), root = /\/Root (\d+) 0 R/.exec(trailer);
  if (!size || !root) return true;
  if (number !== root[1]) return Number(number) >= Number(size[1]);
  const before = [...text.slice(0, start).matchAll(new RegExp(`(?<![0-9])${number} 0 obj([^]*?)endobj`, "g"))].pop();
  const plain = body => body.replace(/^\d+ 0 obj|endobj$/g, "").replace(/\/DSS \d+ 0 R/, "").replace(/\s+/g, "");
  return Boolean(before) && plain(written) === plain(before[0]);
}

/** Return the time that the signature dictionary around a hole states: in a PDF it stands there, not in the message. */
function statedTime(text, hole) {
  const around = text.slice(text.lastIndexOf(" obj", hole), hole) + text.slice(text.indexOf(">", hole), text.indexOf("endobj", hole));
  const parts = /\/M\s*\(D(?::|\\072)(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z|([+-])(\d\d)'?(\d\d))?/.exec(around);
  if (!parts) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number);
  const ahead = parts[7] ? Number(parts[7] + "1") * (Number(parts[8]) * 60 + Number(parts[9])) : 0;
  return new Date(Date.UTC(year, month - 1, day, hour, minute - ahead, second));
}

function unchanged(signatures) {
  const verdicts = signatures.map(each => each.verdict);
  const lines = signatures.flatMap(each => each.lines.map(line => say(`${each.file}: ${line.it}`, `${each.file}: ${line.en}`)));
  if (verdicts.includes("invalid")) return { verdict: "invalid", lines };
  if (!verdicts.length) return { verdict: "none", lines: [say("nessuna firma", "no signature")] };
  const sound = signatures.filter(each => each.verdict === "valid").map(({ file }) => say(`${file}: come fu firmato`, `${file}: as it was signed`));
  return { verdict: verdicts.includes("none") ? "none" : "valid", lines: [...lines, ...sound] };
}

/** Say whose certificate signed; who that is, only a chain of trust can say, and this page follows none. */
function who(signatures) {
  const read = signatures.filter(each => each.certificate);
  const lines = read.flatMap(({ file, certificate, fingerprint, time, stamp, more }) => stamp ? [unconfirmed(file)] : [
    say(`${file}: firmato da ${certificate.name}, ${time ? minutes(time) : "senza data"} secondo l’orologio di chi firma`,
      `${file}: signed by ${certificate.name}, ${time ? minutes(time) : "no date"} by the signer’s own clock`),
    ...(more ? [unconfirmed(file)] : []),
    say(`certificato SHA-256 ${fingerprint}, emesso da ${certificate.by}, valido dal ${day(certificate.from)} al ${day(certificate.until)}`,
      `certificate SHA-256 ${fingerprint}, issued by ${certificate.by}, valid from ${day(certificate.from)} to ${day(certificate.until)}`),
    ...(time && (time < certificate.from || time > certificate.until) ? [say("il certificato non valeva in quella data", "the certificate was not valid on that date")] : []),
  ]);
  if (read.some(({ certificate }) => /DEMONSTRATION|DIMOSTRAZIONE/i.test(certificate.name)))
    lines.unshift(say("Firma di dimostrazione: non prova nulla su chi ha firmato.", "Demonstration signature: proves nothing about who signed."));
  if (read.length) lines.push(say("Chi sia davvero, questa pagina non lo può dire: non segue catene di certificati. Confrontare l’impronta con quella avuta dal valutatore per altra via.",
    "Who that really is, this page cannot say: it follows no chain of certificates. Compare the fingerprint with the one the evaluator gave you by another way."));
  const outside = read.some(({ time, certificate, stamp }) => !stamp && time && (time < certificate.from || time > certificate.until));
  const broken = read.some(({ wrong }) => wrong.length) || signatures.some(each => each.verdict === "invalid" && !each.certificate);
  const signers = signersOf(read);
  const other = new Set(signers.values()).size > 1;
  if (other) lines.unshift(say(`i file non hanno gli stessi firmatari (certificati diversi): ${[...signers.keys()].join(", ")}`, `the files do not have the same signers (different certificates): ${[...signers.keys()].join(", ")}`));
  if (!signatures.length) lines.push(say("il rapporto non è firmato", "the report is not signed"));
  return { verdict: outside || broken || other ? "invalid" : "none", lines };
}

/** Say that a stamp counts for nothing here, and not whose name it bears: anybody can put one there, under any name. */
const unconfirmed = file => say(`${file}: una marca non confermata: questa pagina non segue la catena della sua autorità (evaluation verify --trust)`,
  `${file}: an unconfirmed stamp: this page follows no chain from its authority (evaluation verify --trust)`);

/** Return the fingerprints of those who signed each file, as one text. */
function signersOf(read) {
  const signed = read.filter(each => !each.stamp);
  const of = name => [...new Set(signed.filter(({ file }) => file === name).map(each => each.fingerprint))].sort().join(" ");
  return new Map(signed.map(({ file }) => [file, of(file)]));
}

const minutes = time => time.toISOString().slice(0, 16).replace("T", " ") + " UTC";
const day = time => time.toISOString().slice(0, 10);

/** Say of each file that lies outside of the folder with the list that nothing here speaks for it. */
function uncovered(root, outside) {
  const lines = outside.slice(0, NAMED).map(path => say(`${path}: fuori dalla cartella dell’elenco (${root}${SUMS}), nessuna firma lo copre`, `${path}: outside the folder of the list (${root}${SUMS}), no signature covers it`));
  const more = outside.length - lines.length;
  return more ? [...lines, say(`e altri ${more}`, `and ${more} more`)] : lines;
}

/** Hold every file against both lists; `elsewhere` tells of those that no list can name. */
async function listed(files, elsewhere, progress) {
  if (!files.has(SUMS)) return { verdict: "none", lines: [say(`nessun ${SUMS}: trascinare la cartella intera`, `no ${SUMS}: drop the whole folder`)] };
  try {
    const names = [...files.keys()].filter(name => ![SUMS, SIGNED_SUMS, LOG].includes(name) && !SIGNED_PDF.test(name) && !DROPPING.test(name));
    const found = new Map();
    for (const name of names) {
      found.set(name, hex(await digest("SHA-256", await read(files, name))));
      progress(found.size, names.length);
    }
    const lines = [...elsewhere, ...differences(SUMS, readSums(await read(files, SUMS)), found)];
    const described = new Map([...found].filter(([name]) => name !== CRATE && !UNSIGNED_PDF.test(name)));
    lines.push(...differences(CRATE, readCrate(await read(files, CRATE)), described));
    for (const name of [...files.keys()].filter(each => UNSIGNED_PDF.test(each) || SIGNED_PDF.test(each)))
      lines.push(...named(name, await read(files, name), found.get(CRATE)));
    const dropped = [...files.keys()].filter(name => DROPPING.test(name)).slice(0, NAMED).map(name => say(`${name}: lasciato dal sistema, non fa parte del rapporto`, `${name}: left by a system, no part of the report`));
    if (files.has(LOG)) dropped.push(say(`${LOG}: fuori dagli elenchi, nessuna firma lo copre`, `${LOG}: outside the lists, no signature covers it`));
    return lines.length ? { verdict: "invalid", lines: [...lines, ...dropped] } : { verdict: "valid", lines: [say(`${found.size} file, tutti come elencati`, `${found.size} files, all as listed`), ...dropped] };
  } catch (error) {
    return { verdict: "invalid", lines: [say(error.message, error.message)] };
  }
}

/** Say where a report in PDF names another description of data, code and results than the one that lies here, or none. */
function named(name, bytes, crate) {
  const digests = new Set([...new TextDecoder("latin1").decode(bytes).matchAll(KEYWORD)].map(found => found[1]));
  return digests.size === 1 && digests.has(crate) ? [] : [say(`${name}: non nomina ${CRATE} di questa cartella`, `${name}: does not name the ${CRATE} of this folder`)];
}

function readSums(bytes) {
  const lines = new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\n$/, "").split("\n");
  const sums = new Map();
  for (const [at, line] of lines.entries()) {
    const parts = /^([0-9a-f]{64}) {2}(.+)$/.exec(line);
    if (!parts || sums.has(parts[2])) throw new Error(`${SUMS}, ${at + 1}: ?`);
    sums.set(parts[2], parts[1]);
  }
  return sums;
}

function readCrate(bytes) {
  const graph = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))["@graph"];
  const files = graph.filter(each => "sha256" in each && !each["@id"].startsWith("#"));
  return new Map(files.map(each => [decodeURIComponent(each["@id"]), each.sha256]));
}

function differences(list, expected, found) {
  const names = [...new Set([...expected.keys(), ...found.keys()])].sort();
  return names.filter(name => expected.get(name) !== found.get(name)).map(name => {
    const [it, en] = !found.has(name) ? ["manca", "missing"] : !expected.has(name) ? ["in più", "extra"] : ["cambiato", "changed"];
    return say(`${name}: ${it} (${list})`, `${name}: ${en} (${list})`);
  });
}
