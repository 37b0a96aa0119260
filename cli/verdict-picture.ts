import sharp from 'sharp';

/** Pixels between the two pictures. */
const gap = 16;

/** How much of the mask's colour covers the picture, 0 to 1. */
const cover = 0.75;

/**
 * Draws a picture beside the same picture under its mask.
 * @param picture JPEG or PNG
 * @param mask the `AnomalyMask` of a verdict: a PNG of the picture's size, white where nothing is wrong
 * @returns a PNG
 */
export async function besideItsMask(picture: Uint8Array, mask: Uint8Array): Promise<Uint8Array> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const drawn = await sharp(mask).removeAlpha().toColourspace('srgb').raw().toBuffer();
  const marked = Buffer.alloc(data.length);
  for (let at = 0; at < data.length; at += 3) {
    const background = drawn[at] === 255 && drawn[at + 1] === 255 && drawn[at + 2] === 255;
    for (let channel = 0; channel < 3; channel += 1) {
      const [own = 0, other = 0] = [data[at + channel], drawn[at + channel]];
      marked[at + channel] = background ? 255 - (255 - own) * 0.45 : own * (1 - cover) + other * cover;
    }
  }
  const raw = { width, height, channels: 3 } as const;
  return sharp({ create: { width: width * 2 + gap, height, channels: 3, background: '#ffffff' } })
    .composite([
      { input: data, raw, left: 0, top: 0 },
      { input: marked, raw, left: width + gap, top: 0 },
    ])
    .png({ compressionLevel: 9, palette: true })
    .toBuffer();
}
