import { useEffect, useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Cards from '@cloudscape-design/components/cards';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import TextFilter from '@cloudscape-design/components/text-filter';
import { call } from '../api/client.ts';
import { entryOf, relabelled, type Entry, type Label } from '../api/entries.ts';
import { downloadUrls } from '../api/pictures.ts';
import { settings } from '../api/session.ts';
import { DeleteDialog } from '../parts/delete.tsx';
import { LabelBadge } from '../parts/label-badge.tsx';
import { useAction, useLoad } from '../parts/load.ts';
import { useNotice } from '../parts/notices.tsx';
import { go, to } from '../parts/route.ts';
import { isPassing, Status } from '../parts/status.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { AddPictures } from './add-pictures.tsx';
import { datasetName, type DatasetType } from '../parts/dataset-type.ts';

const pageSize = 24;

type Filter = 'all' | 'unlabelled' | Label;

const query: Readonly<Record<Filter, object>> = {
  all: {},
  unlabelled: { Labeled: false },
  normal: { AnomalyClass: 'normal' },
  anomaly: { AnomalyClass: 'anomaly' },
};

interface Props {
  readonly project: string;
  readonly type: DatasetType;
}

export function Dataset({ project, type }: Props) {
  const about = { ProjectName: project, DatasetType: type };
  const described = useLoad(
    async () => (await call('DescribeDataset', about)).DatasetDescription,
    `${project}/${type}`,
    (facts) => (isPassing(facts?.Status) ? 1000 : undefined),
  );
  const facts = described.data;
  const busy = isPassing(facts?.Status);
  const [dialog, setDialog] = useState<'delete' | 'add'>();
  const say = useNotice();
  const title = datasetName(type);
  if (described.error !== undefined && facts === undefined)
    return isMissing(described.error) ? (
      <Absent project={project} type={type} />
    ) : (
      <Trouble error={described.error} retry={described.reload} />
    );
  const { Total = 0, Labeled = 0, Normal = 0, Anomaly = 0 } = facts?.ImageStats ?? {};
  return (
    <SpaceBetween size="m">
      <Header
        variant="h1"
        counter={facts === undefined ? undefined : `(${Total})`}
        description={`${Normal} normal, ${Anomaly} anomalous, ${Total - Labeled} unlabelled`}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Refresh" onClick={described.reload} />
            {settings().extensions && Total > Labeled && (
              <Button disabled={busy} onClick={() => go('projects', project, 'datasets', type, 'label')}>
                Label {Total - Labeled}
              </Button>
            )}
            <Button disabled={busy || facts === undefined} onClick={() => setDialog('delete')}>
              Delete dataset
            </Button>
            <Button
              disabled={busy || facts === undefined || facts.Status === 'CREATE_FAILED'}
              onClick={() => setDialog('add')}
            >
              Add pictures
            </Button>
          </SpaceBetween>
        }
      >
        {title}
      </Header>
      <Status of={facts?.Status} />
      {/FAILED/.test(facts?.Status ?? '') && (
        <Alert type={facts?.Status === 'CREATE_FAILED' ? 'error' : 'warning'}>{facts?.StatusMessage}</Alert>
      )}
      {facts !== undefined && !facts.Status?.startsWith('CREATE_IN') && facts.Status !== 'CREATE_FAILED' && (
        <Gallery
          project={project}
          type={type}
          key={facts.LastUpdatedTimestamp}
          busy={busy}
          changed={described.reload}
        />
      )}
      {dialog === 'add' && (
        <AddPictures
          project={project}
          type={type}
          close={() => setDialog(undefined)}
          added={(count) => {
            setDialog(undefined);
            say(`${count} pictures are being added.`);
            described.reload();
          }}
        />
      )}
      {dialog === 'delete' && (
        <DeleteDialog
          what={`the ${title.toLowerCase()} of ${project}`}
          consequence="Labels are deleted with it. Pictures in S3 and models that were trained from it stay."
          close={() => setDialog(undefined)}
          act={async () => {
            await call('DeleteDataset', about);
            say(`The ${title.toLowerCase()} is deleted.`);
            go('projects', project);
          }}
        />
      )}
    </SpaceBetween>
  );
}

