/* Signed messages (RFC 5652) with certificates (RFC 5280): is each signature of this content, by the key of its certificate? */

const HASHES = {
  "2.16.840.1.101.3.4.2.1": "SHA-256", "2.16.840.1.101.3.4.2.2": "SHA-384", "2.16.840.1.101.3.4.2.3": "SHA-512",
};
const RSA = {
  "1.2.840.113549.1.1.1": null, "1.2.840.113549.1.1.11": "SHA-256", "1.2.840.113549.1.1.12": "SHA-384",
  "1.2.840.113549.1.1.13": "SHA-512",
};
const PSS = "1.2.840.113549.1.1.10", ED25519 = "1.3.101.112";
const ECDSA = {
  "1.2.840.10045.4.3.2": "SHA-256", "1.2.840.10045.4.3.3": "SHA-384", "1.2.840.10045.4.3.4": "SHA-512",
};
const CURVES = {
  "1.2.840.10045.3.1.7": ["P-256", 32], "1.3.132.0.34": ["P-384", 48], "1.3.132.0.35": ["P-521", 66],
};
const DATA = "1.2.840.113549.1.7.1", SIGNED_DATA = "1.2.840.113549.1.7.2", TIME_STAMP = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE = "1.2.840.113549.1.9.3", MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_TIME = "1.2.840.113549.1.9.5", SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47";
// What has to be signed (RFC 5652, 11; RFC 5035, 5), and stands for nothing where nothing signs it.
const SIGNED_ONLY = new Set([CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, SIGNING_CERTIFICATE, "1.2.840.113549.1.9.16.2.12", "0.4.0.19122.1.1"]);
const COMMON_NAME = "2.5.4.3";

/** What this page cannot judge, as opposed to what is wrong. */
class Unsupported extends Error {}

const digest = async (name, bytes) => new Uint8Array(await crypto.subtle.digest(name, bytes));

/** Return issuer, serial number, names, dates and public key of a certificate. */
function readCertificate(der) {
  const fields = der.is(SEQUENCE).children[0].is(SEQUENCE).children;
  if (fields[0].tag === context(0)) fields.shift();
  const [serial, , issuer, validity, subject, key] = fields;
  const [from, until] = validity.children.map(each => each.time);
  return { der, serial: serial.whole, issuer: issuer.whole, from, until, key, name: commonName(subject), by: commonName(issuer) };
}

function commonName(name) {
  const pairs = name.children.flatMap(set => set.children).map(pair => pair.children);
  const found = pairs.filter(([type]) => type.oid === COMMON_NAME).map(([, value]) => value.text);
  const shown = found[0] ?? pairs.map(([, value]) => value.text).join(", ");
  return shown.replace(/[\p{C}\s]+/gu, " ").trim().slice(0, 120);
}

/** Read a message; `padded` tells that zeros may follow it, as they do in a PDF. */
function readMessage(bytes, padded) {
  const outer = new Der(bytes).is(SEQUENCE);
  const rest = bytes.subarray(outer.end);
  if (padded ? rest.some(byte => byte !== 0) : rest.length) throw new Error("bytes after the signature");
  const [type, wrapped] = outer.children;
  if (type.oid !== SIGNED_DATA) throw new Error("not a signed message");
  const [version, digests, inner, ...others] = wrapped.is(context(0)).children[0].is(SEQUENCE).children;
  version.is(INTEGER); digests.is(SET);
  const [contentType, carried] = inner.children;
  const signers = others[others.length - 1].is(SET).children.map(readSigner);
  if (!signers.length) throw new Error("no signer");
  const certificates = others.filter(each => each.tag === context(0)).flatMap(each => each.children);
  return {
    type: contentType.oid,
    content: carried ? carried.children[0].is(OCTETS).content : null,
    certificates: certificates.filter(each => each.tag === SEQUENCE).map(readCertificate),
    signers,
  };
}

function readSigner(info) {
  const [version, id, hash, ...rest] = info.is(SEQUENCE).children;
  version.is(INTEGER);
  const [signed, algorithm, signature, unsigned] = rest;
  const stated = signed.is(context(0)).children.map(each => [each.children[0].oid, each.children[1].is(SET).children]);
  const attributes = new Map(stated);
  if (attributes.size < stated.length) throw new Error("an attribute stated twice");
  if (unsigned && unsigned.is(context(1)).children.some(each => SIGNED_ONLY.has(each.children[0].oid))) throw new Error("an attribute that has to be signed");
  const covered = signed.whole.slice();
  covered[0] = SET;  // what is signed is the set, not the place it stands in (RFC 5652, 5.4)
  return { id, hash: HASHES[hash.children[0].oid], attributes, covered, algorithm: algorithm.children, signature: signature.is(OCTETS).content, more: Boolean(unsigned) };
}

