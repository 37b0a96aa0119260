export type Label = 'normal' | 'anomaly';

/** A line of a dataset, as far as the console shows it. */
export interface Entry {
  readonly source: string;
  readonly label: Label | undefined;
  readonly maskRef: string | undefined;
  readonly members: Readonly<Record<string, unknown>>;
}

const suffix = '-metadata';

export function entryOf(line: string): Entry {
  const members = JSON.parse(line) as Record<string, unknown>;
  const ofType = (type: string): string | undefined =>
    Object.keys(members)
      .filter((name) => name.endsWith(suffix))
      .find((name) => (members[name] as { type?: string } | null)?.type === type)
      ?.slice(0, -suffix.length);
  const labelled = ofType('groundtruth/image-classification');
  const metadata = labelled === undefined ? undefined : members[`${labelled}${suffix}`];
  const name = (metadata as { 'class-name'?: string } | undefined)?.['class-name']?.toLowerCase();
  const mask = ofType('groundtruth/semantic-segmentation');
  return {
    source: String(members['source-ref']),
    label: name === 'normal' || name === 'anomaly' ? name : undefined,
    maskRef: mask === undefined ? undefined : String(members[mask]),
    members,
  };
}

/**
 * The line of a picture with another label. Labels of before are dropped, because two that contradict each
 * other are refused; so is the mask of a picture that is normal now.
 */
export function relabelled({ members }: Entry, label: Label): string {
  const dropped = ['groundtruth/image-classification'];
  if (label === 'normal') dropped.push('groundtruth/semantic-segmentation');
  const names = Object.keys(members)
    .filter((name) => name.endsWith(suffix))
    .filter((name) => dropped.includes((members[name] as { type?: string } | null)?.type ?? ''))
    .flatMap((name) => [name, name.slice(0, -suffix.length)]);
  return lineOf(Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name))), label);
}

export const newLine = (source: string, label: Label | undefined): string =>
  lineOf({ 'source-ref': source }, label);

const lineOf = (members: Readonly<Record<string, unknown>>, label: Label | undefined): string =>
  JSON.stringify({
    ...members,
    ...(label !== undefined && {
      'anomaly-label': label === 'anomaly' ? 1 : 0,
      'anomaly-label-metadata': {
        confidence: 1,
        'job-name': 'crowsnest-console',
        'class-name': label,
        'human-annotated': 'yes',
        'creation-date': new Date().toISOString(),
        type: 'groundtruth/image-classification',
      },
    }),
  });
