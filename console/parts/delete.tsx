import { useState } from 'react';
import Box from '@cloudscape-design/components/box';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { FormDialog } from './form-dialog.tsx';
import { useAction } from './load.ts';

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
  const doing = useAction(async () => {
    await act();
    close();
  });
  const confirmed = word.trim().toLowerCase() === 'delete';
  return (
    <FormDialog
      header={`Delete ${what}?`}
      action="Delete"
      ready={confirmed}
      doing={doing}
      close={close}
      intro={<Box>{consequence}</Box>}
    >
      <FormField label={'To confirm, type "delete"'}>
        <Input
          value={word}
          placeholder="delete"
          autoFocus
          onChange={({ detail }) => setWord(detail.value)}
          onKeyDown={({ detail }) => detail.key === 'Enter' && confirmed && doing.run()}
        />
      </FormField>
    </FormDialog>
  );
}
