import { readEnvironment } from '../runtime/aws.ts';
import { auditHandler } from '../runtime/aws-audit.ts';

export const handler = auditHandler(readEnvironment('audit'));
