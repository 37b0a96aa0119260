import { useState } from 'react';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import type { Output } from '../../lambdas/contract/operations.ts';
import { call } from '../api/client.ts';
import { everyPage } from '../api/every-page.ts';
import { DeleteDialog } from '../parts/delete.tsx';
import { useLoad } from '../parts/load.ts';
import { useNotice } from '../parts/notices.tsx';
import { go, to } from '../parts/route.ts';
import { isPassing, Status, when } from '../parts/status.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { datasetName, type DatasetType } from '../parts/dataset-type.ts';

type DatasetFacts = NonNullable<Output<'DescribeDataset'>['DatasetDescription']>;
type Listed = NonNullable<Output<'ListModels'>['Models']>[number];

interface Facts {
  readonly datasets: Readonly<Partial<Record<DatasetType, DatasetFacts>>>;
  readonly models: readonly Listed[];
}

async function factsOf(ProjectName: string): Promise<Facts> {
  const { ProjectDescription } = await call('DescribeProject', { ProjectName });
  const [models, ...described] = await Promise.all([
    everyPage<Listed>(async (NextToken) => {
      const { Models = [], NextToken: next } = await call('ListModels', {
        ProjectName,
        NextToken,
        MaxResults: 100,
      });
      return { items: Models, next };
    }),
    ...(ProjectDescription?.Datasets ?? []).map(({ DatasetType = '' }) =>
      call('DescribeDataset', { ProjectName, DatasetType }),
    ),
  ]);
  const datasets = Object.fromEntries(
    described.flatMap(({ DatasetDescription: one }) => (one === undefined ? [] : [[one.DatasetType, one]])),
  ) as Facts['datasets'];
  return { datasets, models: models.toSorted((a, b) => Number(b.ModelVersion) - Number(a.ModelVersion)) };
}

const goesOn = ({ datasets, models }: Facts): boolean =>
  [...Object.values(datasets), ...models].some(({ Status: status }) => isPassing(status));

/** What a training asks for, as the service checks it. */
function shortfall({ datasets }: Pick<Facts, 'datasets'>): string | undefined {
  const { train, test } = datasets;
  if (train === undefined) return 'There is no training dataset yet.';
  if (isPassing(train.Status) || isPassing(test?.Status)) return 'A dataset is being changed.';
  const [normal, anomaly] = [train.ImageStats?.Normal ?? 0, train.ImageStats?.Anomaly ?? 0];
  const least = test === undefined ? [20, 10] : [10, 0];
  const missing = [
    [normal, least[0] ?? 0, 'normal'],
    [anomaly, least[1] ?? 0, 'anomalous'],
  ] as const;
  const lacking = missing.flatMap(([has, needs, kind]) =>
    has < needs ? [`${needs - has} more ${kind}`] : [],
  );
  if (lacking.length > 0) return `The training dataset needs ${lacking.join(' and ')} pictures.`;
  if (test === undefined) return undefined;
  const short = [
    [test.ImageStats?.Normal ?? 0, 'normal'],
    [test.ImageStats?.Anomaly ?? 0, 'anomalous'],
  ] as const;
  const wanting = short.flatMap(([has, kind]) => (has < 10 ? [`${10 - has} more ${kind}`] : []));
  return wanting.length > 0 ? `The test dataset needs ${wanting.join(' and ')} pictures.` : undefined;
}

