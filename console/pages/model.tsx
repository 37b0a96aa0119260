import { useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { Output } from '../../lambdas/contract/operations.ts';
import { call } from '../api/client.ts';
import { DeleteDialog } from '../parts/delete.tsx';
import { FormDialog } from '../parts/form-dialog.tsx';
import { useAction, useLoad } from '../parts/load.ts';
import { useNotice } from '../parts/notices.tsx';
import { go } from '../parts/route.ts';
import { isPassing, Status, when } from '../parts/status.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { TryPicture } from './try-picture.tsx';

type Facts = NonNullable<Output<'DescribeModel'>['ModelDescription']>;

interface Props {
  readonly project: string;
  readonly version: string;
}

export function Model({ project, version }: Props) {
  const about = { ProjectName: project, ModelVersion: version };
  const { data, error, reload } = useLoad(
    async () => (await call('DescribeModel', about)).ModelDescription ?? {},
    `${project}/${version}`,
    ({ Status: status }) => (isPassing(status) ? 1000 : 15_000),
  );
  const [dialog, setDialog] = useState<'start' | 'delete'>();
  const say = useNotice();
  const stop = useAction(async () => {
    await call('StopModel', about);
    say(`Version ${version} is being stopped.`);
    reload();
  });
  const status = data?.Status ?? '';
  const runs = ['STARTING_HOSTING', 'HOSTED', 'SYSTEM_UPDATING'].includes(status);
  if (data === undefined && error !== undefined) return <Trouble error={error} retry={reload} />;
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={data?.Description}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="refresh" ariaLabel="Refresh" onClick={reload} />
              <Button
                disabled={runs || data === undefined || isPassing(status)}
                disabledReason={runs ? 'Stop the model first.' : undefined}
                onClick={() => setDialog('delete')}
              >
                Delete
              </Button>
              <Button disabled={!runs} loading={stop.busy} onClick={() => stop.run()}>
                Stop
              </Button>
              <Button
                variant="primary"
                disabled={status !== 'TRAINED' && status !== 'HOSTING_FAILED'}
                onClick={() => setDialog('start')}
              >
                Start
              </Button>
            </SpaceBetween>
          }
        >
          Version {version}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Trouble error={error} retry={reload} />
        <Trouble error={stop.error} />
        {data !== undefined && <Overview facts={data} />}
        {status === 'HOSTED' ? (
          <TryPicture project={project} version={version} />
        ) : (
          <Container header={<Header variant="h2">Try a picture</Header>}>
            <Box color="text-body-secondary">
              {status === 'STARTING_HOSTING'
                ? 'The model is starting. You can drop a picture here in a moment.'
                : 'Start the model to see what it says of a picture.'}
            </Box>
          </Container>
        )}
      </SpaceBetween>
      {dialog === 'start' && (
        <StartDialog
          project={project}
          version={version}
          close={() => setDialog(undefined)}
          started={() => {
            setDialog(undefined);
            say(`Version ${version} is starting.`);
            reload();
          }}
        />
      )}
      {dialog === 'delete' && (
        <DeleteDialog
          what={`version ${version}`}
          consequence="A deleted version cannot be brought back, and its number is not used again."
          close={() => setDialog(undefined)}
          act={async () => {
            await call('DeleteModel', about);
            say(`Version ${version} is being deleted.`);
            go('projects', project);
          }}
        />
      )}
    </ContentLayout>
  );
}

const figure = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(3));

