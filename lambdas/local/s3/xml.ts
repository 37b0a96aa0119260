import { S3Error } from './errors.ts';

/** An element as it is written: text, or elements in order. A list repeats its name. */
type XmlValue = string | number | boolean | XmlElements | readonly (string | XmlElements)[];
export interface XmlElements {
  readonly [name: string]: XmlValue | undefined;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

const escaped = (text: string): string => text.replace(/[&<>"\r]/g, (found) => escapes[found] ?? '');

const contentOf = (value: Exclude<XmlValue, readonly unknown[]>): string =>
  typeof value === 'object' ? elementsOf(value) : escaped(String(value));

const elementsOf = (elements: XmlElements): string =>
  Object.entries(elements)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? (value as XmlElements[]) : value === undefined ? [] : [value]).map(
        (each) => `<${name}>${contentOf(each as XmlElements)}</${name}>`,
      ),
    )
    .join('');

/** A document as S3 writes it; errors have no namespace. */
export const xmlOf = (root: string, elements: XmlElements): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${
    root === 'Error' ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
  }>${elementsOf(elements)}</${root}>`;

/** An element as it was read. */
export interface XmlNode {
  readonly name: string;
  readonly children: XmlNode[];
  text: string;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const malformed = (): S3Error => new S3Error('MalformedXML', 'The XML that was sent is not well-formed.');

function decoded(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-z]+));|&/g, (...found: unknown[]) => {
    const [, hex, decimal, name] = found as (string | undefined)[];
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    const letter =
      name === undefined
        ? code > 0 && code <= 0x10ffff
          ? String.fromCodePoint(code)
          : undefined
        : named[name];
    if (letter === undefined) throw malformed();
    return letter;
  });
}

/** Elements inside each other; the documents of S3 have three. */
const deepest = 16;

/**
 * Reads the part of XML that S3's requests are made of: elements, text and character references. There is no
 * DOCTYPE, so there are no entities that grow; attributes are passed over.
 * @throws S3Error MalformedXML
 */
export function parseXml(text: string): XmlNode {
  const token =
    /<\?xml[^<>]*\?>|<!--(?:(?!--)[^])*-->|<(\/?)([A-Za-z_][\w.:-]*)((?:\s[^<>]*?)?)(\/?)>|([^<]+)/y;
  const top: XmlNode = { name: '', children: [], text: '' };
  const open: XmlNode[] = [top];
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    const parent = open.at(-1);
    if (found === null || parent === undefined) throw malformed();
    const [, closing, name, , empty, between] = found;
    if (between !== undefined) parent.text += decoded(between);
    if (name === undefined) continue;
    const local = name.slice(name.indexOf(':') + 1);
    if (closing === '/') {
      if (parent === top || parent.name !== local) throw malformed();
      open.pop();
      continue;
    }
    const node: XmlNode = { name: local, children: [], text: '' };
    parent.children.push(node);
    if (empty !== '/') open.push(node);
    if (open.length > deepest) throw malformed();
  }
  const [root] = top.children;
  if (open.length !== 1 || root === undefined || top.children.length > 1 || top.text.trim() !== '')
    throw malformed();
  return root;
}

/** The text of the first child of that name. */
export const textOf = (node: XmlNode, name: string): string | undefined =>
  node.children.find((child) => child.name === name)?.text;
