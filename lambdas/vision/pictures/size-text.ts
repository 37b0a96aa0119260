/** Of the pixels as they are stored; `orientation` is that of EXIF, 2 to 8, where it changes anything. */
export interface StoredSize {
  readonly width: number;
  readonly height: number;
  readonly orientation?: number | undefined;
}

/** As in "4000 x 3000 pixels, which EXIF orientation 6 shows as 3000 x 4000". */
export function sizeText({ width, height, orientation = 1 }: StoredSize): string {
  const turned =
    orientation >= 5 ? `, which EXIF orientation ${orientation} shows as ${height} x ${width}` : '';
  return `${width} x ${height} pixels${turned}`;
}
