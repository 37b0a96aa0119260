import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';

const remedies: Readonly<Record<string, string>> = {
  AccessDeniedException: 'Ask whoever gave you the key, or sign in with another one.',
  ThrottlingException: 'Too much is going on. Try again in a moment.',
  InternalServerException: 'The log of the host says more.',
  UnknownOperationException: 'This host has its extensions switched off, or is of an earlier release.',
};

/** What the API said, and what can be done. */
export function Trouble({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  if (error === undefined) return null;
  const { name, message } = error instanceof Error ? error : new Error('Something went wrong in the page.');
  return (
    <Alert
      type="error"
      header={name}
      action={retry === undefined ? undefined : <Button onClick={retry}>Try again</Button>}
    >
      {message} {remedies[name]}
    </Alert>
  );
}
