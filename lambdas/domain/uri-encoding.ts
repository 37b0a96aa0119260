/** As SigV4 has it: everything but letters, digits and `-._~`. */
export const encodedPart = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** A path or key as SigV4 has it: its slashes stay. */
export const encodedPath = (path: string): string => path.split('/').map(encodedPart).join('/');
