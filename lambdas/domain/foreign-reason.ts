/** What a status message can hold of somebody else's words, in characters. */
const longest = 600;

/**
 * The reason that a library or a process gave, fit for a user: one line, without paths of this machine,
 * without the place in the library's source and the C++ signature that native runtimes put in front, and
 * whole. Only a reason of more than 600 characters is shortened, between two words, and the cut is shown.
 */
export function foreignReason(error: unknown): string {
  const words = withoutSignatures(wordsOf(error).replace(/\s+/g, ' '))
    .replace(quotedFolders, '$1')
    .replace(folders, '')
    .trim();
  if (words.length <= longest) return words;
  const cut = words.slice(0, longest);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), longest / 2))} …`;
}

/** Also of an error that another realm made, as those of node's own modules may be under a test runner. */
const wordsOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);

/** In quotes a path may have blanks. */
const quotedFolders = /(['"])(?:file:\/\/)?(?:[A-Za-z]:)?[\\/](?:[^'"\\/]+[\\/])+/g;

/** The folders of a path, on any system; neither "and/or" nor "s3://bucket/key" has any. */
const folders = /(?<![\w:/.])(?:file:\/\/)?(?:[A-Za-z]:)?(?:[\\/][^\s\\/:'"]+)+[\\/]/g;

/** As in "/src/core/graph/model.cc:180 onnxruntime::Model::Model(const std::string&, int) what is wrong". */
function withoutSignatures(text: string): string {
  const place = /(?:\s|^|:)[\w\\/.+-]*\.(?:cc|cpp|cu|h|hpp):\d+ /;
  let rest = text;
  for (let found = place.exec(rest); found !== null; found = place.exec(rest)) {
    const before = rest.slice(0, found.index);
    const after = rest.slice(found.index + found[0].length);
    rest = `${before}${/:|^$/.test(before.slice(-1)) ? ' ' : ': '}${after.slice(endOfSignature(after))}`;
  }
  return rest.replace(/\s*:\s*:\s*/g, ': ').trim();
}

/** Where the signature at the text's beginning ends; 0 if there is none. */
function endOfSignature(text: string): number {
  const open = text.indexOf('(');
  if (open < 0 || !/^[\w:<>~*&,\s]*(?:operator)?$/.test(text.slice(0, open))) return 0;
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')' && --depth === 0) {
      if (text[at + 1] === '(') continue; // operator()(...)
      const tail = /^(?: const)?(?: \[with [^\]]*\])? ?/.exec(text.slice(at + 1))?.[0] ?? '';
      return at + 1 + tail.length;
    }
  }
  return 0;
}