const isMissing = (error: unknown): boolean => (error as Error).name === 'ResourceNotFoundException';

const Absent = ({ project, type }: Props) => (
  <Box padding="xxl" textAlign="center">
    <SpaceBetween size="m">
      <Box variant="h1">No {datasetName(type).toLowerCase()} yet</Box>
      <Button variant="primary" href={to('projects', project, 'datasets', type, 'create')}>
        Create dataset
      </Button>
    </SpaceBetween>
  </Box>
);

interface GalleryProps extends Props {
  readonly busy: boolean;
  readonly changed: () => void;
}

function Gallery({ project, type, busy, changed }: GalleryProps) {
  const about = { ProjectName: project, DatasetType: type };
  const [filter, setFilter] = useState<Filter>('all');
  const [find, setFind] = useState('');
  const [typed, setTyped] = useState('');
  /** What each page begins with, as far as they have been asked for. */
  const [tokens, setTokens] = useState<readonly (string | undefined)[]>([undefined]);
  const [page, setPage] = useState(1);
  const [selected, setSelected] = useState<readonly Entry[]>([]);
  const say = useNotice();
  const restart = (): void => {
    setTokens([undefined]);
    setPage(1);
    setSelected([]);
  };
  useEffect(() => {
    if (typed.trim() === find) return;
    const timer = setTimeout(() => {
      setFind(typed.trim());
      restart();
    }, 300);
    return () => clearTimeout(timer);
  }, [typed, find]);

  const { data, error, loading, reload } = useLoad(async () => {
    const { DatasetEntries = [], NextToken } = await call('ListDatasetEntries', {
      ...about,
      ...query[filter],
      ...(find !== '' && { SourceRefContains: find }),
      MaxResults: pageSize,
      NextToken: tokens[page - 1],
    });
    const entries = DatasetEntries.map(entryOf);
    const urls = settings().extensions
      ? await downloadUrls(
          project,
          entries.map(({ source }) => source),
        ).catch(() => new Map<string, string>())
      : new Map<string, string>();
    if (NextToken !== undefined && NextToken !== '')
      setTokens((before) => (before.length === page ? [...before, NextToken] : before));
    return { entries, urls };
  }, `${project}/${type}/${filter}/${find}/${page}`);
  const {
    run,
    busy: saving,
    error: refused,
  } = useAction(async (label: Label) => {
    const lines = selected.filter((entry) => entry.label !== label).map((entry) => relabelled(entry, label));
    if (lines.length > 0) {
      await call('UpdateDatasetEntries', {
        ...about,
        Changes: new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')),
      });
      say(`${lines.length} ${lines.length === 1 ? 'picture is' : 'pictures are'} being labelled ${label}.`);
    }
    setSelected([]);
    changed();
  });
  const { entries = [], urls = new Map<string, string>() } = data ?? {};
  const cannot = selected.length === 0 || busy;

  return (
    <div
      onKeyDown={(event) => {
        if (event.target instanceof HTMLInputElement && event.target.type !== 'checkbox') return;
        if (event.ctrlKey || event.altKey || event.metaKey || cannot) return;
        if (event.key === 'n') run('normal');
        if (event.key === 'a') run('anomaly');
      }}
    >
      <SpaceBetween size="m">
        <Trouble error={error} retry={reload} />
        <Trouble error={refused} />
        {!settings().extensions && (
          <Alert type="info">
            This host has its extensions switched off, so that pictures cannot be shown.
          </Alert>
        )}
        <Cards
          items={entries}
          loading={loading && data === undefined}
          loadingText="Loading pictures"
          trackBy="source"
          selectionType="multi"
          selectedItems={[...selected]}
          onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
          isItemDisabled={() => busy}
          ariaLabels={{
            itemSelectionLabel: (_, { source }) => `Select ${nameOf(source)}`,
            selectionGroupLabel: 'Pictures',
          }}
          cardsPerRow={[
            { cards: 2 },
            { minWidth: 600, cards: 3 },
            { minWidth: 900, cards: 4 },
            { minWidth: 1200, cards: 6 },
          ]}
          cardDefinition={{
            header: ({ source }) => <Box fontSize="body-s">{nameOf(source)}</Box>,
            sections: [
              {
                id: 'picture',
                content: ({ source, label }) => (
                  <Thumbnail url={urls.get(source)} name={`${nameOf(source)}, ${label ?? 'unlabelled'}`} />
                ),
              },
              {
                id: 'label',
                content: ({ label, maskRef }) => (
                  <SpaceBetween direction="horizontal" size="xxs">
                    <LabelBadge label={label} />
                    {maskRef !== undefined && <Badge color="blue">Mask</Badge>}
                  </SpaceBetween>
                ),
              },
            ],
          }}
          header={
            <Header
              variant="h2"
              counter={selected.length > 0 ? `(${selected.length} selected)` : undefined}
              description="Select pictures, then choose what they show: N for normal, A for an anomaly."
              actions={
                <SpaceBetween direction="horizontal" size="xs">
                  <Button
                    disabled={entries.length === 0 || busy}
                    onClick={() => setSelected(selected.length === entries.length ? [] : entries)}
                  >
                    {selected.length === entries.length && entries.length > 0 ? 'Select none' : 'Select page'}
                  </Button>
                  <Button disabled={cannot} loading={saving} onClick={() => run('normal')}>
                    Normal
                  </Button>
                  <Button disabled={cannot} loading={saving} onClick={() => run('anomaly')}>
                    Anomaly
                  </Button>
                </SpaceBetween>
              }
            >
              Pictures
            </Header>
          }
          filter={
            <SpaceBetween size="xs">
              <TextFilter
                filteringText={typed}
                filteringPlaceholder="Find by name"
                filteringAriaLabel="Find by name"
                onChange={({ detail }) => setTyped(detail.filteringText)}
              />
              <SegmentedControl
                label="Which pictures are shown"
                selectedId={filter}
                onChange={({ detail }) => {
                  setFilter(detail.selectedId as Filter);
                  restart();
                }}
                options={[
                  { id: 'all', text: 'All' },
                  { id: 'unlabelled', text: 'Unlabelled' },
                  { id: 'normal', text: 'Normal' },
                  { id: 'anomaly', text: 'Anomalous' },
                ]}
              />
            </SpaceBetween>
          }
          pagination={
            <Pagination
              currentPageIndex={page}
              pagesCount={tokens.length}
              openEnd={tokens.length > page}
              ariaLabels={{
                nextPageLabel: 'Next page',
                previousPageLabel: 'Previous page',
                pageLabel: (number) => `Page ${number}`,
              }}
              onChange={({ detail }) => {
                setPage(detail.currentPageIndex);
                setSelected([]);
              }}
            />
          }
          empty={
            <Box padding="l" textAlign="center" color="text-body-secondary">
              {filter === 'all' && find === ''
                ? 'The dataset has no pictures yet.'
                : 'No picture is like that.'}
            </Box>
          }
        />
      </SpaceBetween>
    </div>
  );
}

const nameOf = (source: string): string => source.slice(source.lastIndexOf('/') + 1);

function Thumbnail({ url, name }: { readonly url: string | undefined; readonly name: string }) {
  const [failed, setFailed] = useState(false);
  if (url === undefined || failed)
    return (
      <div className="picture picture-missing">
        <Box color="text-body-secondary">Cannot be shown</Box>
      </div>
    );
  return (
    <img
      className="picture"
      src={url}
      alt={name}
      loading="lazy"
      decoding="async"
      onError={() => setFailed(true)}
    />
  );
}
