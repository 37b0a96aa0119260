import { readEnvironment } from '../base.ts';
import { auditHandler } from '../audit.ts';

export const handler = auditHandler(readEnvironment('audit'));
