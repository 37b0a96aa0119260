import { serve } from '../../http/api-gateway.ts';
import { readHandlers } from '../../operations/handlers.ts';
import { base, readEnvironment, writeLine } from '../base.ts';
import { measured } from '../measured.ts';

const context = base(readEnvironment('read'));

export const handler = serve(
  { handlers: readHandlers, context },
  context.log,
  measured(context.settings.stage, writeLine),
);
