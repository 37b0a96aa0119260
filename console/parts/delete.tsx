import { useState } from 'react';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useAction } from './load.ts';
import { Trouble } from './trouble.tsx';

interface Props {
  readonly what: string;
  /** What goes with it. */
  readonly consequence: string;
  readonly act: () => Promise<void>;
  readonly close: () => void;
}

/** Asks for the word "delete" before anything is gone for good. */
export function DeleteDialog({ what, consequence, act, close }: Props) {
  const [word, setWord] = useState('');
  const { run, busy, error } = useAction(async () => {
    await act();
    close();
  });
  const confirmed = word.trim().toLowerCase() === 'delete';
  return (
    <Modal
      visible
      onDismiss={close}
      header={`Delete ${what}?`}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>
              Cancel
            </Button>
            <Button variant="primary" disabled={!confirmed} loading={busy} onClick={() => run()}>
              Delete
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>{consequence}</Box>
        <Trouble error={error} />
        <FormField label={'To confirm, type "delete"'}>
          <Input
            value={word}
            placeholder="delete"
            autoFocus
            onChange={({ detail }) => setWord(detail.value)}
            onKeyDown={({ detail }) => detail.key === 'Enter' && confirmed && run()}
          />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}