export function Project({ project }: { readonly project: string }) {
  const { data, error, loading, reload } = useLoad(
    () => factsOf(project),
    project,
    (facts) => (goesOn(facts) ? 1500 : undefined),
  );
  const [deleting, setDeleting] = useState<string>();
  const say = useNotice();
  const { datasets = {}, models = [] } = data ?? {};
  const wanting = data === undefined ? undefined : shortfall(data);
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="refresh" ariaLabel="Refresh" onClick={reload} />
              <Button href={to('projects', project, 'import')}>Import a model</Button>
              <Button
                variant="primary"
                disabled={data === undefined || wanting !== undefined}
                disabledReason={wanting}
                onClick={() => go('projects', project, 'train')}
              >
                Train a model
              </Button>
            </SpaceBetween>
          }
        >
          {project}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Trouble error={error} retry={reload} />
        {data !== undefined && models.length === 0 && <Steps datasets={datasets} wanting={wanting} />}
        <ColumnLayout columns={2}>
          {(['train', 'test'] as const).map((type) => (
            <DatasetCard
              key={type}
              project={project}
              type={type}
              facts={datasets[type]}
              loading={data === undefined}
            />
          ))}
        </ColumnLayout>
        <Table
          items={models}
          loading={loading && data === undefined}
          loadingText="Loading models"
          trackBy="ModelVersion"
          ariaLabels={{ tableLabel: 'Models' }}
          header={
            <Header variant="h2" counter={`(${models.length})`}>
              Models
            </Header>
          }
          empty={
            <Box padding="l" textAlign="center" color="text-body-secondary">
              No models yet.
            </Box>
          }
          columnDefinitions={[
            {
              id: 'version',
              header: 'Version',
              isRowHeader: true,
              cell: ({ ModelVersion = '' }) => (
                <Link href={to('projects', project, 'models', ModelVersion)}>Version {ModelVersion}</Link>
              ),
            },
            { id: 'status', header: 'Status', cell: ({ Status: status }) => <Status of={status} /> },
            {
              id: 'f1',
              header: 'F1',
              cell: ({ Performance }) => Performance?.F1Score?.toFixed(3) ?? '–',
            },
            { id: 'created', header: 'Created', cell: ({ CreationTimestamp }) => when(CreationTimestamp) },
            { id: 'description', header: 'Description', cell: ({ Description }) => Description ?? '–' },
            {
              id: 'delete',
              header: 'Actions',
              cell: ({ ModelVersion = '' }) => (
                <Button
                  variant="inline-link"
                  ariaLabel={`Delete version ${ModelVersion}`}
                  onClick={() => setDeleting(ModelVersion)}
                >
                  Delete
                </Button>
              ),
            },
          ]}
        />
      </SpaceBetween>
      {deleting !== undefined && (
        <DeleteDialog
          what={`version ${deleting}`}
          consequence="A deleted version cannot be brought back, and its number is not used again."
          close={() => setDeleting(undefined)}
          act={async () => {
            await call('DeleteModel', { ProjectName: project, ModelVersion: deleting });
            say(`Version ${deleting} is being deleted.`);
            reload();
          }}
        />
      )}
    </ContentLayout>
  );
}

interface StepsProps {
  readonly datasets: Facts['datasets'];
  readonly wanting: string | undefined;
}

/** What comes next, until there is a model. */
function Steps({ datasets, wanting }: StepsProps) {
  const hasDataset = datasets.train !== undefined;
  const steps = [
    { done: hasDataset, text: 'Create a training dataset of good and bad parts.' },
    {
      done: hasDataset && wanting === undefined,
      text: hasDataset
        ? (wanting ?? 'Enough pictures are labelled.')
        : 'Label them: at least 20 normal and 10 anomalous ones.',
    },
    { done: false, text: 'Train a model, start it, and drop a picture on it.' },
  ];
  return (
    <Container header={<Header variant="h2">How it works</Header>}>
      <SpaceBetween size="xs">
        {steps.map(({ done, text }, index) => (
          <StatusIndicator
            key={index}
            type={done ? 'success' : 'pending'}
            colorOverride={done ? undefined : 'grey'}
          >
            {text}
          </StatusIndicator>
        ))}
      </SpaceBetween>
    </Container>
  );
}

interface CardProps {
  readonly project: string;
  readonly type: DatasetType;
  readonly facts: DatasetFacts | undefined;
  readonly loading: boolean;
}

function DatasetCard({ project, type, facts, loading }: CardProps) {
  const name = datasetName(type);
  const { Total = 0, Labeled = 0, Normal = 0, Anomaly = 0 } = facts?.ImageStats ?? {};
  return (
    <Container
      fitHeight
      header={
        <Header
          variant="h2"
          actions={
            loading ? undefined : facts === undefined ? (
              <Button
                ariaLabel={`Create ${name.toLowerCase()}`}
                href={to('projects', project, 'datasets', type, 'create')}
              >
                Create
              </Button>
            ) : (
              <Button
                ariaLabel={`Open ${name.toLowerCase()}`}
                href={to('projects', project, 'datasets', type)}
              >
                Open
              </Button>
            )
          }
        >
          {name}
        </Header>
      }
    >
      {facts === undefined ? (
        <Box color="text-body-secondary">
          {loading
            ? 'Loading'
            : type === 'train'
              ? 'What models learn from.'
              : 'Optional. Without it, the figures of a model come from a part of the training dataset.'}
        </Box>
      ) : (
        <SpaceBetween size="m">
          <Status of={facts.Status} />
          {facts.Status === 'CREATE_FAILED' && <Box color="text-status-error">{facts.StatusMessage}</Box>}
          <KeyValuePairs
            columns={4}
            minColumnWidth={95}
            items={[
              { label: 'Pictures', value: Total },
              { label: 'Normal', value: Normal },
              { label: 'Anomalous', value: Anomaly },
              { label: 'Unlabelled', value: Total - Labeled },
            ]}
          />
        </SpaceBetween>
      )}
    </Container>
  );
}
