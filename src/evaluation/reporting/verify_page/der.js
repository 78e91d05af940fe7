"use strict";
/* DER (ITU-T X.690): just enough to read a certificate and a signed message, and to refuse all that is not DER. */

class Der {
  constructor(bytes, start = 0, limit = bytes.length) {
    if (start + 2 > limit) throw new Error("DER: cut off");
    this.bytes = bytes;
    this.start = start;
    this.tag = bytes[start];
    if ((this.tag & 31) === 31) throw new Error("DER: long tag");
    let length = bytes[start + 1], at = start + 2;
    if (length > 127) {
      const count = length & 127;
      if (count === 0 || count > 4 || at + count > limit) throw new Error("DER: length");
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + bytes[at++];
      if (length < 128 || length < 256 ** (count - 1)) throw new Error("DER: length not minimal");
    }
    this.body = at;
    this.end = at + length;
    if (this.end > limit) throw new Error("DER: cut off");
  }
  get children() {
    const found = [];
    for (let at = this.body; at < this.end;) {
      const child = new Der(this.bytes, at, this.end);
      found.push(child);
      at = child.end;
    }
    return found;
  }
  get content() { return this.bytes.subarray(this.body, this.end); }
  get whole() { return this.bytes.subarray(this.start, this.end); }
  get oid() {
    if (this.tag !== 6 || this.body === this.end) throw new Error("DER: expected an object identifier");
    const parts = [];
    let value = 0;
    for (const byte of this.content) {
      value = value * 128 + (byte & 127);
      if (byte < 128) { parts.push(value); value = 0; }
    }
    const first = Math.min(2, Math.floor(parts[0] / 40));
    return [first, parts[0] - 40 * first, ...parts.slice(1)].join(".");
  }
  get text() {
    if (this.tag === 30) return new TextDecoder("utf-16be").decode(this.content);
    return new TextDecoder(this.tag === 12 ? "utf-8" : "latin1").decode(this.content);
  }
  get time() {
    const digits = new TextDecoder("latin1").decode(this.content);
    const full = this.tag === 24 ? digits : (Number(digits.slice(0, 2)) < 50 ? "20" : "19") + digits;
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z$/.exec(full);
    if (!parts) throw new Error("DER: expected a time in UTC");
    const [, year, month, day, hour, minute, second] = parts.map(Number);
    return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  }
  is(tag) {
    if (this.tag !== tag) throw new Error(`DER: expected ${tag}, found ${this.tag}`);
    return this;
  }
}

const SEQUENCE = 0x30, SET = 0x31, OCTETS = 4, INTEGER = 2;
const context = number => 0xa0 | number;
const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
