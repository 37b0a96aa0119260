import { useState, type ReactNode } from 'react';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { call } from '../api/client.ts';
import { settings } from '../api/session.ts';
import { FormPage } from '../parts/form-page.tsx';
import { useAction } from '../parts/load.ts';
import { useNotice } from '../parts/notices.tsx';
import { go } from '../parts/route.ts';
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

function ModelForm({ act, children, ...page }: FormProps) {
  const doing = useAction(act);
  return (
    <FormPage {...page} doing={doing}>
      <Container>
        <SpaceBetween size="l">
          <Trouble error={doing.error} />
          {children}
        </SpaceBetween>
      </Container>
    </FormPage>
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
