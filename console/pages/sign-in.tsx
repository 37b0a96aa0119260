import { useState } from 'react';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { ApiError, call } from '../api/client.ts';
import { signIn } from '../api/session.ts';
import { useAction } from '../parts/load.ts';
import { Trouble } from '../parts/trouble.tsx';

/** Whether the answer to a signed call says that the signature was right. */
const isRight = (error: unknown): boolean =>
  error instanceof ApiError &&
  error.name === 'AccessDeniedException' &&
  /is not authorized to/.test(error.message);

const hint =
  'This host asks for one of its access keys. ' +
  'The page signs its calls with it, and forgets it when you close the tab.';

export function SignIn() {
  const [accessKeyId, setId] = useState('');
  const [secretAccessKey, setSecret] = useState('');
  const { run, busy, error } = useAction(async () => {
    const key = { accessKeyId: accessKeyId.trim(), secretAccessKey: secretAccessKey.trim() };
    try {
      await call('ListProjects', { MaxResults: 1 }, key);
    } catch (reason) {
      // A key that may do other things is a key.
      if (!isRight(reason)) throw reason;
    }
    signIn(key);
  });
  const ready = accessKeyId.trim() !== '' && secretAccessKey.trim() !== '';
  return (
    <Box padding={{ vertical: 'xxl' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) run();
        }}
      >
        <Form
          actions={
            <Button variant="primary" formAction="submit" loading={busy} disabled={!ready}>
              Sign in
            </Button>
          }
        >
          <Container
            header={
              <Header variant="h1" description={hint}>
                Sign in
              </Header>
            }
          >
            <SpaceBetween size="l">
              <Trouble error={error} />
              <FormField label="Access key ID">
                <Input
                  value={accessKeyId}
                  autoFocus
                  autoComplete="username"
                  spellcheck={false}
                  onChange={({ detail }) => setId(detail.value)}
                />
              </FormField>
              <FormField label="Secret access key">
                <Input
                  value={secretAccessKey}
                  type="password"
                  autoComplete="current-password"
                  onChange={({ detail }) => setSecret(detail.value)}
                />
              </FormField>
            </SpaceBetween>
          </Container>
        </Form>
      </form>
    </Box>
  );
}
