import type { ReactNode } from 'react';
import Button from '@cloudscape-design/components/button';
import Form from '@cloudscape-design/components/form';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { useAction } from './load.ts';
import { to } from './route.ts';

interface Props {
  readonly title: string;
  readonly description: string;
  readonly project: string;
  readonly action: string;
  readonly ready: boolean;
  readonly doing: ReturnType<typeof useAction>;
  /** For as long as it is under way nobody may leave by Cancel. */
  readonly stay?: boolean;
  readonly children: ReactNode;
}

/** A page of a project that makes something: it leads back to the project, or does what its button says. */
export function FormPage({
  title,
  description,
  project,
  action,
  ready,
  doing,
  stay = false,
  children,
}: Props) {
  const { run, busy } = doing;
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
            <Button variant="link" formAction="none" disabled={stay && busy} href={to('projects', project)}>
              Cancel
            </Button>
            <Button variant="primary" formAction="submit" loading={busy} disabled={!ready}>
              {action}
            </Button>
          </SpaceBetween>
        }
      >
        {children}
      </Form>
    </form>
  );
}