function Overview({ facts }: { readonly facts: Facts }) {
  const {
    Status: status,
    StatusMessage,
    Performance,
    MinInferenceUnits: least,
    MaxInferenceUnits: most,
  } = facts;
  const failed = /FAILED/.test(status ?? '');
  const units =
    least === undefined ? '–' : most === undefined || most === least ? `${least}` : `${least} to ${most}`;
  return (
    <ColumnLayout columns={2}>
      <Container fitHeight header={<Header variant="h2">Status</Header>}>
        <SpaceBetween size="m">
          {status === 'TRAINING' ? <Progress message={StatusMessage ?? ''} /> : <Status of={status} />}
          {failed && <Alert type="error">{StatusMessage}</Alert>}
          <KeyValuePairs
            columns={2}
            items={[
              { label: 'Inference units', value: units },
              { label: 'Created', value: when(facts.CreationTimestamp) },
              ...(failed || status === 'TRAINING' ? [] : [{ label: 'Says', value: StatusMessage ?? '–' }]),
            ]}
          />
        </SpaceBetween>
      </Container>
      <Container
        fitHeight
        header={
          <Header variant="h2" description="Measured on pictures that the model has not learnt from.">
            Figures
          </Header>
        }
      >
        <SpaceBetween size="m">
          <KeyValuePairs
            columns={3}
            minColumnWidth={100}
            items={[
              {
                label: 'Precision',
                value: (
                  <Box fontSize="heading-xl" fontWeight="bold">
                    {figure(Performance?.Precision)}
                  </Box>
                ),
              },
              {
                label: 'Recall',
                value: (
                  <Box fontSize="heading-xl" fontWeight="bold">
                    {figure(Performance?.Recall)}
                  </Box>
                ),
              },
              {
                label: 'F1',
                value: (
                  <Box fontSize="heading-xl" fontWeight="bold">
                    {figure(Performance?.F1Score)}
                  </Box>
                ),
              },
            ]}
          />
          {facts.EvaluationManifest !== undefined && (
            <KeyValuePairs
              items={[
                {
                  label: 'Results, picture by picture',
                  value: (
                    <Box variant="code">
                      s3://{facts.EvaluationManifest.Bucket}/{facts.EvaluationManifest.Key}
                    </Box>
                  ),
                },
              ]}
            />
          )}
        </SpaceBetween>
      </Container>
    </ColumnLayout>
  );
}

/** How far a training is, where its message says so in percent. */
function Progress({ message }: { readonly message: string }) {
  const [, percent] = /(\d{1,3}) ?%/.exec(message) ?? [];
  if (percent === undefined)
    return (
      <SpaceBetween size="xs">
        <Status of="TRAINING" />
        <Box>{message}</Box>
      </SpaceBetween>
    );
  return <ProgressBar label="Training" description={message} value={Number(percent)} />;
}

interface StartProps extends Props {
  readonly close: () => void;
  readonly started: () => void;
}

const isUnits = (text: string): boolean => /^[1-9]\d{0,3}$/.test(text);

function StartDialog({ project, version, close, started }: StartProps) {
  const [least, setLeast] = useState('1');
  const [most, setMost] = useState('');
  const doing = useAction(async () => {
    await call('StartModel', {
      ProjectName: project,
      ModelVersion: version,
      MinInferenceUnits: Number(least),
      ...(most !== '' && { MaxInferenceUnits: Number(most) }),
    });
    started();
  });
  const wrongMost =
    most === '' || (isUnits(most) && Number(most) >= Number(least))
      ? undefined
      : 'It must be a whole number, and not below the least.';
  const ready = isUnits(least) && wrongMost === undefined;
  return (
    <FormDialog
      header={`Start version ${version}?`}
      action="Start model"
      ready={ready}
      doing={doing}
      close={close}
    >
      <Box>
        The model runs until it is stopped. On this machine that takes memory; in AWS it costs money by the
        hour.
      </Box>
      <FormField
        label="Inference units, at least"
        errorText={isUnits(least) ? undefined : 'It must be a whole number from 1 on.'}
      >
        <Input
          value={least}
          inputMode="numeric"
          onChange={({ detail }) => setLeast(detail.value)}
          onKeyDown={({ detail }) => detail.key === 'Enter' && ready && doing.run()}
        />
      </FormField>
      <FormField label="At most (optional)" description="More units start under load." errorText={wrongMost}>
        <Input value={most} inputMode="numeric" onChange={({ detail }) => setMost(detail.value)} />
      </FormField>
    </FormDialog>
  );
}