/** Check one signer of a message over `content`: what is found, and what is wrong ([] if nothing). */
async function checkSigner(message, signer, content) {
  const certificate = message.certificates.find(each => names(signer.id, each));
  if (!certificate) throw new Error("the certificate of the signer is not in the message");
  if (!signer.hash) throw new Unsupported("digest algorithm");
  const wrong = [];
  const [stated] = signer.attributes.get(MESSAGE_DIGEST) ?? [];
  const [type] = signer.attributes.get(CONTENT_TYPE) ?? [];
  if (!stated || !same(stated.is(OCTETS).content, await digest(signer.hash, content))) wrong.push("content");
  if (!type || type.oid !== message.type) wrong.push("type");
  if (!await namedInside(signer, certificate)) wrong.push("certificate");
  if (!await holds(certificate.key, signer)) wrong.push("signature");
  const [time] = signer.attributes.get(SIGNING_TIME) ?? [];
  return {
    certificate, wrong, time: time ? time.time : null, more: signer.more,
    fingerprint: hex(await digest("SHA-256", certificate.der.whole)),
  };
}

function names(id, certificate) {
  if (id.tag !== SEQUENCE) return false;  // by key identifier: no signature of a report is
  const [issuer, serial] = id.children;
  return same(issuer.whole, certificate.issuer) && same(serial.whole, certificate.serial);
}

/** Tell whether the certificate is the one that the signer signed to (RFC 5035); true where it signed to none. */
async function namedInside(signer, certificate) {
  const [attribute] = signer.attributes.get(SIGNING_CERTIFICATE) ?? [];
  if (!attribute) return true;
  const [first, second] = attribute.children[0].children[0].children;
  const other = first.tag === SEQUENCE ? HASHES[first.children[0].oid] : "SHA-256";
  if (!other) throw new Unsupported("digest algorithm");
  const stated = (first.tag === SEQUENCE ? second : first).is(OCTETS).content;
  return same(stated, await digest(other, certificate.der.whole));
}

/** Tell whether the signature is of these attributes, by the key of this certificate. */
async function holds(key, signer) {
  const [algorithm, parameters] = signer.algorithm;
  const id = algorithm.oid;
  let kind, how, signature = signer.signature;
  if (id in RSA) {
    kind = how = { name: "RSASSA-PKCS1-v1_5", hash: RSA[id] ?? signer.hash };
  } else if (id === PSS) {
    kind = { name: "RSA-PSS", hash: signer.hash };
    how = { name: "RSA-PSS", saltLength: saltLength(parameters, signer.hash) };
  } else if (id in ECDSA) {
    const [curve, size] = CURVES[key.children[0].children[1].oid] ?? [];
    if (!curve) throw new Unsupported("curve");
    kind = { name: "ECDSA", namedCurve: curve };
    how = { name: "ECDSA", hash: ECDSA[id] };
    signature = pair(signature, size);
  } else if (id === ED25519) {
    kind = how = { name: "Ed25519" };
  } else {
    throw new Unsupported("signature algorithm");
  }
  let imported;
  try {
    imported = await crypto.subtle.importKey("spki", key.whole, kind, false, ["verify"]);
  } catch {
    throw new Unsupported("public key");
  }
  return crypto.subtle.verify(how, imported, signature, signer.covered);
}

function saltLength(parameters, hash) {
  const fields = new Map((parameters ? parameters.children : []).map(each => [each.tag, each.children[0]]));
  const stated = fields.get(context(0));
  if (!stated || HASHES[stated.children[0].oid] !== hash) throw new Unsupported("digest algorithm");
  const salt = fields.get(context(2));
  return salt ? salt.is(INTEGER).content.reduce((sum, byte) => sum * 256 + byte, 0) : 20;
}

/** Turn the DER pair of an ECDSA signature into the two numbers side by side, as WebCrypto wants them. */
function pair(signature, size) {
  const outer = new Der(signature).is(SEQUENCE);
  const numbers = outer.children.map(each => each.is(INTEGER).content);
  if (outer.end !== signature.length || numbers.length !== 2) throw new Error("not an ECDSA signature");
  const joined = new Uint8Array(2 * size);
  numbers.forEach((number, at) => {
    const digits = number[0] === 0 ? number.subarray(1) : number;
    if (digits.length > size) throw new Error("not an ECDSA signature");
    joined.set(digits, (at + 1) * size - digits.length);
  });
  return joined;
}

/** Return the hash that a time stamp (RFC 3161) was given, and its time. */
function readStamp(content) {
  const [, , imprint, , time] = new Der(content).is(SEQUENCE).children;
  const [algorithm, hashed] = imprint.children;
  return { hash: HASHES[algorithm.children[0].oid], hashed: hashed.is(OCTETS).content, time: time.time };
}
