import { useEffect, useRef, useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import LiveRegion from '@cloudscape-design/components/live-region';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { call } from '../api/client.ts';
import { entryOf, relabelled, type Entry, type Label } from '../api/entries.ts';
import { downloadUrls } from '../api/pictures.ts';
import { useAction, useLoad } from '../parts/load.ts';
import { LabelBadge } from '../parts/label-badge.tsx';
import { useNotice } from '../parts/notices.tsx';
import { go } from '../parts/route.ts';
import { Trouble } from '../parts/trouble.tsx';
import type { DatasetType } from '../parts/dataset-type.ts';

/** Pictures of one round: what is chosen is saved at the round's end, or when the person says so. */
const round = 100;

/** Pictures that are fetched before they are looked at. */
const ahead = 3;

interface Props {
  readonly project: string;
  readonly type: DatasetType;
}

/** One unlabelled picture after the other, as fast as a person can look: a key for each answer. */
export function LabelPictures({ project, type }: Props) {
  const about = { ProjectName: project, DatasetType: type };
  const [rounds, setRounds] = useState(0);
  const [at, setAt] = useState(0);
  const [chosen, setChosen] = useState<ReadonlyMap<string, Label>>(new Map());
  const say = useNotice();
  const place = useRef<HTMLDivElement>(null);
  const { data, error, reload } = useLoad(async () => {
    const { DatasetEntries = [] } = await call('ListDatasetEntries', {
      ...about,
      Labeled: false,
      MaxResults: round,
    });
    const entries = DatasetEntries.map(entryOf);
    return {
      entries,
      urls: await downloadUrls(
        project,
        entries.map(({ source }) => source),
      ),
    };
  }, `${project}/${type}/${rounds}`);
  const { entries = [], urls = new Map<string, string>() } = data ?? {};
  const entry = entries[at];

  const save = useAction(async () => {
    const lines = entries.flatMap((each) => {
      const label = chosen.get(each.source);
      return label === undefined ? [] : [`${relabelled(each, label)}\n`];
    });
    if (lines.length > 0) {
      await call('UpdateDatasetEntries', { ...about, Changes: new TextEncoder().encode(lines.join('')) });
      await updated(about);
      say(`${lines.length} ${lines.length === 1 ? 'label is' : 'labels are'} saved.`);
    }
    setChosen(new Map());
    setAt(0);
    if (lines.length === entries.length && entries.length === round) setRounds((before) => before + 1);
    else go('projects', project, 'datasets', type);
  });

  const choose = (label: Label): void => {
    if (entry === undefined || save.busy) return;
    setChosen((before) => new Map(before).set(entry.source, label));
    setAt((before) => before + 1);
  };
  const step = (by: number): void => {
    if (!save.busy) setAt((before) => Math.min(Math.max(before + by, 0), entries.length));
  };

  useEffect(() => {
    for (const { source } of entries.slice(at + 1, at + 1 + ahead)) new Image().src = urls.get(source) ?? '';
  }, [entries, urls, at]);
  useEffect(() => place.current?.focus(), [data]);
  useEffect(() => {
    if (chosen.size === 0) return undefined;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [chosen.size]);

  return (
    <div
      ref={place}
      className="label-place"
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        const act = {
          n: () => choose('normal'),
          a: () => choose('anomaly'),
          ArrowRight: () => step(1),
          ArrowLeft: () => step(-1),
        }[event.key];
        if (act === undefined) return;
        event.preventDefault();
        act();
      }}
    >
      <ContentLayout
        header={
          <Header
            variant="h1"
            description="N: normal. A: anomaly. Right arrow: leave it for later. Left arrow: back."
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={save.busy} onClick={() => step(-1)}>
                  Back
                </Button>
                <Button disabled={save.busy || entry === undefined} onClick={() => step(1)}>
                  Later
                </Button>
                <Button disabled={save.busy || entry === undefined} onClick={() => choose('normal')}>
                  Normal
                </Button>
                <Button disabled={save.busy || entry === undefined} onClick={() => choose('anomaly')}>
                  Anomaly
                </Button>
                <Button variant="primary" loading={save.busy} onClick={() => save.run()}>
                  {chosen.size === 0 ? 'Done' : `Save ${chosen.size}`}
                </Button>
              </SpaceBetween>
            }
          >
            Label pictures
          </Header>
        }
      >
        <SpaceBetween size="m">
          <Trouble error={error} retry={reload} />
          <Trouble error={save.error} />
          {data !== undefined && entries.length === 0 && (
            <Alert type="success">Every picture of the dataset is labelled.</Alert>
          )}
          {entries.length > 0 && (
            <Container>
              <SpaceBetween size="m">
                <ProgressBar
                  value={(Math.min(at, entries.length) / entries.length) * 100}
                  description={`${Math.min(at + 1, entries.length)} of ${entries.length} in this round`}
                />
                {entry === undefined ? (
                  <Box variant="h3">
                    That was the last one of this round. Save to{' '}
                    {entries.length === round ? 'go on' : 'finish'}.
                  </Box>
                ) : (
                  <Shown
                    key={entry.source}
                    entry={entry}
                    url={urls.get(entry.source)}
                    label={chosen.get(entry.source)}
                  />
                )}
              </SpaceBetween>
            </Container>
          )}
        </SpaceBetween>
      </ContentLayout>
    </div>
  );
}

interface ShownProps {
  readonly entry: Entry;
  readonly url: string | undefined;
  readonly label: Label | undefined;
}

const Shown = ({ entry: { source }, url, label }: ShownProps) => (
  <SpaceBetween size="xs">
    <LiveRegion>
      <SpaceBetween direction="horizontal" size="xs">
        <Box>{source.slice(source.lastIndexOf('/') + 1)}</Box>
        <LabelBadge label={label} />
      </SpaceBetween>
    </LiveRegion>
    {url === undefined ? (
      <Box color="text-body-secondary">The picture cannot be shown: its name is no picture&#39;s.</Box>
    ) : (
      <img className="label-picture" src={url} alt={source.slice(source.lastIndexOf('/') + 1)} />
    )}
  </SpaceBetween>
);

/** @throws Error with the reason, if the labels could not be taken in */
async function updated(about: { readonly ProjectName: string; readonly DatasetType: string }): Promise<void> {
  for (;;) {
    const { DatasetDescription } = await call('DescribeDataset', about);
    if (DatasetDescription?.Status === 'UPDATE_FAILED_ROLLBACK_COMPLETE')
      throw new Error(DatasetDescription.StatusMessage);
    if (DatasetDescription?.Status !== 'UPDATE_IN_PROGRESS') return;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
