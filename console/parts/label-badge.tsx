import Badge from '@cloudscape-design/components/badge';
import type { Label } from '../api/entries.ts';

export function LabelBadge({ label }: { readonly label: Label | undefined }) {
  if (label === 'normal') return <Badge color="green">Normal</Badge>;
  if (label === 'anomaly') return <Badge color="severity-high">Anomaly</Badge>;
  return <Badge>Unlabelled</Badge>;
}
