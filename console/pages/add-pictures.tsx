import { useState } from 'react';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Modal from '@cloudscape-design/components/modal';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { call } from '../api/client.ts';
import { newLine } from '../api/entries.ts';
import { locationUrl, upload } from '../api/pictures.ts';
import { settings } from '../api/session.ts';
import { useAction } from '../parts/load.ts';
import { isFit, PictureFiles } from '../parts/picture-files.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { Field } from './new-model.tsx';
import type { DatasetType } from '../parts/dataset-type.ts';

export interface Dropped {
  readonly normal: readonly File[];
  readonly anomaly: readonly File[];
  readonly unlabelled: readonly File[];
}

export const nothingDropped: Dropped = { normal: [], anomaly: [], unlabelled: [] };

export const filesOf = ({ normal, anomaly, unlabelled }: Dropped): readonly File[] => [
  ...normal,
  ...anomaly,
  ...unlabelled,
];

interface PlacesProps {
  readonly dropped: Dropped;
  readonly set: (dropped: Dropped) => void;
}

export const DropPlaces = ({ dropped, set }: PlacesProps) => (
  <ColumnLayout columns={3}>
    <PictureFiles
      label="Normal"
      description="Pictures of good parts."
      files={dropped.normal}
      set={(normal) => set({ ...dropped, normal })}
    />
    <PictureFiles
      label="Anomalous"
      description="Pictures of bad parts."
      files={dropped.anomaly}
      set={(anomaly) => set({ ...dropped, anomaly })}
    />
    <PictureFiles
      label="Not labelled yet"
      description="Pictures that you will look at later."
      files={dropped.unlabelled}
      set={(unlabelled) => set({ ...dropped, unlabelled })}
    />
  </ColumnLayout>
);

/** Uploads what was dropped, and adds it to the dataset. @returns how many pictures */
export async function addDropped(
  project: string,
  type: DatasetType,
  bucket: string,
  dropped: Dropped,
  tell: (done: number) => void,
): Promise<number> {
  const pictures = (['normal', 'anomaly', 'unlabelled'] as const).flatMap((kind) =>
    dropped[kind].map((file) => ({ file, label: kind === 'unlabelled' ? undefined : kind })),
  );
  const locations = await upload(project, bucket, pictures, tell);
  const lines = locations.map((location, index) => newLine(locationUrl(location), pictures[index]?.label));
  await addLines(project, type, lines);
  return lines.length;
}

/** Lines of one call: well below what a deployment in AWS takes. */
const linesAtOnce = 2000;

async function addLines(
  ProjectName: string,
  DatasetType: DatasetType,
  lines: readonly string[],
): Promise<void> {
  for (let from = 0; from < lines.length; from += linesAtOnce) {
    const text = lines
      .slice(from, from + linesAtOnce)
      .map((line) => `${line}\n`)
      .join('');
    await call('UpdateDatasetEntries', { ProjectName, DatasetType, Changes: new TextEncoder().encode(text) });
    if (from + linesAtOnce >= lines.length) return;
    for (;;) {
      const { DatasetDescription } = await call('DescribeDataset', { ProjectName, DatasetType });
      if (DatasetDescription?.Status !== 'UPDATE_IN_PROGRESS') break;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

interface Props {
  readonly project: string;
  readonly type: DatasetType;
  readonly close: () => void;
  readonly added: (count: number) => void;
}

export function AddPictures({ project, type, close, added }: Props) {
  const [dropped, setDropped] = useState(nothingDropped);
  const [bucket, setBucket] = useState(settings().bucket);
  const [done, setDone] = useState(0);
  const files = filesOf(dropped);
  const ready = files.length > 0 && files.every(isFit) && bucket !== '';
  const { run, busy, error } = useAction(async () => {
    added(await addDropped(project, type, bucket, dropped, setDone));
  });
  return (
    <Modal
      visible
      size="large"
      onDismiss={() => !busy && close()}
      header="Add pictures"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" disabled={busy} onClick={close}>
              Cancel
            </Button>
            <Button variant="primary" disabled={!ready} loading={busy} onClick={() => run()}>
              Add {files.length === 0 ? '' : files.length} pictures
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="l">
        <Trouble error={error} />
        {busy ? (
          <ProgressBar
            label="Uploading"
            value={(done / files.length) * 100}
            description={`${done} of ${files.length}`}
          />
        ) : (
          <>
            <DropPlaces dropped={dropped} set={setDropped} />
            <Field label="Bucket" description="Where the pictures go." value={bucket} set={setBucket} />
          </>
        )}
      </SpaceBetween>
    </Modal>
  );
}
