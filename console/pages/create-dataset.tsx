import { useState } from 'react';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tiles from '@cloudscape-design/components/tiles';
import { call } from '../api/client.ts';
import { settings } from '../api/session.ts';
import { FormPage } from '../parts/form-page.tsx';
import { useAction } from '../parts/load.ts';
import { useNotice } from '../parts/notices.tsx';
import { isFit } from '../parts/picture-files.tsx';
import { go } from '../parts/route.ts';
import { Trouble } from '../parts/trouble.tsx';
import { addDropped, DropPlaces, filesOf, nothingDropped } from './add-pictures.tsx';
import { Field } from './new-model.tsx';
import { datasetName, type DatasetType } from '../parts/dataset-type.ts';

type Source = 'drop' | 'folders' | 'manifest' | 'empty';

interface Props {
  readonly project: string;
  readonly type: DatasetType;
}

const urlPattern = /^s3:\/\/([^/]+)\/(.*)$/;

const parts = (url: string): { readonly Bucket: string; readonly rest: string } | undefined => {
  const [, Bucket, rest = ''] = urlPattern.exec(url.trim()) ?? [];
  return Bucket === undefined ? undefined : { Bucket, rest };
};

const needs: Readonly<Record<DatasetType, string>> = {
  train: 'A training asks for 20 normal and 10 anomalous pictures; with a test dataset, for 10 normal ones.',
  test: 'A model is measured on it: it needs 10 normal and 10 anomalous pictures.',
};

export function CreateDataset({ project, type }: Props) {
  const about = { ProjectName: project, DatasetType: type };
  const { extensions, bucket: ownBucket, samples } = settings();
  const [source, setSource] = useState<Source>(extensions ? 'drop' : 'manifest');
  const [dropped, setDropped] = useState(nothingDropped);
  const [bucket, setBucket] = useState(ownBucket);
  const [normal, setNormal] = useState('');
  const [anomaly, setAnomaly] = useState('');
  const [manifest, setManifest] = useState('');
  const [done, setDone] = useState(0);
  const say = useNotice();
  const files = filesOf(dropped);
  const folders = [
    { url: normal, Class: 'normal' as const },
    { url: anomaly, Class: 'anomaly' as const },
  ].filter(({ url }) => url.trim() !== '');
  const ready = {
    drop: files.length > 0 && files.every(isFit) && bucket !== '',
    folders: folders.length > 0 && folders.every(({ url }) => parts(url) !== undefined),
    manifest: (parts(manifest)?.rest ?? '') !== '',
    empty: true,
  }[source];

  const doing = useAction(async () => {
    if (source === 'folders')
      await call('ImportDataset', {
        ...about,
        Folders: folders.map(({ url, Class }) => {
          const { Bucket = '', rest = '' } = parts(url) ?? {};
          return { Bucket, Prefix: rest, Class };
        }),
      });
    else if (source === 'manifest') {
      const { Bucket = '', rest: Key = '' } = parts(manifest) ?? {};
      await call('CreateDataset', {
        ...about,
        DatasetSource: { GroundTruthManifest: { S3Object: { Bucket, Key } } },
      });
    } else {
      await createEmpty(about);
      if (source === 'drop') await addDropped(project, type, bucket, dropped, setDone);
    }
    say(`The ${datasetName(type).toLowerCase()} is being created.`);
    go('projects', project, 'datasets', type);
  });
  const { busy, error } = doing;

  return (
    <FormPage
      title={`Create ${datasetName(type).toLowerCase()}`}
      description={needs[type]}
      project={project}
      action="Create dataset"
      ready={ready}
      doing={doing}
      stay
    >
      <SpaceBetween size="l">
        <Trouble error={error} />
        <Container header={<Header variant="h2">Where the pictures come from</Header>}>
          <Tiles
            ariaLabel="Where the pictures come from"
            value={source}
            onChange={({ detail }) => setSource(detail.value as Source)}
            columns={2}
            items={[
              {
                value: 'drop',
                label: 'This computer',
                description: 'Drop pictures of good and of bad parts here.',
                disabled: !extensions,
              },
              {
                value: 'folders',
                label: 'Folders in S3',
                description: 'A folder of good parts, and one of bad parts.',
                disabled: !extensions,
              },
              {
                value: 'manifest',
                label: 'A manifest in S3',
                description: 'The Ground Truth manifest of a dataset that you have, masks too.',
              },
              { value: 'empty', label: 'Empty', description: 'Pictures are added later.' },
            ]}
          />
        </Container>
        {source === 'drop' && (
          <Container header={<Header variant="h2">Pictures</Header>}>
            {busy ? (
              <ProgressBar
                label="Uploading"
                value={files.length === 0 ? 0 : (done / files.length) * 100}
                description={`${done} of ${files.length}`}
              />
            ) : (
              <SpaceBetween size="l">
                <DropPlaces dropped={dropped} set={setDropped} />
                <Field label="Bucket" description="Where the pictures go." value={bucket} set={setBucket} />
              </SpaceBetween>
            )}
          </Container>
        )}
        {source === 'folders' && (
          <Container header={<Header variant="h2">Folders</Header>}>
            <SpaceBetween size="l">
              <Place
                label="Folder of normal pictures"
                value={normal}
                set={setNormal}
                example={`s3://${samples}/parts/train/normal/`}
              />
              <Place
                label="Folder of anomalous pictures"
                value={anomaly}
                set={setAnomaly}
                example={`s3://${samples}/parts/train/anomaly/`}
              />
            </SpaceBetween>
          </Container>
        )}
        {source === 'manifest' && (
          <Container header={<Header variant="h2">Manifest</Header>}>
            <Place
              label="Manifest"
              value={manifest}
              set={setManifest}
              example={`s3://${samples}/parts/dataset/train.manifest`}
            />
          </Container>
        )}
        {source === 'empty' && <Box color="text-body-secondary">The dataset will have no pictures.</Box>}
      </SpaceBetween>
    </FormPage>
  );
}

/** One that an attempt before has made, and left empty, will do. */
async function createEmpty(about: {
  readonly ProjectName: string;
  readonly DatasetType: string;
}): Promise<void> {
  try {
    await call('CreateDataset', about);
  } catch (error) {
    if ((error as Error).name !== 'ConflictException') throw error;
    const { DatasetDescription } = await call('DescribeDataset', about);
    if ((DatasetDescription?.ImageStats?.Total ?? 1) > 0) throw error;
  }
}

interface PlaceProps {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly example: string;
}

const Place = ({ label, value, set, example }: PlaceProps) => (
  <FormField
    label={label}
    constraintText={`For example ${example}`}
    errorText={
      value.trim() === '' || urlPattern.test(value.trim()) ? undefined : 'It must be s3://BUCKET/… .'
    }
  >
    <Input
      value={value}
      placeholder="s3://"
      spellcheck={false}
      onChange={({ detail }) => set(detail.value)}
    />
  </FormField>
);
