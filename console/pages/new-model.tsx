import { useState, type ReactNode } from 'react';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { call } from '../api/client.ts';
import { settings } from '../api/session.ts';
import { useAction } from '../parts/load.ts';
import { useNotice } from '../parts/notices.tsx';
import { go, to } from '../parts/route.ts';
import { Trouble } from '../parts/trouble.tsx';

interface FormProps {
  readonly title: string;
  readonly description: string;
  readonly project: string;
  readonly action: string;
  readonly ready: boolean;
  readonly act: () => Promise<void>;
  readonly children: ReactNode;
}

function ModelForm({ title, description, project, action, ready, act, children }: FormProps) {
  const { run, busy, error } = useAction(act);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) run();
      }}
    >
      <Form
        header={
          <Header variant="h1" description={description}>
            {title}
          </Header>
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" href={to('projects', project)}>
              Cancel
            </Button>
            <Button variant="primary" formAction="submit" loading={busy} disabled={!ready}>
              {action}
            </Button>
          </SpaceBetween>
        }
      >
        <Container>
          <SpaceBetween size="l">
            <Trouble error={error} />
            {children}
          </SpaceBetween>
        </Container>
      </Form>
    </form>
  );
}

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly description?: string;
}

export const Field = ({ label, value, set, description }: FieldProps) => (
  <FormField label={label} description={description}>
    <Input value={value} spellcheck={false} onChange={({ detail }) => set(detail.value)} />
  </FormField>
);

export function TrainModel({ project }: { readonly project: string }) {
  const [bucket, setBucket] = useState(settings().bucket);
  const [prefix, setPrefix] = useState(`${project}/models/`);
  const [description, setDescription] = useState('');
  const say = useNotice();
  const act = async (): Promise<void> => {
    const { ModelMetadata } = await call('CreateModel', {
      ProjectName: project,
      OutputConfig: { S3Location: { Bucket: bucket, Prefix: prefix } },
      ...(description !== '' && { Description: description }),
    });
    const version = ModelMetadata?.ModelVersion ?? '';
    say(`Version ${version} is being trained.`);
    go('projects', project, 'models', version);
  };
  return (
    <ModelForm
      title="Train a model"
      description="It learns from the datasets as they are now. You can leave the page: the training goes on."
      project={project}
      action="Train model"
      ready={bucket !== ''}
      act={act}
    >
      <Field label="Bucket for the results" value={bucket} set={setBucket} />
      <Field
        label="Prefix"
        description="What the names of the results begin with."
        value={prefix}
        set={setPrefix}
      />
      <Field
        label="Description (optional)"
        description="Letters, digits, dots, hyphens and underscores."
        value={description}
        set={setDescription}
      />
    </ModelForm>
  );
}

export function ImportModel({ project }: { readonly project: string }) {
  const [bucket, setBucket] = useState(settings().samples);
  const [prefix, setPrefix] = useState('model/');
  const say = useNotice();
  const act = async (): Promise<void> => {
    const { ModelMetadata } = await call('ImportModel', {
      ProjectName: project,
      Source: { S3: { Bucket: bucket, Prefix: prefix } },
    });
    const version = ModelMetadata?.ModelVersion ?? '';
    say(`Version ${version} is being imported.`);
    go('projects', project, 'models', version);
  };
  return (
    <ModelForm
      title="Import a model"
      description="Takes in a model that was trained elsewhere: a folder of S3 with an ONNX artifact."
      project={project}
      action="Import model"
      ready={bucket !== ''}
      act={act}
    >
      <Field label="Bucket" value={bucket} set={setBucket} />
      <Field label="Folder" value={prefix} set={setPrefix} />
    </ModelForm>
  );
}
