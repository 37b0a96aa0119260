import { drop, type Finding } from './finding.ts';
import { pictureRules, type Picture } from './picture.ts';

type Partial = Omit<Finding, 'dataset' | 'line'>;

/** What is wrong with a picture by itself. */
export function checkPicture(key: string, picture: Picture | undefined): Partial | undefined {
  const error = (problem: string, remedy: string): Partial => ({
    severity: 'error',
    problem,
    remedy,
    repair: drop,
  });
  if (picture === undefined)
    return error(`${key} cannot be read as a picture.`, 'Copy it again, or take the line out.');
  const { format, width, height, bytes } = picture;
  const { formats, smallest, largest, bytes: most } = pictureRules;
  if (!(formats as readonly string[]).includes(format))
    return error(`${key} is a ${format}.`, 'It must be a JPEG or a PNG; take the line out, or convert it.');
  if (bytes > most)
    return error(`${key} has ${bytes} bytes; ${most} is the most.`, 'Compress it, or take the line out.');
  if ([width, height].some((side) => side < smallest || side > largest)) {
    return error(
      `${key} has ${width}x${height} pixels; each side must have ${smallest} to ${largest}.`,
      'Take the line out.',
    );
  }
  return undefined;
}

export const sizeOf = ({ width, height }: Picture): string => `${width}x${height}`;

/** The size of most, which all pictures of a project must have. */
export function usualSize(pictures: readonly Picture[]): string | undefined {
  const counts = new Map<string, number>();
  for (const picture of pictures) counts.set(sizeOf(picture), (counts.get(sizeOf(picture)) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

export const checkSize = (key: string, picture: Picture, usual: string): Partial | undefined =>
  sizeOf(picture) === usual
    ? undefined
    : {
        severity: 'error',
        problem: `${key} has ${sizeOf(picture)} pixels; most have ${usual}, and all pictures of a project must have the same.`,
        remedy: 'Take the line out, or the picture again.',
        repair: drop,
      };
