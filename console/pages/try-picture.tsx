import { useEffect, useRef, useState } from 'react';
import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import FileUpload from '@cloudscape-design/components/file-upload';
import Header from '@cloudscape-design/components/header';
import LiveRegion from '@cloudscape-design/components/live-region';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Table from '@cloudscape-design/components/table';
import Toggle from '@cloudscape-design/components/toggle';
import type { Output } from '../../lambdas/contract/operations.ts';
import { call } from '../api/client.ts';
import { useAction } from '../parts/load.ts';
import { isFit } from '../parts/picture-files.tsx';
import { Trouble } from '../parts/trouble.tsx';

type Verdict = NonNullable<Output<'DetectAnomalies'>['DetectAnomalyResult']>;

interface Judged {
  readonly file: File;
  readonly verdict: Verdict;
  readonly milliseconds: number;
}

interface Props {
  readonly project: string;
  readonly version: string;
}

export function TryPicture({ project, version }: Props) {
  const [judged, setJudged] = useState<Judged>();
  const [unfit, setUnfit] = useState(false);
  const { run, busy, error } = useAction(async (file: File) => {
    setJudged(undefined);
    const Body = new Uint8Array(await file.arrayBuffer());
    const from = performance.now();
    const { DetectAnomalyResult: verdict } = await call('DetectAnomalies', {
      ProjectName: project,
      ModelVersion: version,
      ContentType: file.type,
      Body,
    });
    if (verdict !== undefined) setJudged({ file, verdict, milliseconds: performance.now() - from });
  });
  return (
    <Container
      header={
        <Header variant="h2" description="The picture is judged and forgotten: nothing of it is kept.">
          Try a picture
        </Header>
      }
    >
      <SpaceBetween size="l">
        <FileUpload
          accept="image/png,image/jpeg"
          value={[]}
          onChange={({ detail }) => {
            const [file] = detail.value;
            if (file === undefined) return;
            setUnfit(!isFit(file));
            if (isFit(file)) run(file);
          }}
          errorText={unfit ? 'It must be a JPEG or PNG of at most 8 MB.' : undefined}
          constraintText="JPEG or PNG. Drop another one at any time."
          i18nStrings={{
            uploadButtonText: () => 'Choose a picture',
            dropzoneText: () => 'Drop a picture here',
            removeFileAriaLabel: (index) => `Remove picture ${index + 1}`,
            errorIconAriaLabel: 'Error',
          }}
        />
        <Trouble error={error} />
        {busy && (
          <SpaceBetween direction="horizontal" size="xs">
            <Spinner />
            <Box>The model looks at the picture.</Box>
          </SpaceBetween>
        )}
        {judged !== undefined && <Answer judged={judged} />}
      </SpaceBetween>
    </Container>
  );
}

const percent = (part: number | undefined): string => `${((part ?? 0) * 100).toFixed(1)} %`;

function Answer({ judged: { file, verdict, milliseconds } }: { readonly judged: Judged }) {
  const [shown, setShown] = useState(true);
  const anomalous = verdict.IsAnomalous === true;
  const areas = (verdict.Anomalies ?? []).filter(({ Name }) => Name !== 'background');
  const hasMask = verdict.AnomalyMask !== undefined;
  return (
    <ColumnLayout columns={2}>
      <SpaceBetween size="xs">
        <Picture file={file} verdict={verdict} masked={shown && hasMask} />
        {hasMask && (
          <Toggle checked={shown} onChange={({ detail }) => setShown(detail.checked)}>
            Show where
          </Toggle>
        )}
      </SpaceBetween>
      <SpaceBetween size="m">
        <LiveRegion>
          <SpaceBetween size="xs">
            <Box variant="h3">{file.name}</Box>
            <SpaceBetween direction="horizontal" size="xs" alignItems="center">
              <span data-testid="verdict">
                <Badge color={anomalous ? 'severity-high' : 'green'}>
                  {anomalous ? 'Anomaly' : 'Normal'}
                </Badge>
              </span>
              <Box>
                Confidence {percent(verdict.Confidence)}, in {Math.round(milliseconds)} ms
              </Box>
            </SpaceBetween>
          </SpaceBetween>
        </LiveRegion>
        {areas.length > 0 && (
          <Table
            variant="embedded"
            items={areas}
            trackBy="Name"
            ariaLabels={{ tableLabel: 'What was found' }}
            columnDefinitions={[
              {
                id: 'name',
                header: 'Anomaly',
                isRowHeader: true,
                cell: ({ Name, PixelAnomaly }) => (
                  <>
                    <Swatch color={PixelAnomaly?.Color} />
                    {Name}
                  </>
                ),
              },
              {
                id: 'area',
                header: 'Part of the picture',
                cell: ({ PixelAnomaly }) => percent(PixelAnomaly?.TotalPercentageArea),
              },
            ]}
          />
        )}
      </SpaceBetween>
    </ColumnLayout>
  );
}

/** Set by script: the page's policy allows no style in the markup. */
const Swatch = ({ color }: { readonly color: string | undefined }) => (
  <span
    className="swatch"
    ref={(element) => {
      if (element !== null) element.style.backgroundColor = color ?? 'transparent';
    }}
  />
);

interface PictureProps {
  readonly file: File;
  readonly verdict: Verdict;
  readonly masked: boolean;
}

/** The picture, and over it what the mask shows, half transparent. */
function Picture({ file, verdict, masked }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let ended = false;
    void draw().catch(() => undefined); // a picture that the browser cannot show was judged all the same
    return () => {
      ended = true;
    };

    async function draw(): Promise<void> {
      const picture = await createImageBitmap(file);
      const mask = masked ? await maskOf(verdict) : undefined;
      const context = canvas.current?.getContext('2d');
      if (ended || context === null || context === undefined) return;
      context.canvas.width = picture.width;
      context.canvas.height = picture.height;
      context.drawImage(picture, 0, 0);
      if (mask === undefined) return;
      context.globalAlpha = 0.6;
      context.imageSmoothingEnabled = false;
      context.drawImage(mask, 0, 0, picture.width, picture.height);
    }
  }, [file, verdict, masked]);
  const said = verdict.IsAnomalous === true ? 'an anomaly' : 'normal';
  return (
    <canvas
      ref={canvas}
      className="verdict-picture"
      role="img"
      aria-label={`${file.name}, which is ${said}`}
    />
  );
}

/** The mask with its background taken away. */
async function maskOf({ AnomalyMask, Anomalies = [] }: Verdict): Promise<OffscreenCanvas | undefined> {
  if (AnomalyMask === undefined) return undefined;
  const bitmap = await createImageBitmap(new Blob([AnomalyMask as BlobPart], { type: 'image/png' }));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d');
  if (context === null) return undefined;
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const colors = Anomalies.filter(({ Name }) => Name !== 'background').map(({ PixelAnomaly }) =>
    Number.parseInt((PixelAnomaly?.Color ?? '#').slice(1), 16),
  );
  const { data } = pixels;
  for (let at = 0; at < data.length; at += 4) {
    const color = ((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0);
    if (!colors.includes(color)) data[at + 3] = 0;
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}
