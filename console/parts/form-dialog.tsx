import type { ReactNode } from 'react';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { useAction } from './load.ts';
import { Trouble } from './trouble.tsx';

interface Props {
  readonly header: string;
  readonly action: string;
  readonly ready: boolean;
  readonly doing: ReturnType<typeof useAction>;
  readonly close: () => void;
  /** What is said before trouble is. */
  readonly intro?: ReactNode;
  readonly children: ReactNode;
}

/** Asks for what an action needs, and carries it out or not. Trouble is told in it. */
export function FormDialog({ header, action, ready, doing, close, intro, children }: Props) {
  return (
    <Modal
      visible
      onDismiss={close}
      header={header}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>
              Cancel
            </Button>
            <Button variant="primary" disabled={!ready} loading={doing.busy} onClick={() => doing.run()}>
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {intro}
        <Trouble error={doing.error} />
        {children}
      </SpaceBetween>
    </Modal>
  );
}
